import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { KymoError } from "../../../../src/errors.ts";
import { checkHttpOptions } from "../../../../src/http/options.ts";
import { type FetchHandler, RequestTimer } from "../../../../src/http/fetch/request_timer.ts";
import { type TimedParts, timedRoutes, timedServer } from "../../../../src/http/fetch/timed_server.ts";
import { FakeDurationRecorder } from "../../../support/fake/duration_recorder.ts";

function timer() {
  const recorder = new FakeDurationRecorder();
  return { recorder, timer: new RequestTimer(checkHttpOptions("Cannot time", { until: "headers" }, recorder)) };
}

const empty = (_: Request): Response => new Response(null);

describe("timedRoutes", () => {
  it("times functions, and functions by method, under their pattern", () => {
    const { recorder, timer: timing } = timer();
    const routes = timedRoutes(timing, { "/orders/:id": empty, "/users/*": { GET: empty, POST: empty } });
    routes["/orders/:id"](new Request("http://localhost/orders/17"));
    routes["/users/*"].GET(new Request("http://localhost/users/1/2"));
    routes["/users/*"].POST(new Request("http://localhost/users/1/3", { method: "POST" }));
    assertEquals(recorder.ended, ["/orders/:id [GET]", "/users/* [GET]", "/users/* [POST]"]);
  });

  it("copies all other values unchanged, in the same order", () => {
    class Page {
      index = "index.html";
    }
    const given = {
      "/static": new Response("static"),
      "/page": new Page(),
      "/no": false,
      "/files/*": { dir: "./public" },
      "/mixed": { GET: new Response("got"), POST: empty },
      "/*": empty,
    } as const;
    const routes = timedRoutes(timer().timer, given);
    assertEquals(Object.keys(routes), Object.keys(given));
    for (const pattern of ["/static", "/page", "/no"] as const) assertStrictEquals(routes[pattern], given[pattern]);
    assertEquals(routes["/files/*"], { dir: "./public" });
    assertStrictEquals(routes["/mixed"].GET, given["/mixed"].GET);
    assertNotStrictEquals(routes["/mixed"].POST, given["/mixed"].POST);
    assertStrictEquals(given["/*"], empty);
  });
});

describe("timedServer", () => {
  it("times fetch by path and routes by pattern, with one limit on labels", () => {
    const recorder = new FakeDurationRecorder();
    const timing = new RequestTimer(checkHttpOptions("Cannot time", { until: "headers", maxLabels: 2 }, recorder));
    const server = timedServer(timing, { fetch: empty, routes: { "/a/:id": empty, "/b/:id": empty } });
    server.routes["/a/:id"](new Request("http://localhost/a/1"));
    server.fetch(new Request("http://localhost/c"));
    server.routes["/b/:id"](new Request("http://localhost/b/1"));
    assertEquals(recorder.ended, ["/a/:id [GET]", "/c [GET]", "other [GET]"]);
  });

  it("copies all properties and does not change the original", () => {
    const hidden = Symbol("hidden");
    const given = {
      port: 0,
      fetch: empty,
      get late() {
        return "late";
      },
      [hidden]: 1,
    };
    const server = timedServer(timer().timer, given);
    assertEquals([server.port, server.late, server[hidden]], [0, "late", 1]);
    assert(Object.hasOwn(server, "fetch"));
    assertEquals(Object.keys(server), ["port", "fetch", "late"]);
    assertStrictEquals(given.fetch, empty);
  });

  it("calls fetch with the original as `this`, so that private fields work", () => {
    class App {
      #asked = 0;
      fetch(_: Request): Response {
        return new Response(null, { headers: { asked: String(++this.#asked) } });
      }
    }
    const { recorder, timer: timing } = timer();
    const server = timedServer(timing, new App());
    server.fetch(new Request("http://localhost/a"));
    assertEquals(server.fetch(new Request("http://localhost/a")).headers.get("asked"), "2");
    assert(server instanceof App);
    assert(Object.hasOwn(server, "fetch"), "as `deno serve` wants it");
    assertEquals(recorder.ended.length, 2);
  });

  it("reports once that `listen` calls something else than the timed fetch, and calls it", () => {
    const { recorder, timer: timing } = timer();
    const ports: number[] = [];
    class App {
      readonly name = "app";
      fetch(): Response {
        return new Response();
      }
      listen(port: number): this {
        ports.push(port);
        return this;
      }
    }
    const app = new App();
    const server = timedServer(timing, app);
    assertEquals(Object.keys(server), ["name", "fetch"]);
    for (const port of [1, 2]) assertStrictEquals(server.listen(port), app);
    assertEquals(ports, [1, 2]);
    assertEquals(recorder.reported.map(({ code }) => code), ["invalid-argument"]);
    assertMatch(recorder.reported[0]!.message, /^Cannot time the server: its `listen` /);
  });

  it("passes on another `this`", () => {
    const seen: unknown[] = [];
    const server = timedServer(timer().timer, {
      fetch: function (this: unknown) {
        seen.push(this);
      } as FetchHandler,
    });
    const other = {};
    server.fetch.call(other, new Request("http://localhost/"));
    assertStrictEquals(seen[0], other);
  });

  for (const wrong of [{}, { fetch: "no" }, { routes: false }, []]) {
    it(`throws if there is nothing to time: ${JSON.stringify(wrong)}`, () => {
      assertThrows(() => timedServer(timer().timer, wrong as TimedParts), KymoError, "Cannot time the server: ");
    });
  }
});
