import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { KymoError } from "../../../src/errors.ts";
import { untimed } from "../../../src/http/client/outgoing_requests.ts";
import {
  type Fetch,
  type OutgoingOptions,
  type OutgoingRecorder,
  timeFetch,
  timeOutgoing,
} from "../../../src/http/mod.ts";
import { SqlEndpoint } from "../../../src/ship/targets/crate/sql_endpoint.ts";
import { ClickHouseConnection } from "../../../src/stores/clickhouse/connection.ts";
import { defaultTimers } from "../../../src/default_runtime.ts";
import { FakeDurationRecorder } from "../../support/fake/duration_recorder.ts";

/** Records outgoing requests. */
class FakeOutgoingRecorder extends FakeDurationRecorder implements OutgoingRecorder {
  /** The limits that were given for requests to further hosts. */
  readonly others: number[] = [];

  startOutgoingSample(): number {
    return this.startDurationSample();
  }

  stopOutgoingSample(label: string, id: number): void {
    this.stopDurationSample(label, id);
  }

  countOtherHost(limit: number): void {
    this.others.push(limit);
  }
}

type Answer = (...args: Parameters<Fetch>) => Promise<Response>;

/** A timed `fetch` that answers so, and what has been recorded. */
function timed(answer: Answer = () => Promise.resolve(new Response("ok")), options: OutgoingOptions = {}) {
  const recorder = new FakeOutgoingRecorder();
  return { fetch: timeFetch(answer, { ...options, recorder }), recorder };
}

const URL_A = "http://a.example/orders/17?x=1";

describe("timeFetch", () => {
  const requests: [name: string, args: Parameters<Fetch>, label: string][] = [
    ["a text", [URL_A], "a.example [GET]"],
    ["a URL", [new URL("https://user:secret@B.example:8443/")], "b.example:8443 [GET]"],
    ["a Request", [new Request(URL_A, { method: "DELETE" })], "a.example [DELETE]"],
    ["a Request and options", [new Request(URL_A, { method: "DELETE" }), { method: "put" }], "a.example [PUT]"],
    ["options", ["https://a.example:443", { method: "POST", body: "x" }], "a.example [POST]"],
    ["a method in small letters", [URL_A, { method: "patch" }], "a.example [OTHER]"],
    ["an address of IPv6", ["http://[::1]:80/"], "[::1] [GET]"],
    ["something with a text", [{ toString: () => URL_A }], "a.example [GET]"],
  ];
  for (const [name, args, label] of requests) {
    it(`labels what is called with ${name}: ${label}`, async () => {
      const { fetch, recorder } = timed();
      await fetch(...args);
      assertEquals(recorder.ended, [label]);
    });
  }

  it("records no calls that go nowhere, and passes them on", async () => {
    const { fetch, recorder } = timed();
    for (const input of ["data:,x", "blob:http://a.example/1", "/relative", undefined, 17]) {
      assertEquals(await (await fetch(input)).text(), "ok");
    }
    assertEquals([recorder.ended, recorder.running.size], [[], 0]);
  });

  for (const [status, label] of [[204, ""], [302, ""], [404, " 4xx"], [503, " 5xx"]] as const) {
    it(`labels an answer with status ${status}: a.example [GET]${label}`, async () => {
      const { fetch, recorder } = timed(() => Promise.resolve(new Response(null, { status })));
      await fetch(URL_A);
      assertEquals(recorder.ended, [`a.example [GET]${label}`]);
    });
  }

  it("labels failures, and passes them on", async () => {
    const failed = new TypeError("connection refused");
    const { signal } = ((): AbortController => {
      const controller = new AbortController();
      controller.abort("no time");
      return controller;
    })();
    const cases: [error: unknown, args: Parameters<Fetch>, label: string][] = [
      [failed, [URL_A], "threw"],
      [new DOMException("", "AbortError"), [URL_A], "aborted"],
      [new DOMException("", "TimeoutError"), [URL_A], "aborted"],
      ["no time", [URL_A, { signal }], "aborted"],
      ["no time", [new Request(URL_A, { signal })], "aborted"],
    ];
    for (const [error, args, label] of cases) {
      const { fetch, recorder } = timed(() => Promise.reject(error));
      const caught = await fetch(...args).then(() => undefined, (reason: unknown) => reason);
      assertStrictEquals(caught, error);
      assertEquals(recorder.ended, [`a.example [GET] ${label}`]);
    }
    const { fetch, recorder } = timed(() => {
      throw failed;
    });
    assertStrictEquals(assertThrows(() => fetch(URL_A)), failed);
    assertEquals(recorder.ended, ["a.example [GET] threw"]);
  });

  it("is fetch in all else: `this`, arguments, response and properties", async () => {
    const seen: unknown[] = [];
    const response = new Response("ok");
    const original = Object.assign(function fetch(this: unknown, ...args: unknown[]): Promise<Response> {
      seen.push(this, ...args);
      return Promise.resolve(response);
    }, { preconnect: () => {} });
    const recorder = new FakeOutgoingRecorder();
    const fetch = timeFetch(original as typeof original & Fetch, { recorder });
    const self = {};
    const args = [URL_A, { method: "GET" }, "more"] as const;
    assertStrictEquals(await fetch.apply(self, args as unknown as Parameters<Fetch>), response);
    [self, ...args].forEach((value, i) => assertStrictEquals(seen[i], value));
    assertEquals([fetch.name, fetch.length, fetch.preconnect], [original.name, 0, original.preconnect]);
  });

  it("only calls fetch while nothing is recorded", async () => {
    const promise = Promise.resolve(new Response("ok"));
    const { fetch, recorder } = timed(() => promise);
    recorder.recording = false;
    assertStrictEquals(fetch(URL_A), promise);
    await promise;
    assertEquals(recorder.ignored, []);
  });

  it("times a request once, whoever has timed fetch before, and whatever it calls", async () => {
    const outer = new FakeOutgoingRecorder();
    const { fetch: inner, recorder } = timed();
    await timeFetch(inner, { recorder: outer })(URL_A);
    assertEquals([outer.ended.length, recorder.ended.length], [1, 0]);
    const wrapped = (...args: Parameters<Fetch>): Promise<Response> => inner(...args);
    await timeFetch(wrapped, { recorder: outer })(URL_A);
    assertEquals([outer.ended.length, recorder.ended.length], [2, 0]);
    await untimed(inner)(URL_A);
    assertEquals([outer.ended.length, recorder.ended.length], [2, 0]);
  });

  it("has labels for as many hosts as it may, each method and outcome, and counts the others", async () => {
    const { fetch, recorder } = timed(
      (url) => Promise.resolve(new Response(null, { status: `${url}`.length > 17 ? 500 : 200 })),
      {
        maxHosts: 2,
      },
    );
    for (const host of ["a", "b", "c", "a", "d", "a.long.name"]) await fetch(`http://${host}.example`);
    await fetch("http://a.example", { method: "POST" });
    assertEquals(recorder.ended, [
      "a.example [GET]",
      "b.example [GET]",
      "other [GET]",
      "a.example [GET]",
      "other [GET]",
      "other [GET] 5xx",
      "a.example [POST]",
    ]);
    assertEquals(recorder.others, [2, 2, 2]);
  });

  describe("until: body", () => {
    const until = "body";

    it("ends when the body has been read, and the response is as it was", async () => {
      const original = new Response("body", { status: 201, headers: { "x-own": "1", "content-type": "text/plain" } });
      Object.defineProperty(original, "url", { value: URL_A });
      const { fetch, recorder } = timed(() => Promise.resolve(original), { until });
      const response = await fetch(URL_A);
      assertEquals(recorder.ended, []);
      const copy = response.clone();
      assertEquals([copy.url, response.url, response.redirected, response.type], [URL_A, URL_A, false, original.type]);
      assertEquals([response.status, response.headers.get("x-own"), await response.text()], [201, "1", "body"]);
      assertEquals(await copy.text(), "body");
      assertEquals(recorder.ended, ["a.example [GET]"]);
    });

    it("ends at once without a body", async () => {
      const { fetch, recorder } = timed(() => Promise.resolve(new Response(null, { status: 304 })), { until });
      await fetch(URL_A);
      assertEquals(recorder.ended, ["a.example [GET]"]);
    });

    const bodies: [name: string, error: unknown, label: string][] = [
      ["is given up", undefined, "aborted"],
      ["fails", new TypeError("reset"), "threw"],
      ["is aborted", new DOMException("", "AbortError"), "aborted"],
    ];
    for (const [name, error, label] of bodies) {
      it(`ends when the body ${name}: a.example [GET] ${label}`, async () => {
        const body = new ReadableStream({
          pull: (controller) => error === undefined ? undefined : controller.error(error),
        });
        const headers = { "content-type": "text/plain" };
        const { fetch, recorder } = timed(() => Promise.resolve(new Response(body, { headers })), { until });
        const response = await fetch(URL_A);
        if (error === undefined) await response.body!.cancel();
        else await assertRejects(() => response.text());
        assertEquals(recorder.ended, [`a.example [GET] ${label}`]);
      });
    }

    it("ends with the recording if the body has not been read", async () => {
      const headers = { "content-type": "text/plain" };
      const { fetch, recorder } = timed(() => Promise.resolve(new Response("x", { status: 500, headers })), { until });
      const response = await fetch(URL_A);
      recorder.flush(false);
      assertEquals(recorder.ended, []);
      recorder.flush(true);
      assertEquals(recorder.ended, ["a.example [GET] 5xx"]);
      assertEquals(await response.text(), "x");
      assertEquals(recorder.ended.length, 1);
    });
  });

  const wrong: [call: () => unknown, message: RegExp][] = [
    [() => timeFetch(17 as never), /^Cannot time fetch: not a function: 17$/],
    [() => timeFetch(fetch, { maxHosts: 0 }), /^Cannot time fetch: maxHosts must be a whole number of at least 1: 0$/],
    [
      () => timeFetch(fetch, { until: "end" as "body" }),
      /^Cannot time fetch: until must be "headers" or "body": "end"$/,
    ],
    [
      () => timeFetch(fetch, { recorder: {} as never }),
      /recorder must have startOutgoingSample and stopOutgoingSample/,
    ],
  ];
  for (const [call, message] of wrong) {
    it(`throws: ${message.source}`, () => {
      const error = assertThrows(call, KymoError);
      assertEquals(error.code, "invalid-argument");
      assertMatch(error.message, message);
    });
  }
});

describe("timeOutgoing", () => {
  /** A server that answers what both databases take for one. */
  async function listen(): Promise<{ readonly port: number; close(): void }> {
    const server = createServer((_, response) => void response.end('{"data":[],"cols":[],"rows":[],"rowcount":0}'));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
  }

  it("times the global fetch until it is disposed of, and puts it back", async () => {
    const { port, close } = await listen();
    const recorder = new FakeOutgoingRecorder();
    const before = Object.getOwnPropertyDescriptor(globalThis, "fetch");
    {
      using _ = timeOutgoing({ recorder });
      await (await fetch(`http://127.0.0.1:${port}`)).text();
    }
    await (await fetch(`http://127.0.0.1:${port}`)).text();
    close();
    assertEquals(recorder.ended, [`127.0.0.1:${port} [GET]`]);
    assertEquals(Object.getOwnPropertyDescriptor(globalThis, "fetch"), before);
  });

  it("does not time Kymo's own requests", async () => {
    const { port, close } = await listen();
    const recorder = new FakeOutgoingRecorder();
    const options = { name: "a database", user: "", password: "", patience: 10_000, timers: defaultTimers };
    const url = `http://127.0.0.1:${port}/`;
    {
      using _ = timeOutgoing({ recorder });
      assertEquals((await new SqlEndpoint({ ...options, url }).run("SELECT 1")).rows, []);
      const location = { ...options, url, database: "kymo", settings: {}, action: "read from" };
      assertEquals(await new ClickHouseConnection(location as never).query("SELECT 1"), []);
    }
    close();
    assertEquals(recorder.ended, []);
  });

  it("throws for an invalid option, and replaces nothing", () => {
    const before = fetch;
    assertThrows(
      () => timeOutgoing({ until: "end" as "body" }),
      KymoError,
      "Cannot time outgoing requests: until must be",
    );
    assertStrictEquals(fetch, before);
  });
});
