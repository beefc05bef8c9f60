import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { type Listener, type ListenerOptions, nameRequest, timeListener } from "../../../src/http/mod.ts";
import { FakeDurationRecorder } from "../../support/fake/duration_recorder.ts";

/** A request as a server of `node:http` makes it. */
class FakeRequest {
  method = "GET";
  url: string;
  httpVersionMajor = 1;
  aborted = false;
  readonly socket = { destroyed: false };

  constructor(url = "/orders") {
    this.url = url;
  }
}

/** A response whose events the test emits; `writeHead` keeps no headers, as on Deno. */
class FakeResponse extends EventEmitter {
  statusCode = 200;
  headersSent = false;
  writableEnded = false;
  readonly headers = new Map<string, unknown>();

  getHeader(name: string): unknown {
    return this.headers.get(name);
  }

  writeHead(status: number, ..._: unknown[]): this {
    this.statusCode = status;
    this.headersSent = true;
    return this;
  }

  /** What happens when the listener ends the response, and all of it is sent. */
  end(status = this.statusCode): void {
    this.writeHead(status);
    this.writableEnded = true;
    this.emit("finish");
    this.emit("close");
  }
}

/** Calls a timed listener, and returns what has been recorded. */
function listen(
  listener: (request: FakeRequest, response: FakeResponse) => unknown,
  { options = {}, request = new FakeRequest() }: { options?: ListenerOptions; request?: FakeRequest } = {},
) {
  const recorder = new FakeDurationRecorder();
  const response = new FakeResponse();
  const call = (): unknown => timeListener(listener, { ...options, recorder })(request, response);
  return { recorder, request, response, call };
}

const untouched = (): void => {};

describe("timeListener", () => {
  it("times a request until its response is sent", () => {
    const { recorder, response, call } = listen(untouched);
    call();
    assertEquals(recorder.ended, []);
    response.end();
    assertEquals(recorder.ended, ["/orders [GET]"]);
  });

  const statuses: [status: number, label: string][] = [
    [204, "/orders [GET]"],
    [304, "/orders [GET]"],
    [409, "/orders [GET] 4xx"],
    [503, "/orders [GET] 5xx"],
  ];
  for (const [status, label] of statuses) {
    it(`labels a response with status ${status}: ${label}`, () => {
      const { recorder, response, call } = listen((request) => nameRequest(request, "/orders"));
      call();
      response.end(status);
      assertEquals(recorder.ended, [label]);
    });
  }

  it("labels a request by the URL that the server received, though a framework shortens it", () => {
    const { recorder, response, call } = listen((request) => void (request.url = "/orders"), {
      request: new FakeRequest("/shop/orders?by=date"),
    });
    call();
    response.end();
    assertEquals(recorder.ended, ["/shop/orders [GET]"]);
  });

  it("asks for the route when the response has ended", () => {
    let route: string | undefined;
    const { recorder, response, call } = listen(() => void (route = "/orders/:id"), {
      options: { route: () => route },
    });
    call();
    response.end();
    assertEquals(recorder.ended, ["/orders/:id [GET]"]);
  });

  it("labels a request whose client leaves before the answer: aborted", () => {
    const { recorder, response, call } = listen(untouched);
    call();
    response.emit("close");
    response.end(); // the listener answers later, to nobody
    assertEquals(recorder.ended, ["/orders [GET] aborted"]);
  });

  it("labels a response that finishes on a destroyed socket, as on Bun: aborted", () => {
    const { recorder, request, response, call } = listen(untouched);
    call();
    request.socket.destroyed = true;
    response.end();
    assertEquals(recorder.ended, ["/orders [GET] aborted"]);
  });

  it("labels a response of HTTP/2, which finishes however it ends", () => {
    const request = new FakeRequest();
    request.httpVersionMajor = 2;
    request.socket.destroyed = true; // as after each response
    const sent = listen(untouched, { request });
    sent.call();
    sent.response.end();
    const left = listen(untouched, { request });
    left.call();
    request.aborted = true;
    left.response.emit("finish");
    left.response.emit("close");
    assertEquals([sent.recorder.ended, left.recorder.ended], [["/orders [GET]"], ["/orders [GET] aborted"]]);
  });

  it("records a listener that throws at once, and passes the error on", () => {
    const error = new Error("on purpose");
    const { recorder, response, call } = listen(() => {
      throw error;
    });
    assertStrictEquals(assertThrows(call), error);
    assertEquals(recorder.ended, ["/orders [GET] threw"]);
    response.emit("close");
    assertEquals(recorder.ended.length, 1);
  });

  it("records a listener that rejects at once, and passes the rejection on", async () => {
    const error = new Error("on purpose");
    const { recorder, call } = listen(() => Promise.reject(error));
    assertStrictEquals(await assertRejects(() => call() as Promise<unknown>), error);
    assertEquals(recorder.ended, ["/orders [GET] threw"]);
  });

  it("records an error after the response has ended no more", async () => {
    const { recorder, call } = listen(async (_, response) => {
      response.end();
      await Promise.reject(new Error("on purpose"));
    });
    await assertRejects(() => call() as Promise<unknown>);
    assertEquals(recorder.ended, ["/orders [GET]"]);
  });

  const streams: Record<string, (response: FakeResponse) => void> = {
    "set before": (response) => {
      response.headers.set("content-type", "text/event-stream; charset=utf-8");
      response.writeHead(200);
    },
    "in an object": (response) => response.writeHead(200, { "Content-Type": "text/event-stream" }),
    "in an object after the status message": (response) =>
      response.writeHead(200, "OK", { "content-type": "text/event-stream" }),
    "in a list": (response) => response.writeHead(200, ["x-a", "content-type", "content-type", "Text/Event-Stream"]),
    "in a list of pairs": (response) => response.writeHead(200, [["x-a", "b"], ["content-type", "text/event-stream"]]),
  };
  for (const [where, begin] of Object.entries(streams)) {
    it(`labels an event stream whose type is ${where}: stream, whoever ends it`, () => {
      const ends: [string, (response: FakeResponse) => void][] = [
        ["server", (response) => response.emit("finish")],
        ["client", (response) => response.emit("close")],
      ];
      for (const [who, end] of ends) {
        const { recorder, response, call } = listen((_, response) => begin(response));
        call();
        assertEquals(recorder.ended, []);
        response.writableEnded = who === "server";
        end(response);
        assertEquals([who, ...recorder.ended], [who, "/orders [GET] stream"]);
      }
    });
  }

  it("does not take another type for an event stream", () => {
    const { recorder, response, call } = listen((_, response) =>
      response.writeHead(200, { "x-like": "text/event-stream", "content-type": "text/event-streams" })
    );
    call();
    response.writableEnded = true;
    response.emit("finish");
    assertEquals(recorder.ended, ["/orders [GET]"]);
  });

  it("times until the headers are written with until: headers", () => {
    const { recorder, response, call } = listen((_, response) => response.writeHead(404), {
      options: { until: "headers", route: () => "/orders/:id" },
    });
    call();
    assertEquals(recorder.ended, ["/orders/:id [GET] 4xx"]);
    response.end();
    assertEquals(recorder.ended.length, 1);
  });

  it("times until the headers are written or the body is sent by route", () => {
    const asked: string[] = [];
    const until = (route: string): "headers" | undefined => {
      asked.push(route);
      return route === "/downloads/:name" ? "headers" : undefined;
    };
    for (const route of ["/downloads/:name", "/orders/:id"]) {
      const { recorder, response, call } = listen((_, response) => response.writeHead(200), {
        options: { until, route: () => route },
      });
      call();
      const atHeaders = recorder.ended.length;
      response.end();
      assertEquals([atHeaders, recorder.ended], [route === "/downloads/:name" ? 1 : 0, [`${route} [GET]`]]);
    }
    assertEquals(new Set(asked), new Set(["/downloads/:name", "/orders/:id"]));
  });

  it("ends the samples of responses that have begun when the recorder ends, each once", () => {
    const recorder = new FakeDurationRecorder();
    const timed = timeListener((request: FakeRequest, response: FakeResponse | EventEmitter) => {
      if (response instanceof FakeResponse && request.url !== "/waits") response.writeHead(503);
    }, { recorder });
    const responses = ["/begun", "/over", "/waits"].map((url) => {
      const response = new FakeResponse();
      timed(new FakeRequest(url), response);
      return response;
    });
    timed(new FakeRequest("/chat"), new EventEmitter());
    responses[1]!.end();
    recorder.flush(false);
    assertEquals(recorder.ended, ["/over [GET] 5xx"]);
    recorder.flush(true);
    assertEquals(recorder.ended.slice(1), ["/begun [GET] 5xx", "/chat [GET] stream"]);
    for (const response of responses) response.end();
    assertEquals(recorder.ended.length, 4);
  });

  it("passes on what is no request of node:http, records nothing, and reports it once", () => {
    const recorder = new FakeDurationRecorder();
    const seen: unknown[] = [];
    const timed = timeListener((request: unknown, _: unknown) => void seen.push(request), { recorder });
    const request = new Request("http://localhost/orders");
    timed(request, { completed: Promise.resolve() });
    timed(undefined, undefined);
    assertEquals(seen, [request, undefined]);
    assertEquals([recorder.running.size, recorder.ended], [0, []]);
    assertEquals(recorder.reported.map(({ code }) => code), ["invalid-argument"]);
    assertMatch(recorder.reported[0]!.message, /^Cannot time the request: not of a server of node:http: /);
  });

  it("times an upgraded connection until it is closed", () => {
    const recorder = new FakeDurationRecorder();
    const socket = new EventEmitter();
    timeListener(untouched as Listener, { recorder })(new FakeRequest("/chat"), socket, new Uint8Array());
    assertEquals(recorder.ended, []);
    socket.emit("close");
    assertEquals(recorder.ended, ["/chat [GET] stream"]);
  });

  it("passes `this`, all arguments and the result on", () => {
    const recorder = new FakeDurationRecorder();
    const given = [new FakeRequest(), new FakeResponse(), "more"];
    const self = {};
    const result = {};
    const seen: unknown[] = [];
    const timed = timeListener(
      function (this: unknown, ...args: unknown[]) {
        seen.push(this, ...args);
        return result;
      } as Listener,
      { recorder },
    );
    assertStrictEquals(timed.apply(self, given as Parameters<Listener>), result);
    assertEquals(seen.length, 4);
    [self, ...given].forEach((value, i) => assertStrictEquals(seen[i], value));
  });

  it("has the properties of the listener", () => {
    const recorder = new FakeDurationRecorder();
    const application = Object.assign((): void => {}, {
      listen(this: unknown): unknown {
        return this;
      },
    });
    const timed = timeListener(application, { recorder });
    assertStrictEquals(timed.listen(), timed);
  });

  it("leaves the response alone while nothing is recorded", () => {
    const { recorder, response, call } = listen(untouched);
    recorder.recording = false;
    call();
    assertEquals([response.eventNames(), Object.hasOwn(response, "writeHead")], [[], false]);
  });
});
