import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { type TimeIt, timeItWith } from "../../../../src/sampling/time_it.ts";
import { FakeDurationRecorder } from "../../../support/fake/duration_recorder.ts";

function timing(label = "x"): { timings: FakeDurationRecorder; timeIt: TimeIt } {
  const timings = new FakeDurationRecorder();
  return { timings, timeIt: timeItWith(timings, label) };
}

/** Settles once the microtasks that are queued now have run. */
const turn = (): Promise<void> => Promise.resolve().then(() => {}).then(() => {});

describe("a timed async function", () => {
  it("is timed until its promise is settled", async () => {
    const { timings, timeIt } = timing();
    const { promise, resolve } = Promise.withResolvers<string>();
    const result = timeIt(() => promise)();
    await turn();
    assertEquals(timings.ended, []);
    resolve("done");
    assertEquals([await result, timings.ended, timings.running.size], ["done", ["x"], 0]);
  });

  it("is timed until it is rejected, and the reason passes unchanged", async () => {
    const { timings, timeIt } = timing();
    const reason = { any: "thing" };
    const result = timeIt(() => Promise.reject(reason))();
    assertStrictEquals(await result.then(() => undefined, (error) => error), reason);
    assertEquals([timings.ended, timings.running.size], [["x"], 0]);
  });

  it("may run many times at once, each with a sample, ending in any order", async () => {
    const { timings, timeIt } = timing();
    const calls = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
    const run = timeIt((i: number) => calls[i]!.promise);
    const results = calls.map((_, i) => run(i));
    for (const [i, rank] of [3, 0, 4, 1, 2].entries()) {
      calls[rank]!.resolve(rank);
      await results[rank];
      assertEquals([timings.ended.length, timings.running.size], [i + 1, 4 - i]);
    }
    assertEquals(await Promise.all(results), [0, 1, 2, 3, 4]);
  });

  it("gives back the very promise that a function returned which is not async, and asks nothing of it", () => {
    const { timeIt } = timing();
    const promise = new Promise(() => {});
    let asked = 0;
    promise.then = (() => asked++) as unknown as typeof promise.then;
    const result = timeIt(() => promise)();
    assertStrictEquals(result, promise);
    assertEquals(asked, 0);
  });

  it("may have handled a rejection itself, and then nobody need look at its result", async () => {
    const { timings, timeIt } = timing();
    const load = timeIt(() => {
      const promise = Promise.reject(new Error("mine"));
      promise.catch(() => {});
      return promise;
    });
    load();
    // An unhandled rejection would end the program, and this test with it.
    await new Promise((resolve) => setTimeout(resolve, 10));
    assertEquals(timings.ended, ["x"]);
  });

  it("may return a proxy that answers no question", () => {
    const { timings, timeIt } = timing();
    const { proxy, revoke } = Proxy.revocable({}, {});
    const run = timeIt(() => proxy);
    revoke();
    assertStrictEquals(run(), proxy);
    assertEquals(timings.ended, ["x"]);
  });

  it("keeps the class of its promise", async () => {
    const { timeIt } = timing();
    class Job extends Promise<number> {
      cancel(): string {
        return "cancelled";
      }
    }
    const job = timeIt(() => new Job((resolve) => resolve(1)))();
    assertEquals([job instanceof Job, job.cancel(), await job], [true, "cancelled", 1]);
  });

  it("keeps the properties that somebody gave its promise", async () => {
    const { timeIt } = timing();
    const request = timeIt(() =>
      Object.assign(Promise.resolve("text"), { json: () => "json", [Symbol.for("id")]: 5 })
    )();
    assertEquals([request.json(), request[Symbol.for("id")], await request], ["json", 5, "text"]);
  });

  it("may have a promise that cannot be changed", async () => {
    const { timeIt } = timing();
    let made = 0;
    class FrozenJob extends Promise<number> {
      readonly id: number;
      constructor(executor: ConstructorParameters<typeof Promise<number>>[0]) {
        super(executor);
        this.id = ++made;
        Object.freeze(this);
      }
    }
    assertEquals(await timeIt(() => new FrozenJob((resolve) => resolve(5)))(), 5);
  });

  it("that throws before its first await rejects, and does not throw", async () => {
    const { timings, timeIt } = timing();
    // deno-lint-ignore require-await -- that is the case in point
    const fail = timeIt(async () => {
      throw new Error("mine");
    });
    await assertRejects(fail, Error, "mine");
    assertEquals([timings.ended, timings.running.size], [["x"], 0]);
  });
});
