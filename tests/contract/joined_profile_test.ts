import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { JoinedProfile } from "../../runtime_adapters/bun/joined_profile.ts";
import { encodeCpuProfile } from "../../src/profiling/cpu_profile_file.ts";
import type { CpuProfile, CpuProfileNode } from "../../src/runtime.ts";
import { checkCpuProfile } from "../support/analysis/check_cpu_profile.ts";

function functionNames({ nodes }: CpuProfile): string[] {
  return nodes.map(({ callFrame }) => callFrame.functionName);
}

describe("profile joined from slices of JavaScriptCore", () => {
  const frame = (functionName: string, lineNumber = 1) => ({
    functionName,
    scriptId: "1",
    url: "file:///a.ts",
    lineNumber,
    columnNumber: 0,
  });

  /**
   * A slice in which `main` calls the named functions in turn, with a sample of each `delta` µs
   * after the one before.
   */
  function slice(calls: readonly [name: string, delta: number][]): CpuProfile {
    const names = [...new Set(calls.map(([name]) => name))];
    const ids = names.map((_, index) => index + 3);
    const nodes: CpuProfileNode[] = [
      { id: 1, callFrame: frame("(root)", -1), children: [2] },
      { id: 2, callFrame: frame("main"), children: ids },
      ...names.map((name, index) => ({
        id: ids[index]!,
        callFrame: frame(name),
        positionTicks: [{ line: 2, ticks: 1 }],
      })),
    ];
    return {
      nodes,
      startTime: 5e15,
      endTime: 6e15,
      samples: calls.map(([name]) => ids[names.indexOf(name)]!),
      timeDeltas: calls.map(([, delta]) => delta),
    };
  }

  /** The function of each sample, and the time until the next. */
  function runs(joined: Required<CpuProfile>): [name: string, duration: number][] {
    const names = new Map(joined.nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
    const durations = [...joined.timeDeltas.slice(1), NaN];
    return joined.samples.map((id, index) => [names.get(id)!, durations[index]!]);
  }

  function finish(joined: JoinedProfile, end: number): Required<CpuProfile> {
    return checkCpuProfile(encodeCpuProfile(joined.finish(end)));
  }

  it("has one tree and one clock", () => {
    const joined = new JoinedProfile(10, 1000);
    joined.append({ profile: slice([["a", 5], ["b", 10]]), start: 1000, end: 1020, busy: 20 });
    joined.append({ profile: slice([["b", 5], ["c", 11]]), start: 1020, end: 1040, busy: 20 });
    const whole = finish(joined, 1040);
    assertEquals(functionNames(whole), ["(root)", "main", "a", "b", "c"]);
    assertEquals(whole.nodes.map(({ hitCount }) => hitCount), [0, 0, 1, 2, 1]);
    assertEquals(whole.nodes[3]?.positionTicks, [{ line: 2, ticks: 2 }]);
    assertEquals([whole.startTime, whole.endTime], [1000, 1040]);
    assertEquals(whole.timeDeltas, [5, 10, 10, 11]);
  });

  it("distinguishes functions of one name by position", () => {
    const joined = new JoinedProfile(10, 1000);
    const callee = (line: number): CpuProfile => ({
      nodes: [{ id: 1, callFrame: frame("(root)", -1), children: [2] }, { id: 2, callFrame: frame("a", line) }],
      startTime: 0,
      endTime: 0,
      samples: [2],
      timeDeltas: [5],
    });
    for (const [index, line] of [7, 8, 7].entries()) {
      const start = 1000 + 10 * index;
      joined.append({ profile: callee(line), start, end: start + 10, busy: 10 });
    }
    const { nodes } = finish(joined, 1030);
    assertEquals(nodes.map(({ callFrame, hitCount }) => [callFrame.lineNumber, hitCount]), [[-1, 0], [7, 2], [8, 1]]);
  });

  it("fills gaps with idle samples for the time that the processor was not used", () => {
    const joined = new JoinedProfile(10, 1000);
    joined.append({ profile: slice([["a", 0], ["b", 100]]), start: 1000, end: 1100, busy: 10 });
    assertEquals(runs(finish(joined, 1100)), [["a", 10], ...Array(9).fill(["(idle)", 10]), ["b", NaN]]);
  });

  it("fills other gaps with program samples, and takes the longest gap as idle", () => {
    const joined = new JoinedProfile(10, 1000);
    joined.append({ profile: slice([["a", 0], ["b", 30], ["c", 60]]), start: 1000, end: 1100, busy: 50 });
    assertEquals(runs(finish(joined, 1100)), [
      ["a", 10],
      ["(program)", 10],
      ["(program)", 10],
      ["b", 10],
      ...Array(5).fill(["(idle)", 10]),
      ["c", NaN],
    ]);
  });

  it("does not take jitter for a missing sample", () => {
    const joined = new JoinedProfile(10, 1000);
    const jittered: [string, number][] = [["a", 9], ["a", 14], ["a", 7], ["a", 13], ["a", 6]];
    joined.append({ profile: slice(jittered), start: 1000, end: 1054, busy: 0 });
    assertEquals(runs(finish(joined, 1054)).map(([name]) => name), Array(5).fill("a"));
  });

  it("keeps the interval over slices without samples", () => {
    const joined = new JoinedProfile(10, 1000);
    for (let start = 1000; start < 2000; start += 25) {
      joined.append({ profile: slice([]), start, end: start + 25, busy: 0 });
    }
    const whole = finish(joined, 2000);
    assertEquals(whole.timeDeltas, Array(99).fill(10));
    assertEquals(functionNames(whole).at(-1), "(idle)");
  });

  it("stays small and in order when the program was suspended, or the wall clock was set", () => {
    const joined = new JoinedProfile(10, 1000);
    joined.append({ profile: slice([["a", 5], ["b", 9e9]]), start: 1000, end: 1020, busy: 20 });
    joined.append({ profile: slice([["c", 8e12]]), start: 1020, end: 8e12, busy: 0 });
    const whole = finish(joined, 8e12);
    assert(whole.samples.length < 2000);
    assertEquals(whole.timeDeltas.reduce((sum, delta) => sum + delta, 1000), 8e12);
  });
});
