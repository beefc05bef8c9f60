import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { KymoError } from "../../../src/errors.ts";
import type { BlockedSample } from "../../../src/runtime.ts";
import { blockedLoopSampler } from "../../../src/sampling/blocked_loop_sampler.ts";
import type { ObservationSink } from "../../../src/sampling/sampler.ts";
import { EPOCH, FakeRuntime } from "../../support/fake/runtime.ts";

/** A sampler whose thread takes the samples that the test gives it. */
function sampling(hasThread = true) {
  const { timers } = new FakeRuntime();
  const taken: BlockedSample[] = [];
  const seen: [label: string, value: number, at: unknown][] = [];
  const errors: KymoError[] = [];
  const thread = { beats: 0, lost: 0, stops: 0 };
  const sink: ObservationSink = {
    observe: () => {},
    observeMany: (observations, options) => {
      for (const [label, value] of observations) seen.push([label, value, options?.at]);
    },
  };
  const watch = () => ({
    beat: () => void thread.beats++,
    drain: () => ({ samples: taken.splice(0), lost: thread.lost }),
    stop: () => void thread.stops++,
  });
  const sampler = blockedLoopSampler({
    timers,
    watch: () => hasThread ? watch() : undefined,
    report: (error) => void errors.push(error),
  }, sink);
  return { sampler, sink, timers, taken, thread, seen, errors };
}

const SAMPLE: BlockedSample = { timepoint: EPOCH - 5n, silence: 1.02e9, rss: 1_000, user: 2, system: 3 };

const ROWS = [["rss", 1_000], ["user time", 2], ["system time", 3], ["event loop lag", 1]]
  .map(([label, value]) => [label, value, EPOCH - 5n]);

describe("blockedLoopSampler", () => {
  it("beats while the loop turns, until it is stopped", () => {
    const { sampler, timers, thread } = sampling();
    sampler.start?.();
    assertEquals(thread.beats, 1);
    timers.advance(100);
    assertEquals(thread.beats, 6);
    sampler.stop?.();
    assertEquals([timers.count, thread.stops], [0, 1]);
  });

  it("records what the thread has measured when the loop turns again, at the time of the thread", () => {
    const { sampler, timers, taken, seen } = sampling();
    sampler.start?.();
    taken.push(SAMPLE);
    timers.advance(20);
    timers.advance(20);
    assertEquals(seen, ROWS as typeof seen);
  });

  it("records it at its last sample too, while the loop is still blocked", () => {
    const { sampler, sink, taken, seen } = sampling();
    sampler.start?.();
    taken.push(SAMPLE);
    sampler.sample(sink);
    assertEquals(seen, ROWS as typeof seen);
  });

  it("reports samples for which there was no room", () => {
    const { sampler, sink, thread, errors } = sampling();
    sampler.start?.();
    thread.lost = 7;
    sampler.sample(sink);
    assertEquals(errors.map(({ code, message }) => [code, message]), [[
      "limit-exceeded",
      "Cannot sample the blocked event loop: the loop was blocked for so long that there was no room for 7 samples",
    ]]);
  });

  it("does nothing without a thread", () => {
    const { sampler, sink, timers, seen, errors } = sampling(false);
    sampler.start?.();
    sampler.sample(sink);
    sampler.stop?.();
    assertEquals([timers.count, seen, errors], [0, [], []]);
  });
});
