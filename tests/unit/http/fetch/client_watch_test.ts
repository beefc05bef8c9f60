import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { ClientWatch, type WatchedRequest } from "../../../../src/http/fetch/client_watch.ts";
import { OpenResponses } from "../../../../src/http/open_responses.ts";
import { FakeDurationRecorder } from "../../../support/fake/duration_recorder.ts";
import { until } from "../../../support/wait.ts";

/** A request to `Deno.serve`, whose end the test decides. */
function watchedRequest(isAnswered: boolean) {
  const { promise: completed, resolve } = Promise.withResolvers<void>();
  const controller = new AbortController();
  const seen: string[] = [];
  let isRead = false;
  const request = {
    get signal(): AbortSignal {
      isRead = true;
      return controller.signal;
    },
  } as Request;
  const watched: WatchedRequest = {
    request,
    completed,
    isAnswered,
    hasEnded: () => false,
    onLeft: () => void seen.push("left"),
    onEnd: () => void seen.push("end"),
  };
  return { watched, seen, complete: resolve, abort: () => controller.abort(), isRead: () => isRead };
}

function clientWatch() {
  const recorder = new FakeDurationRecorder();
  return { recorder, watch: new ClientWatch(new OpenResponses(recorder), recorder) };
}

describe("ClientWatch", () => {
  it("sees a client that leaves before the answer", async () => {
    const { watch } = clientWatch();
    const { watched, seen, abort, isRead } = watchedRequest(false);
    watch.add(watched);
    await until(isRead);
    abort();
    assertEquals(seen, ["left"]);
  });

  it("takes no abort of an answered request for a client that leaves, for complete responses abort too", async () => {
    const { watch } = clientWatch();
    for (let i = 0; i < 2; i++) {
      const { watched, seen, abort, complete, isRead } = watchedRequest(true);
      watch.add(watched);
      await until(isRead);
      abort();
      complete();
      await watched.completed;
      assertEquals(seen, []);
    }
  });

  it("sees clients that leave in the middle of a body once a complete response has not aborted", async () => {
    const { watch } = clientWatch();
    const first = watchedRequest(true);
    watch.add(first.watched);
    await until(first.isRead);
    first.complete();
    await first.watched.completed;
    const second = watchedRequest(true);
    watch.add(second.watched);
    await until(second.isRead);
    second.abort();
    assertEquals([first.seen, second.seen], [[], ["left"]]);
  });

  it("ends responses that have just begun when the recorder ends", () => {
    const { watch, recorder } = clientWatch();
    const { watched, seen } = watchedRequest(true);
    watch.add(watched);
    recorder.flush(false);
    assertEquals(seen, []);
    recorder.flush(true);
    assertEquals(seen, ["end"]);
  });
});
