import { describe, it } from "node:test";
import process from "node:process";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { checkHttpOptions, type HttpOptions } from "../../../../src/http/options.ts";
import { type FetchHandler, RequestTimer } from "../../../../src/http/fetch/request_timer.ts";
import { FakeDurationRecorder } from "../../../support/fake/duration_recorder.ts";
import { until } from "../../../support/wait.ts";

const LABEL = "/orders [GET]";

function request(): Request {
  return new Request("http://localhost:8000/orders?id=1");
}

/** Times a handler with its own fake recorder. */
function time<H extends FetchHandler>(handler: H, options: HttpOptions = {}, pattern?: string) {
  const recorder = new FakeDurationRecorder();
  const timed = new RequestTimer(checkHttpOptions("Cannot time", options, recorder)).handler(handler, pattern);
  return { timed, recorder };
}

/** The second argument of a handler of `Deno.serve`. */
function denoInfo() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { info: { remoteAddr: {}, completed: promise }, sent: resolve, lost: reject };
}

/** The second argument of a handler of `Bun.serve`. */
class BunServer {
  sent = false;

  requestIP(_request: Request): unknown {
    return this.sent ? null : { address: "127.0.0.1" };
  }
}

describe("timed handler passes on", () => {
  const servers: [name: string, server: () => unknown][] = [
    ["Deno", () => denoInfo().info],
    ["Bun", () => new BunServer()],
    ["no server", () => undefined],
  ];
  for (const [name, makeServer] of servers) {
    it(`this and all arguments, called by ${name}`, () => {
      const server = makeServer();
      const calls: unknown[][] = [];
      const { timed } = time(function (this: unknown, ...args: unknown[]) {
        calls.push([this, ...args]);
      } as FetchHandler);
      const given = request();
      const itself = {};
      timed.call(itself, given, server, "third", 4);
      timed.call(undefined, given);
      assertEquals(calls.map((call) => call.length), [5, 2]);
      [itself, given, server, "third", 4].forEach((value, i) => assertStrictEquals(calls[0]![i], value));
    });

    it(`what the handler returns, called by ${name}`, async () => {
      const response = new Response(null, { status: 204 });
      const server = makeServer();
      assertStrictEquals(time((_: Request, _server: unknown) => response).timed(request(), server), response);
      const later = time((_: Request, _server: unknown) => Promise.resolve(response)).timed(request(), server);
      assertStrictEquals(await later, response);
      assertEquals(time((_: Request, _server: unknown) => undefined).timed(request(), server), undefined);
    });

    it(`what the handler throws, called by ${name}`, async () => {
      const error = new Error("no orders");
      const server = makeServer();
      const throwing = time((_: Request, _server: unknown) => {
        throw error;
      });
      assertStrictEquals(assertThrows(() => throwing.timed(request(), server)), error);
      const rejecting = time((_: Request, _server: unknown) => Promise.reject(error));
      assertStrictEquals(await assertRejects(() => rejecting.timed(request(), server)), error);
    });
  }

  it("the request, also to a handler that declares no parameters", () => {
    assertEquals(time(() => new Response()).timed.length > 0, true);
  });
});

describe("timed handler while nothing is recorded", () => {
  it("calls the handler and does not touch its response", async () => {
    const { timed, recorder } = time((_: Request) =>
      new Response("text", { headers: { "content-type": "text/plain" } })
    );
    recorder.recording = false;
    assertEquals(await timed(request()).text(), "text");
    assertEquals([recorder.ended, recorder.wrong, recorder.ignored], [[], [], []]);
  });
});

describe("timed handler with until: headers", () => {
  const options = { until: "headers" } as const;

  it("ends the sample when the handler returns", () => {
    const { timed, recorder } = time((_: Request, _info: unknown) => new Response("text"), options);
    timed(request(), denoInfo().info);
    timed(request(), new BunServer());
    assertEquals(recorder.ended, [LABEL, LABEL]);
  });

  it("does not end the program if the response cannot be sent, which older servers reject", async () => {
    const { timed, recorder } = time((_: Request, _info: unknown) => new Response("text"), options);
    const { info, lost } = denoInfo();
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      timed(request(), info);
      lost(new Error("not sent"));
      await new Promise((resolve) => setTimeout(resolve, 10));
    } finally {
      process.off("unhandledRejection", note);
    }
    assertEquals([unhandled, recorder.ended], [[], [LABEL]]);
  });

  it("ends the sample when the promise settles", async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const { timed, recorder } = time((_: Request) => promise, options);
    const answer = timed(request());
    await Promise.resolve();
    assertEquals(recorder.ended, []);
    resolve(new Response("text"));
    await answer;
    assertEquals(recorder.ended, [LABEL]);
  });

  it("does not touch the body", async () => {
    const response = new Response("text", { headers: { "content-type": "text/plain" } });
    const { timed } = time((_: Request) => response, options);
    assertStrictEquals(timed(request()), response);
    assertEquals(await response.text(), "text");
  });
});

describe("timed handler on Deno ends the sample", () => {
  it("when the server reports that the response is sent", async () => {
    const { timed, recorder } = time((_: Request, _info: unknown) => new Response("text"));
    const { info, sent } = denoInfo();
    timed(request(), info);
    await Promise.resolve();
    assertEquals(recorder.ended, []);
    sent();
    await info.completed;
    assertEquals([recorder.ended, recorder.running.size], [[LABEL], 0]);
  });

  it("when the server reports that the response could not be sent", async () => {
    const { timed, recorder } = time((_: Request, _info: unknown) => new Response("text"));
    const { info, lost } = denoInfo();
    timed(request(), info);
    lost(new Error("HTTP response was not sent successfully"));
    await until(() => recorder.running.size === 0);
    assertEquals([recorder.ended, recorder.wrong], [[`${LABEL} aborted`], []]);
  });

  it("when the answer to a handler that threw is sent", async () => {
    const { timed, recorder } = time((_: Request, _info: unknown) => {
      throw new Error("no orders");
    });
    const { info, sent } = denoInfo();
    assertThrows(() => timed(request(), info));
    assertEquals(recorder.ended, []);
    sent();
    await info.completed;
    assertEquals([recorder.ended, recorder.wrong], [[`${LABEL} threw`], []]);
  });
});

describe("timed handler on Bun ends the sample", () => {
  it("when the server returns no client address any more", async () => {
    const server = new BunServer();
    const { timed, recorder } = time((_: Request, _server: unknown) => new Response("text"));
    timed(request(), server);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals(recorder.ended, []);
    server.sent = true;
    await until(() => recorder.running.size === 0);
    assertEquals([recorder.ended, recorder.wrong], [[LABEL], []]);
  });

  it("before the next request starts, if the response is sent by then", () => {
    const server = new BunServer();
    const seen: number[] = [];
    const { timed, recorder } = time((_: Request, _server: unknown) => {
      seen.push(recorder.ended.length);
      return new Response("text");
    });
    timed(request(), server);
    server.sent = true;
    timed(request(), server);
    assertEquals(seen, [0, 1]);
  });

  it("when the handler throws or rejects", async () => {
    const { timed, recorder } = time((_: Request, fail: unknown) => (fail as () => unknown)());
    const askable = (fail: () => unknown) => Object.assign(fail, { requestIP: () => ({}) });
    assertThrows(() =>
      timed(
        request(),
        askable(() => {
          throw new Error("a");
        }),
      )
    );
    assertEquals(recorder.ended, [`${LABEL} threw`]);
    await assertRejects(async () => await timed(request(), askable(() => Promise.reject(new Error("b")))));
    const threw = [`${LABEL} threw`, `${LABEL} threw`];
    assertEquals([recorder.ended, recorder.running.size, recorder.wrong], [threw, 0, []]);
  });

  it("when the handler has upgraded to a websocket", () => {
    const { timed, recorder } = time((_: Request, server: unknown) => {
      (server as BunServer).sent = true;
    });
    timed(request(), new BunServer());
    assertEquals(recorder.ended, [`${LABEL} stream`]);
  });

  it("when the handler returns nothing that can be sent", () => {
    const { timed, recorder } = time((_: Request, _server: unknown) => undefined);
    timed(request(), new BunServer());
    assertEquals(recorder.ended, [`${LABEL} threw`]);
  });

  it("without touching the body", async () => {
    const response = new Response("text", { headers: { "content-type": "text/plain" } });
    const { timed } = time((_: Request, _server: unknown) => response);
    const server = new BunServer();
    assertStrictEquals(timed(request(), server), response);
    server.sent = true;
    assertEquals(await response.text(), "text");
  });
});

describe("timed handler without a server ends the sample", () => {
  it("when the body has been read", async () => {
    const { timed, recorder } = time((_: Request) =>
      new Response("text", { headers: { "content-type": "text/plain" } })
    );
    const response = timed(request());
    assertEquals(recorder.ended, []);
    assertEquals(await response.text(), "text");
    assertEquals([recorder.ended, recorder.wrong], [[LABEL], []]);
  });

  it("when the body is cancelled", async () => {
    const { timed, recorder } = time(async (_: Request) => {
      await Promise.resolve();
      return new Response(new ReadableStream(), { headers: { "content-type": "text/plain" } });
    });
    const response = await timed(request());
    await response.body!.cancel();
    assertEquals([recorder.ended, recorder.wrong], [[`${LABEL} aborted`], []]);
  });

  it("when the handler throws or rejects", async () => {
    const { timed, recorder } = time((_: Request, fail: () => unknown) => fail());
    assertThrows(() =>
      timed(request(), () => {
        throw new Error("a");
      })
    );
    await assertRejects(async () => await timed(request(), () => Promise.reject(new Error("b"))));
    const threw = [`${LABEL} threw`, `${LABEL} threw`];
    assertEquals([recorder.ended, recorder.running.size, recorder.wrong], [threw, 0, []]);
  });
});

describe("timed handler", () => {
  it("records one sample for each concurrent request", async () => {
    const answers: (() => void)[] = [];
    const { timed, recorder } = time((_: Request) =>
      new Promise<Response>((resolve) => answers.push(() => resolve(new Response(null))))
    );
    const responses = Array.from({ length: 50 }, (_, i) => timed(new Request(`http://localhost/${"abcde"[i % 5]}`)));
    assertEquals(recorder.running.size, 50);
    for (const answer of answers.reverse()) answer();
    await Promise.all(responses);
    assertEquals([recorder.running.size, recorder.ended.length, recorder.wrong], [0, 50, []]);
    assertEquals(recorder.ended.filter((label) => label === "/d [GET]").length, 10);
  });
});

it("timed handler of a route has the label of its pattern", () => {
  const { timed, recorder } = time((_: Request) => new Response(null), {}, "/orders/:id");
  timed(new Request("http://localhost/orders/17", { method: "DELETE" }));
  assertEquals(recorder.ended, ["/orders/:id [DELETE]"]);
});

it("timed handler with until by route asks with the route", () => {
  const asked: string[] = [];
  const until = (route: string) => {
    asked.push(route);
    return route === "/orders/:id" ? "headers" as const : undefined;
  };
  const { timed, recorder } = time((_: Request, _server?: unknown) => new Response("text"), { until });
  timed(new Request("http://localhost/orders/17"));
  timed(new Request("http://localhost/users"), new BunServer());
  assertEquals([asked, recorder.ended, recorder.running.size], [["/orders/:id", "/users"], ["/orders/:id [GET]"], 1]);
});

it("timed handler that is given no Request reports it once and records nothing", () => {
  const recorder = new FakeDurationRecorder();
  const reported: string[] = [];
  const reporting = Object.assign(recorder, { report: (error: Error) => void reported.push(error.message) });
  const timed = new RequestTimer(checkHttpOptions("Cannot time", {}, reporting)).handler((_: Request) => "answered");
  const listened = { method: "GET", url: "/orders", headers: {} } as unknown as Request;
  assertEquals([timed(listened), timed(listened)], ["answered", "answered"]);
  assertEquals([reported.length, recorder.ended, recorder.running.size], [1, [], 0]);
});

it("timed handler follows a thenable, whose `then` is called once", async () => {
  let calls = 0;
  const thenable = {
    then(fulfilled: (response: Response) => void) {
      calls++;
      setTimeout(() => fulfilled(new Response(null, { status: 204 })), 1);
    },
  };
  const { timed, recorder } = time((_: Request) => thenable as unknown as Promise<Response>);
  const response = await timed(request());
  assertEquals([calls, response.status, recorder.ended], [1, 204, [LABEL]]);
});
