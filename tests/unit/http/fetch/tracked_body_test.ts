import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { trackBody } from "../../../../src/http/fetch/tracked_body.ts";

const headers = { "content-type": "text/plain", "x-own": "1" };

function track(response: Response) {
  let ends = 0;
  const tracked = trackBody(response, () => ends++);
  return { tracked, ends: () => ends };
}

/** A stream of `texts` with the number of pulls and the reason of its cancellation. */
function stream(texts: readonly string[], fail?: Error) {
  const state = { pulled: 0, cancelled: undefined as unknown };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const text = texts[state.pulled++];
      if (text !== undefined) controller.enqueue(new TextEncoder().encode(text));
      else if (fail !== undefined) controller.error(fail);
      else controller.close();
    },
    cancel(reason) {
      state.cancelled = reason;
    },
  }, { highWaterMark: 0 });
  return { body, state };
}

describe("trackBody", () => {
  it("calls onEnd when the body has been read", async () => {
    const { tracked, ends } = track(new Response(stream(["a", "b"]).body, { headers }));
    assertEquals(ends(), 0);
    assertEquals(await tracked.text(), "ab");
    assertEquals(ends(), 1);
  });

  it("reads a chunk only when it is pulled", async () => {
    const { body, state } = stream(["a", "b"]);
    const { tracked, ends } = track(new Response(body, { headers }));
    const reader = tracked.body!.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "a");
    assertEquals([state.pulled, ends()], [1, 0]);
    await reader.read();
    assertEquals((await reader.read()).done, true);
    assertEquals(ends(), 1);
  });

  it("calls onEnd when the body is cancelled, and passes the reason on", async () => {
    const { body, state } = stream(["a", "b"]);
    const { tracked, ends } = track(new Response(body, { headers }));
    const reader = tracked.body!.getReader();
    await reader.read();
    await reader.cancel("client gone");
    assertEquals(ends(), 1);
    assertEquals(state.cancelled, "client gone");
  });

  it("calls onEnd once if the body is cancelled during a read", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const body = new ReadableStream({ pull: () => promise }, { highWaterMark: 0 });
    const { tracked, ends } = track(new Response(body, { headers }));
    const reader = tracked.body!.getReader();
    const reading = reader.read();
    await reader.cancel();
    resolve();
    assertEquals((await reading).done, true);
    assertEquals(ends(), 1);
  });

  it("calls onEnd when the body fails, and passes the error on", async () => {
    const { tracked, ends } = track(new Response(stream(["a"], new Error("disk gone")).body, { headers }));
    await assertRejects(() => tracked.text(), Error, "disk gone");
    assertEquals(ends(), 1);
  });

  it("keeps status and headers of the response", async () => {
    const response = new Response("made", { status: 201, statusText: "Created", headers });
    response.headers.append("set-cookie", "a=1");
    response.headers.append("set-cookie", "b=2");
    const { tracked } = track(response);
    assertEquals([tracked.status, tracked.statusText], [201, "Created"]);
    assertEquals([...tracked.headers], [...response.headers]);
    assertEquals(tracked.headers.getSetCookie(), ["a=1", "b=2"]);
    assertEquals(await tracked.text(), "made");
  });

  it("keeps the bytes of a body in memory", async () => {
    const { tracked, ends } = track(new Response(Uint8Array.of(0, 255, 128), { headers }));
    assertEquals(await tracked.bytes(), Uint8Array.of(0, 255, 128));
    assertEquals(ends(), 1);
  });
});

describe("trackBody of a response without a readable body", () => {
  const used = new Response(stream(["a"]).body, { headers });
  const cases: [name: string, response: Response][] = [
    ["without a body", new Response(null, { headers })],
    ["204", new Response(null, { status: 204 })],
    ["304", new Response(null, { status: 304, headers })],
    ["a redirect", Response.redirect("http://localhost/elsewhere")],
    ["an error", Response.error()],
    ["a locked body", used],
  ];
  for (const [name, response] of cases) {
    it(`calls onEnd at once and returns the response: ${name}`, () => {
      if (response === used) used.body!.getReader();
      const { tracked, ends } = track(response);
      assertStrictEquals(tracked, response);
      assertEquals(ends(), 1);
    });
  }
});

it("trackBody keeps the content type that the runtime gives to a text", async () => {
  const { tracked, ends } = track(new Response("text"));
  // Bun sets the type when the whole body is requested.
  const type = tracked.headers.get("content-type") ?? (await tracked.clone().blob()).type;
  assert(/^text\/plain/i.test(type), type);
  assertEquals(await tracked.text(), "text");
  assertEquals(ends(), 1);
});
