import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { parseRequestLabel, requestLabel, RequestLabels } from "../../../src/http/request_labels.ts";

/**
 * A request as a server makes it: the constructor of `Request` rejects some of these methods and
 * URLs.
 */
function request(url: string, method = "GET"): Request {
  return { url, method } as Request;
}

describe("request label", () => {
  const cases: [name: string, url: string, method: string, label: string][] = [
    ["is path and method", "http://localhost:8000/orders", "GET", "/orders [GET]"],
    ["omits the query", "https://h/orders?id=1&from=/x", "POST", "/orders [POST]"],
    ["keeps the path as sent", "http://h//a%20b/", "DELETE", "//a%20b/ [DELETE]"],
    ["contains no part of the host", "http+unix://%2Ftmp%2Fsocket/orders", "GET", "/orders [GET]"],
    ["has the root for a URL without a path", "http://h", "GET", "/ [GET]"],
    ["has the root for the authority of CONNECT", "example.com:443", "CONNECT", "/ [CONNECT]"],
    ["has OTHER for an unknown method", "http://h/pot", "BREW", "/pot [OTHER]"],
    ["has OTHER for a method in lower case", "http://h/pot", "get", "/pot [OTHER]"],
  ];
  for (const [name, url, method, label] of cases) {
    it(name, () => assertEquals(new RequestLabels(10).of(request(url, method)), label));
  }

  it("has the root and OTHER for what is not a request", () => {
    assertEquals(new RequestLabels(10).of(undefined), "/ [OTHER]");
    assertEquals(new RequestLabels(10).of({} as Request), "/ [OTHER]");
  });

  for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]) {
    it(`contains the method ${method}`, () =>
      assertEquals(new RequestLabels(10).of(request("http://h/a", method)), `/a [${method}]`));
  }

  it("has the pattern of the route that the server matched", () => {
    assertEquals(new RequestLabels(10).of(request("http://h/orders/17"), "/orders/:id"), "/orders/:id [GET]");
  });

  it("has the route that the application returns", () => {
    const labels = new RequestLabels(10, ({ url }) => url.includes("/orders/") ? "/orders/:id" : undefined);
    assertEquals(labels.of(request("http://h/orders/17")), "/orders/:id [GET]");
    assertEquals(labels.of(request("http://h/orders/18"), "/orders/*"), "/orders/:id [GET]");
    assertEquals(labels.of(request("http://h/users/17")), "/users/17 [GET]");
    assertEquals(labels.of(request("http://h/users/18"), "/users/*"), "/users/* [GET]");
  });

  const useless: [name: string, route: () => unknown][] = [
    ["throws", () => {
      throw new Error("no route");
    }],
    ["returns an empty text", () => ""],
    ["returns something else", () => 17],
  ];
  for (const [name, route] of useless) {
    it(`has the path if the application's function ${name}`, () => {
      assertEquals(new RequestLabels(10, route as () => string).of(request("http://h/a")), "/a [GET]");
    });
  }
});

describe("parseRequestLabel", () => {
  it("tells route, verb and outcome", () => {
    for (
      const [label, route, verb, outcome] of [
        ["/orders [GET]", "/orders", "GET", "ok"],
        ["/orders/:id [GET] 5xx", "/orders/:id", "GET", "5xx"],
        ["/a [b] [POST] aborted", "/a [b]", "POST", "aborted"],
        ["/two\nlines [VERSION-CONTROL] threw", "/two\nlines", "VERSION-CONTROL", "threw"],
        ["unmatched [GET] 4xx", "unmatched", "GET", "4xx"],
        ["/events [GET] stream", "/events", "GET", "stream"],
        [" [GET]", "", "GET", "ok"],
      ] as const
    ) {
      assertEquals(parseRequestLabel(label), { route, verb, outcome });
      assertEquals(requestLabel({ route, verb, outcome }), label);
    }
  });

  it("tells that a label is of something else", () => {
    for (
      const label of ["my block", "/orders", "/orders [get]", "/orders [GET] 3xx", "/orders[GET]", "/orders [GET] "]
    ) {
      assertEquals(parseRequestLabel(label), undefined, label);
    }
  });
});

describe("limit on request labels", () => {
  it("replaces further labels by other and the method", () => {
    const labels = new RequestLabels(2);
    const seen = ["/a", "/b", "/c", "/a", "/d"].map((path) => labels.of(request(`http://h${path}`)));
    assertEquals(seen, ["/a [GET]", "/b [GET]", "other [GET]", "/a [GET]", "other [GET]"]);
    assertEquals(labels.of(request("http://h/a", "POST")), "other [POST]");
    assertEquals(labels.of(request("http://h/a", "BREW")), "other [OTHER]");
  });

  it("includes routes and patterns", () => {
    const labels = new RequestLabels(1, ({ url }) => url.split("#")[1]);
    assertEquals(labels.of(request("http://h/#r1")), "r1 [GET]");
    assertEquals(labels.of(request("http://h/#r2")), "other [GET]");
    assertEquals(labels.of(request("http://h/"), "/:id"), "other [GET]");
  });

  it("allows one more label for each method, whatever the requests", () => {
    const labels = new RequestLabels(1_000);
    const given = new Set<string>();
    for (let i = 0; i < 20_000; i++) given.add(labels.of(request(`http://h/${i}`, `METHOD${i % 7}`)));
    assertEquals(given.size, 1_001);
  });
});
