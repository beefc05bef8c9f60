import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { detect } from "../../runtime_adapters/detect.ts";
import { watchLoop as ownWatchLoop } from "../../runtime_adapters/node_api/loop_watch.ts";
import type { LoopWatch } from "../../src/runtime.ts";

const { watchLoop, clock } = detect(globalThis);

/** Beats for `duration` ms, so that the thread has started. */
async function beatFor(watch: LoopWatch, duration: number): Promise<void> {
  for (const end = performance.now() + duration; performance.now() < end; await sleep(5)) watch.beat();
}

function block(duration: number): void {
  for (const end = performance.now() + duration; performance.now() < end;);
}

describe("watchLoop", () => {
  it("samples the process while the isolate does not beat, and only then", async () => {
    const failures: string[] = [];
    const watch = watchLoop!(100, (reason) => void failures.push(reason));
    try {
      await beatFor(watch, 1_500);
      watch.drain(); // the machine may have been busy
      const from = clock.epoch();
      watch.beat();
      block(1_050);
      const to = clock.epoch();
      watch.beat();
      const { samples, lost } = watch.drain();
      const { samples: samplesAfterBeat } = watch.drain();
      assert(samples.length >= 1 && samples.length <= 11, `${samples.length} samples`);
      for (const [i, { timepoint, silence, rss, user, system }] of samples.entries()) {
        const before = samples[i - 1];
        // Two threads read the wall clock, which has some µs without Temporal.
        const isBetween = timepoint > from - 1_000_000n && timepoint < to + 1_000_000n;
        assert(isBetween, `${timepoint} is not between ${from} and ${to}`);
        // The clock of the silence is monotonic, that of the timepoints is the wall clock.
        const elapsed = Number(timepoint - from) / 1e9;
        const isRight = silence >= 0.1e9 && Math.abs(silence / 1e9 - elapsed) < 0.1;
        assert(isRight, `${silence} ns, but ${elapsed} s have passed`);
        assert(rss > 1e6 && rss < 1e12 && system >= 0, `rss ${rss}, system ${system}`);
        assert(user >= (before?.user ?? 0), `${user} s of CPU time after ${before?.user}`);
      }
      assert(samples.length < 2 || samples.at(-1)!.user > samples[0]!.user);
      assertEquals([lost, failures, samplesAfterBeat], [0, [], []]);
    } finally {
      watch.stop();
    }
  });

  it("keeps a bounded number of samples, and counts the others", async () => {
    const watch = ownWatchLoop(10, () => {}, clock.epoch, 16);
    try {
      await beatFor(watch, 500);
      for (let wait = 500, lost = 0; lost === 0; wait *= 2) {
        assert(wait < 60_000, "no sample was lost");
        watch.drain();
        await sleep(wait); // no beat
        const drained = watch.drain();
        lost = drained.lost;
        assert(lost === 0 ? drained.samples.length <= 16 : drained.samples.length === 16, `${drained.samples.length}`);
        // Oldest first, also when the oldest is not at the beginning of the memory.
        const times = drained.samples.map(({ timepoint }) => timepoint);
        assertEquals(times, times.toSorted((a, b) => a < b ? -1 : 1));
      }
    } finally {
      watch.stop();
    }
  });
});
