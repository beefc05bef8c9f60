import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { ProcessFollower } from "../../../../src/analysis/live/live_processes.ts";
import { ValueKind } from "../../../../src/series.ts";

const SECOND = 1e9;

/** A follower that has read samples of CPU time: s since the start, CPU s, and their weight. */
function followerOf(samples: readonly (readonly [time: number, cpu: number, weight: number])[]): ProcessFollower {
  const follower = new ProcessFollower();
  const source = { channel: "runtime", pid: 1, isolate: "0000000a", kind: ValueKind.number };
  for (const [time, cpu, weight] of samples) {
    follower.add(source, "user time", cpu, time * SECOND, weight);
    follower.add(source, "system time", 0, time * SECOND, weight);
  }
  return follower;
}

describe("CPU of a process that is followed", () => {
  it("is that between the last sample before the interval and its last one", () => {
    const { cpu = NaN } = followerOf([[0, 1, 0], [1, 2, 0], [2, 2.25, 1], [5, 4, 1]]).endInterval(4);
    assertAlmostEquals(cpu, 0.5);
  });

  it("is that between the first and the last sample if there was none before, in whatever order they are read", () => {
    // Spools, which have the latest rows, are read before files.
    for (const samples of [[[1, 2, 1], [3, 3, 1]], [[3, 3, 1], [1, 2, 1], [2, 2.9, 1]]] as const) {
      assertAlmostEquals(followerOf(samples).endInterval(4).cpu ?? NaN, 0.5);
    }
  });

  it("is absent with one sample, and that of the interval before if there is none", () => {
    assertEquals(followerOf([[1, 2, 1]]).endInterval(1).cpu, undefined);
    const follower = followerOf([[1, 2, 1], [3, 3, 1]]);
    follower.endInterval(4);
    assertAlmostEquals(follower.endInterval(1).cpu ?? NaN, 0.5);
  });
});
