import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { callTree, functionTimes } from "../../../../src/analysis/profile/call_tree.ts";
import { parseCpuProfile, wallTimeOf } from "../../../../src/analysis/profile/cpu_profile.ts";
import { GAP_INTERVALS } from "../../../../src/analysis/profile/idle_gaps.ts";
import { KymoError } from "../../../../src/errors.ts";
import { encodeCpuProfile } from "../../../../src/profiling/cpu_profile_file.ts";
import { profileOf } from "../../../support/analysis/profile_stacks.ts";

const top = { functionName: "(root)", scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 };
const place = (functionName: string) => ({
  functionName,
  scriptId: "1",
  url: "file:///a.js",
  lineNumber: 0,
  columnNumber: 0,
});
const root = (children: number[]) => ({ id: 1, callFrame: top, children });
const a = { id: 2, callFrame: place("a"), hitCount: 2 };
const time = { startTime: 0, endTime: 2000 };
const samples = { samples: [2, 2], timeDeltas: [0, 1000] };

/** Total times of functions in ms, and what was assumed. */
function read(file: object): [times: Record<string, number>, assumed: readonly string[]] {
  const profile = parseCpuProfile(JSON.stringify(file));
  const times = functionTimes(callTree([profile])).filter(({ total }) => total > 0);
  return [
    Object.fromEntries(times.map(({ function: { name }, total }) => [name, Math.round(total * 1e6) / 1e3])),
    profile.assumed,
  ];
}

describe("parseCpuProfile", () => {
  it("reads what V8 writes without assuming anything", () => {
    assertEquals(read({ nodes: [root([2]), a], ...samples, ...time }), [{ a: 2 }, []]);
  });

  it("reads nodes that name their callers", () => {
    const nodes = [
      { id: 1, callFrame: top },
      { id: 3, parent: 2, callFrame: place("b") },
      { id: 2, parent: 1, callFrame: place("a") },
    ];
    const file = { nodes, ...time, samples: [2, 3], timeDeltas: [0, 1500] };
    assertEquals(read(file), [{ a: 2, b: 0.5 }, ["its nodes name their callers instead of their callees"]]);
  });

  it("takes samples without times at equal distances", () => {
    assertEquals(read({ nodes: [root([2]), a], samples: [2, 2], ...time }), [
      { a: 2 },
      ["its samples have no times: they are taken to be at equal distances"],
    ]);
  });

  it("shares the time out by the counts of nodes if there are no samples", () => {
    const assumed = ["it has no samples: its time is shared out by the counts of its nodes"];
    assertEquals(read({ nodes: [root([2]), a], ...time }), [{ a: 2 }, assumed]);
    assertEquals(read({ nodes: [root([2]), a], timeDeltas: [0, 1000], ...time }), [{ a: 2 }, assumed]);
  });

  it("reads as many samples as have times", () => {
    const file = { nodes: [root([2]), a], ...time };
    assertEquals(read({ ...file, samples: [2, 2], timeDeltas: [0, 1000, 1000] }), [
      { a: 2 },
      ["it has 2 samples and 3 times: without the last 1 time"],
    ]);
    assertEquals(read({ ...file, samples: [2, 2, 2, 2], timeDeltas: [0, 1000] }), [
      { a: 2 },
      ["it has 4 samples and 2 times: without the last 2 samples"],
    ]);
  });

  it("reads functions whose places are left out", () => {
    const nodes = [root([2]), { id: 2, callFrame: { functionName: "a", scriptId: "0", url: "x.js" }, hitCount: 2 }];
    const assumed = ["name, URL, line or column are unknown for 1 of its 2 nodes"];
    assertEquals(read({ nodes, ...samples, ...time }), [{ a: 2 }, assumed]);
    const nameless = { nodes: [root([2]), { id: 2, callFrame: {} }], ...samples, ...time };
    assertEquals(read(nameless), [{ "(anonymous)": 2 }, assumed]);
  });

  it("makes a root if no node is one, and puts below it what nothing calls", () => {
    const timed = { samples: [0, 0, 0], timeDeltas: [200_000, 400_000, 500_000] };
    const times = { startTime: 1652739599999000, endTime: 1652739601099000 };
    const file = { nodes: [{ id: 0, callFrame: place("a"), hitCount: 3, children: [] }], ...timed, ...times };
    assertEquals(read(file), [{ a: 900 }, ["it has no root: what nothing calls is called by one"]]);
    const shuffled = { nodes: [a, root([2])], ...samples, ...time };
    assertEquals(read(shuffled), [{ a: 2 }, []]);
    const pieces = {
      nodes: [root([]), a, { id: 3, callFrame: place("b") }],
      ...time,
      samples: [2, 3],
      timeDeltas: [0, 500],
    };
    assertEquals(read(pieces), [{ a: 0.5, b: 1.5 }, ["its root calls 2 nodes that nothing else calls"]]);
  });

  it("takes long gaps between samples as idle if the profiler records no idle time", () => {
    const nodes = [root([2, 3]), a, { id: 3, callFrame: place("b") }];
    const busy = Array.from({ length: 100 }, () => 1000);
    /** One gap of so many intervals after the sample of b. */
    const file = (intervals: number, more: readonly object[] = []) => ({
      nodes: [...nodes, ...more],
      samples: [...busy.map(() => 2), 3, ...busy.map(() => 2)],
      timeDeltas: [0, ...busy, intervals * 1000, ...busy.slice(1)],
      startTime: 0,
      endTime: (200 + intervals) * 1000,
    });
    const [times, assumed] = read(file(1000));
    assertEquals(times, { a: 200, b: 1, "(idle)": 999 });
    assertEquals(assumed, [
      "its profiler records no idle time: taken as idle are 1 gap of more than 10.0 ms (10 sampling intervals) between samples, 999 ms in all",
    ]);
    assertEquals(read(file(GAP_INTERVALS)), [{ a: 200, b: GAP_INTERVALS }, []]);
    // A profiler that records time without functions has recorded idle time too.
    for (const name of ["(idle)", "(program)", "(garbage collector)"]) {
      const named = { id: 9, callFrame: { ...top, functionName: name } };
      assertEquals(read({ ...file(1000, [named]), nodes: [root([2, 3, 9]), ...nodes.slice(1), named] })[0], {
        a: 200,
        b: 1000,
      });
    }
  });

  it("takes a long time after the last sample as idle, too", () => {
    const deltas = Array.from({ length: 50 }, () => 1000);
    const file = {
      nodes: [root([2]), a],
      samples: deltas.map(() => 2),
      timeDeltas: deltas,
      startTime: 0,
      endTime: 1e6,
    };
    const [times, assumed] = read(file);
    assertEquals(times, { a: 50, "(idle)": 949 + 1 - 1 });
    assertMatch(assumed[0]!, /1 gap/);
  });

  it("takes no gap from so few samples that they do not show the interval", () => {
    const file = { nodes: [root([2]), a], samples: [2, 2, 2, 2], timeDeltas: [0, 1, 1, 1], ...time };
    assertEquals(read(file), [{ a: 2 }, []]);
  });

  it("reads the start on the wall clock, and passes over an invalid one", () => {
    const profile = profileOf([["main", 10]]);
    const startedAt = 1_795_906_331_130_463_200n;
    const [early, late] = [startedAt, startedAt + 5_000_000n].map((startedAt) =>
      parseCpuProfile(new TextDecoder().decode(encodeCpuProfile(profile, { startedAt, modules: [] })))
    );
    assertEquals([early!.startedAt, early!.assumed], [startedAt, []]);
    assertEquals(wallTimeOf([late!, early!]), { first: startedAt, last: startedAt + 15_000_000n });
    for (
      const kymo of [null, 7, {}, { startedAt: 7 }, { startedAt: "-7" }, { startedAt: "9".repeat(99) }, {
        modules: [7],
      }]
    ) {
      const other = parseCpuProfile(JSON.stringify({ ...profile, kymo }));
      assertEquals(other.startedAt, undefined, JSON.stringify(kymo));
      assertEquals(wallTimeOf([early!, other]), undefined);
    }
    assertAlmostEquals(callTree([early!]).total, 0.01, 1e-9);
  });

  it("ends every file in a profile whose times add up, or in an error", () => {
    const number = fc.oneof(fc.integer({ min: -2, max: 6 }), fc.constantFrom(1e308, 2 ** 53 + 2, 0.5, null, "1"));
    const name = fc.constantFrom("(root)", "(idle)", "", "a", 7);
    const url = fc.constantFrom("", "file:///kymo/a.ts", "app.ts");
    const some = { requiredKeys: [] };
    const callFrame = fc.record({ functionName: name, url, lineNumber: number, columnNumber: number }, some);
    const children = fc.array(number, { maxLength: 3 });
    const node = fc.record({ id: number, parent: number, callFrame, children, hitCount: number }, some);
    const hostile = fc.record({
      nodes: fc.array(node, { maxLength: 5 }),
      startTime: number,
      endTime: fc.oneof(number, fc.constant(1000)),
      samples: fc.array(number, { maxLength: 30 }),
      timeDeltas: fc.array(number, { maxLength: 30 }),
      kymo: fc.anything(),
    }, some);
    // A tree by parents, with gaps, late samples and functions of Kymo.
    const odd = fc.record({
      parents: fc.array(fc.nat(5), { minLength: 1, maxLength: 6 }),
      samples: fc.array(fc.nat(6), { maxLength: 40 }),
      timeDeltas: fc.array(fc.constantFrom(0, 1, 1, 1, 1, 50, -1), { maxLength: 40 }),
    }).map(({ parents, samples, timeDeltas }) => ({
      nodes: parents.map((parent, id) => ({
        id,
        ...parent < id ? { parent } : {},
        callFrame: { functionName: `f${id % 3}`, url: id % 2 === 1 ? "file:///kymo/a.ts" : "app.ts" },
      })),
      samples: samples.map((sample) => sample % parents.length),
      timeDeltas,
      startTime: 0,
      endTime: 100,
      kymo: { modules: ["file:///kymo/"] },
    }));
    let read = 0;
    fc.assert(
      fc.property(fc.oneof(hostile, odd), (file) => {
        try {
          const tree = callTree([parseCpuProfile(JSON.stringify(file))]);
          const times = functionTimes(tree);
          read++;
          assertAlmostEquals(times.reduce((sum, { self }) => sum + self, tree.self), tree.total, 1e-6);
          assertEquals(times.filter(({ total }) => !(total >= 0 && Number.isFinite(total))), []);
        } catch (error) {
          if (!(error instanceof KymoError)) throw error;
        }
      }),
      { numRuns: 3_000, seed: 11 },
    );
    assert(read > 1_000, `${read} were read`);
  });
});
