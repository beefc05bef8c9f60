import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { RequestLabels } from "../../../src/http/request_labels.ts";

/** A request as a server makes it: `Request` itself would refuse some of these methods and addresses. */
function request(url: string, method = "GET"): Request {
  return { url, method } as Request;
}

describe("the label of a request", () => {
  const cases: [name: string, url: string, method: string, label: string][] = [
    ["is its path and method", "http://localhost:8000/orders", "GET", "/orders [GET]"],
    ["leaves out the query", "https://h/orders?id=1&from=/x", "POST", "/orders [POST]"],
    ["keeps the path as it came", "http://h//a%20b/", "DELETE", "//a%20b/ [DELETE]"],
    ["is no part of the host", "http+unix://%2Ftmp%2Fsocket/orders", "GET", "/orders [GET]"],
    ["is that of the root where there is no path", "http://h", "GET", "/ [GET]"],
    ["is that of the root for the authority that CONNECT names", "example.com:443", "CONNECT", "/ [CONNECT]"],
    ["has one word for unknown methods", "http://h/pot", "BREW", "/pot [OTHER]"],
    ["takes a method of lower case for unknown", "http://h/pot", "get", "/pot [OTHER]"],
  ];
  for (const [name, url, method, label] of cases) {
    it(name, () => assertEquals(new RequestLabels(10).of(request(url, method)), label));
  }

  it("is that of the root for what is no request", () => {
    assertEquals(new RequestLabels(10).of(undefined), "/ [OTHER]");
    assertEquals(new RequestLabels(10).of({} as Request), "/ [OTHER]");
  });

  for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]) {
    it(`knows ${method}`, () =>
      assertEquals(new RequestLabels(10).of(request("http://h/a", method)), `/a [${method}]`));
  }

  it("is the pattern of the route that the server found", () => {
    assertEquals(new RequestLabels(10).of(request("http://h/orders/17"), "/orders/:id"), "/orders/:id [GET]");
  });

  it("is the route that the application names", () => {
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
    ["yields an empty text", () => ""],
    ["yields something else", () => 17],
  ];
  for (const [name, route] of useless) {
    it(`is the path where the application's function ${name}`, () => {
      assertEquals(new RequestLabels(10, route as () => string).of(request("http://h/a")), "/a [GET]");
    });
  }
});

describe("the bound on labels", () => {
  it("counts what is beyond it by method", () => {
    const labels = new RequestLabels(2);
    const seen = ["/a", "/b", "/c", "/a", "/d"].map((path) => labels.of(request(`http://h${path}`)));
    assertEquals(seen, ["/a [GET]", "/b [GET]", "other [GET]", "/a [GET]", "other [GET]"]);
    assertEquals(labels.of(request("http://h/a", "POST")), "other [POST]");
    assertEquals(labels.of(request("http://h/a", "BREW")), "other [OTHER]");
  });

  it("holds for routes and patterns too", () => {
    const labels = new RequestLabels(1, ({ url }) => url.split("#")[1]);
    assertEquals(labels.of(request("http://h/#r1")), "r1 [GET]");
    assertEquals(labels.of(request("http://h/#r2")), "other [GET]");
    assertEquals(labels.of(request("http://h/"), "/:id"), "other [GET]");
  });

  it("leaves at most one label more for each method, whatever is asked", () => {
    const labels = new RequestLabels(1_000);
    const given = new Set<string>();
    for (let i = 0; i < 20_000; i++) given.add(labels.of(request(`http://h/${i}`, `METHOD${i % 7}`)));
    assertEquals(given.size, 1_001);
  });
});
