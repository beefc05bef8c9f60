import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  type LabelledRequest,
  outcomeOf,
  parseRequestLabel,
  requestLabel,
  RequestLabels,
  type RequestOutcome,
} from "../../../src/http/request_labels.ts";

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
    ["is the path of a URL without scheme and host", "/api/orders?x=/y", "GET", "/api/orders [GET]"],
    ["is not misled by a URL in the query", "/a?u=http://x/y", "GET", "/a [GET]"],
    ["is not misled by a URL in the query of a URL", "http://h/a?u=http://x/y", "GET", "/a [GET]"],
    ["has an asterisk if it is about the server", "*", "OPTIONS", "* [OPTIONS]"],
    ["has OTHER for an unknown method", "http://h/pot", "BREW", "/pot [OTHER]"],
    ["has OTHER for a method in lower case", "http://h/pot", "get", "/pot [OTHER]"],
  ];
  for (const [name, url, method, label] of cases) {
    it(name, () => assertEquals(new RequestLabels(10).of(request(url, method)), label));
  }

  it("has the root and OTHER for what is not a request", () => {
    assertEquals(new RequestLabels(10).of({} as LabelledRequest), "/ [OTHER]");
    assertEquals(new RequestLabels(10).of({ url: 17, method: {} } as unknown as LabelledRequest), "/ [OTHER]");
  });

  for (
    const method of [
      "GET",
      "HEAD",
      "POST",
      "PUT",
      "DELETE",
      "CONNECT",
      "OPTIONS",
      "TRACE",
      "PATCH",
      "PROPFIND",
      "VERSION-CONTROL",
    ]
  ) {
    it(`contains the method ${method}`, () =>
      assertEquals(new RequestLabels(10).of(request("http://h/a", method)), `/a [${method}]`));
  }

  it("has the route, where it is known", () => {
    const labels = new RequestLabels(10);
    assertEquals(labels.of({ ...request("http://h/orders/17"), route: "/orders/:order" }), "/orders/:order [GET]");
    assertEquals(labels.of({ ...request("http://h/nothing"), route: "/*" }, "4xx", 404), "/* [GET] 4xx");
  });

  it("has the outcome of requests that did not end well, and of streams", () => {
    const labels = new RequestLabels(10);
    const of = (outcome: RequestOutcome, status: number) => labels.of(request("http://h/a"), outcome, status);
    assertEquals(of("ok", 204), "/a [GET]");
    assertEquals(of("4xx", 403), "/a [GET] 4xx");
    assertEquals(of("5xx", 500), "/a [GET] 5xx");
    assertEquals(of("aborted", 0), "/a [GET] aborted");
    assertEquals(of("threw", 0), "/a [GET] threw");
    assertEquals(of("stream", 200), "/a [GET] stream");
  });

  it("is shared by all requests that were answered with 404 and whose route is not known", () => {
    const labels = new RequestLabels(10);
    for (let i = 0; i < 100; i++) {
      assertEquals(labels.of(request(`http://h/${i}.php`), "4xx", 404), "unmatched [GET] 4xx");
    }
    labels.of(request("http://h/a"), "4xx", 403);
    assertEquals(labels.of(request("http://h/a"), "4xx", 404), "unmatched [GET] 4xx");
    assertEquals(labels.of(request("http://h/a", "POST"), "4xx", 404), "unmatched [POST] 4xx");
  });

  it("has at most 128 bytes of the path or route", () => {
    const labels = new RequestLabels(10);
    const long = labels.of(request(`http://h/${"x".repeat(6_000)}`));
    assertEquals(long, `/${"x".repeat(124)}… [GET]`);
    assertEquals(labels.of({ ...request("http://h/"), route: `/${"é".repeat(100)}` }), `/${"é".repeat(62)}… [GET]`);
  });

  it("has :id for ids, unless told otherwise", () => {
    assertEquals(new RequestLabels(10).of(request("http://h/orders/17/items/3")), "/orders/:id/items/:id [GET]");
    assertEquals(new RequestLabels(10, { foldIds: false }).of(request("http://h/orders/17")), "/orders/17 [GET]");
    assertEquals(new RequestLabels(10).of({ ...request("http://h/"), route: "/2024/:day" }), "/2024/:day [GET]");
  });

  it("is of good or bad requests by their status", () => {
    const outcomes = [101, 200, 304, 399, 400, 404, 499, 500, 599].map(outcomeOf);
    assertEquals(outcomes, ["ok", "ok", "ok", "ok", "4xx", "4xx", "4xx", "5xx", "5xx"]);
  });
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
  const SCAN = 10_000;
  const letters = "abcdefghij";
  const name = (i: number): string => `/${String(i).replaceAll(/\d/g, (digit) => letters[Number(digit)]!)}`;
  /** The labels that a client gets which tries paths at random. */
  const scan = (labels: RequestLabels, outcome: RequestOutcome, status: number) =>
    new Set(Array.from({ length: SCAN }, (_, i) => labels.of(request(`http://h/${name(i)}`), outcome, status)));

  it("replaces further labels by other, with method and outcome", () => {
    const labels = new RequestLabels(2);
    const route = (route: string, outcome?: RequestOutcome) => labels.of({ ...request("http://h/"), route }, outcome);
    assertEquals(["/a", "/b", "/c", "/a"].map((name) => route(name)), [
      "/a [GET]",
      "/b [GET]",
      "other [GET]",
      "/a [GET]",
    ]);
    assertEquals(route("/a", "5xx"), "other [GET] 5xx");
    assertEquals(labels.of({ ...request("http://h/", "POST"), route: "/a" }), "other [POST]");
    assertEquals(labels.of(request("http://h/c", "BREW")), "other [OTHER]");
  });

  it("holds for each kind of request", () => {
    for (const [outcome, status] of [["ok", 200], ["ok", 302], ["4xx", 401], ["5xx", 500], ["aborted", 0]] as const) {
      const labels = new RequestLabels(1_000);
      const given = scan(labels, outcome, status);
      assert(given.size <= 1_001, `${given.size} labels`);
      assertEquals(scan(labels, outcome, status).size <= 1_001, true);
    }
  });

  it("leaves labels for the real paths while a client tries others at random", () => {
    for (const [outcome, status] of [["ok", 200], ["ok", 302], ["4xx", 401], ["4xx", 404], ["5xx", 500]] as const) {
      const labels = new RequestLabels(1_000);
      scan(labels, outcome, status);
      const seen = Array.from({ length: 3 }, () => labels.of(request("http://h/admin")));
      assertEquals(seen.slice(1), ["/admin [GET]", "/admin [GET]"], `${status}`);
      assertEquals(labels.of(request("http://h/admin"), "5xx", 500), "/admin [GET] 5xx");
    }
  });

  it("leaves a quarter of the labels for named routes", () => {
    const labels = new RequestLabels(1_000);
    for (let i = 0; i < 3; i++) scan(labels, "ok", 200);
    for (let i = 0; i < 250; i++) {
      assertEquals(labels.of({ ...request("http://h/"), route: `/named/${i}` }), `/named/${i} [GET]`);
    }
  });

  it("counts each request that is labelled other", () => {
    let others = 0;
    const labels = new RequestLabels(1, { onOther: () => others++ });
    for (const route of ["/a", "/b", "/c", "/b"]) labels.of({ ...request("http://h/"), route });
    assertEquals(others, 3);
  });

  it("allows a few more labels for each method, whatever the requests", () => {
    const labels = new RequestLabels(100);
    const given = new Set<string>();
    for (let i = 0; i < 20_000; i++) given.add(labels.of(request(`http://h/${name(i % SCAN)}`, `METHOD${i % 7}`)));
    assert(given.size <= 101, `${given.size} labels`);
  });
});
