import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { watchBody } from "../../../src/http/watched_body.ts";

const headers = { "content-type": "text/plain", "x-own": "1" };

function watch(response: Response) {
  let ends = 0;
  const watched = watchBody(response, () => ends++);
  return { watched, ends: () => ends };
}

/** A stream of `texts` that tells how much of it was asked for and why it was cancelled. */
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

describe("a watched body", () => {
  it("ends when it has been read", async () => {
    const { watched, ends } = watch(new Response(stream(["a", "b"]).body, { headers }));
    assertEquals(ends(), 0);
    assertEquals(await watched.text(), "ab");
    assertEquals(ends(), 1);
  });

  it("is read no sooner than it is asked for", async () => {
    const { body, state } = stream(["a", "b"]);
    const { watched, ends } = watch(new Response(body, { headers }));
    const reader = watched.body!.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "a");
    assertEquals([state.pulled, ends()], [1, 0]);
    await reader.read();
    assertEquals((await reader.read()).done, true);
    assertEquals(ends(), 1);
  });

  it("ends when it is cancelled, and tells its source why", async () => {
    const { body, state } = stream(["a", "b"]);
    const { watched, ends } = watch(new Response(body, { headers }));
    const reader = watched.body!.getReader();
    await reader.read();
    await reader.cancel("client gone");
    assertEquals(ends(), 1);
    assertEquals(state.cancelled, "client gone");
  });

  it("ends once if it is cancelled while it is being read", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const body = new ReadableStream({ pull: () => promise }, { highWaterMark: 0 });
    const { watched, ends } = watch(new Response(body, { headers }));
    const reader = watched.body!.getReader();
    const reading = reader.read();
    await reader.cancel();
    resolve();
    assertEquals((await reading).done, true);
    assertEquals(ends(), 1);
  });

  it("ends when it fails, with the same error", async () => {
    const { watched, ends } = watch(new Response(stream(["a"], new Error("disk gone")).body, { headers }));
    await assertRejects(() => watched.text(), Error, "disk gone");
    assertEquals(ends(), 1);
  });

  it("belongs to a response with the same status and headers", async () => {
    const response = new Response("made", { status: 201, statusText: "Created", headers });
    response.headers.append("set-cookie", "a=1");
    response.headers.append("set-cookie", "b=2");
    const { watched } = watch(response);
    assertEquals([watched.status, watched.statusText], [201, "Created"]);
    assertEquals([...watched.headers], [...response.headers]);
    assertEquals(watched.headers.getSetCookie(), ["a=1", "b=2"]);
    assertEquals(await watched.text(), "made");
  });

  it("has the bytes of one in memory", async () => {
    const { watched, ends } = watch(new Response(Uint8Array.of(0, 255, 128), { headers }));
    assertEquals(await watched.bytes(), Uint8Array.of(0, 255, 128));
    assertEquals(ends(), 1);
  });
});

describe("a response that has no body to watch", () => {
  const used = new Response(stream(["a"]).body, { headers });
  const cases: [name: string, response: Response][] = [
    ["without a body", new Response(null, { headers })],
    ["204", new Response(null, { status: 204 })],
    ["304", new Response(null, { status: 304, headers })],
    ["a redirect", Response.redirect("http://localhost/elsewhere")],
    ["an error", Response.error()],
    ["one already in use", used],
  ];
  for (const [name, response] of cases) {
    it(`ends at once and stays itself: ${name}`, () => {
      if (response === used) used.body!.getReader();
      const { watched, ends } = watch(response);
      assertStrictEquals(watched, response);
      assertEquals(ends(), 1);
    });
  }
});

it("a text without a type keeps the type that the runtime gives it", async () => {
  const { watched, ends } = watch(new Response("text"));
  // Bun makes up its mind when it is asked for the body as a whole.
  const type = watched.headers.get("content-type") ?? (await watched.clone().blob()).type;
  assert(/^text\/plain/i.test(type), type);
  assertEquals(await watched.text(), "text");
  assertEquals(ends(), 1);
});
