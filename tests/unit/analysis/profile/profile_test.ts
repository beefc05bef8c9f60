import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  type CallNode,
  callTimes,
  callTree,
  type FunctionTime,
  functionTimes,
  placeOf,
  sumTimes,
} from "../../../../src/analysis/profile/call_tree.ts";
import { parseCpuProfile } from "../../../../src/analysis/profile/cpu_profile.ts";
import { findProfiles, readProfile } from "../../../../src/analysis/profile/profile_files.ts";
import { KymoError } from "../../../../src/errors.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { encodeCpuProfile } from "../../../../src/profiling/cpu_profile_file.ts";
import type { CpuProfile } from "../../../../src/runtime.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { profileOf } from "../../../support/analysis/profile_stacks.ts";

/** Functions by name, with times in ms. */
function table(times: readonly FunctionTime[]): Record<string, [self: number, total: number, samples: number]> {
  const ms = (seconds: number) => Math.round(seconds * 1e6) / 1e3;
  return Object.fromEntries(
    times.map(({ function: { name }, self, total, samples }) => [name, [ms(self), ms(total), samples] as const])
      .toSorted(),
  ) as Record<string, [number, number, number]>;
}

describe("the times of functions", () => {
  it("are those until the next sample, in the function itself and with all that it called", () => {
    const tree = callTree([profileOf([["main a", 10], ["main a b", 20], ["main", 30], ["(idle)", 40]])]);
    assertEquals(table(functionTimes(tree)), {
      "(idle)": [40, 40, 1],
      a: [10, 30, 1],
      b: [20, 20, 1],
      main: [30, 60, 1],
    });
    assertAlmostEquals(tree.total, 0.1, 1e-9);
  });

  it("count recursion once", () => {
    const tree = callTree([profileOf([["f g f g f", 10], ["f f", 5], ["h f", 1]])]);
    assertEquals(table(functionTimes(tree)), { f: [16, 16, 3], g: [0, 10, 0], h: [0, 1, 0] });
  });

  it("are told by caller", () => {
    const tree = callTree([profileOf([["a f x", 10], ["b f", 20], ["b f f x", 5]])]);
    const calls = callTimes(tree).map((call) => [`${call.caller.name} → ${call.function.name}`, call.total, call.self]);
    assertEquals(
      calls.map((
        [name, total, self],
      ) => [name, Math.round(1e3 * (total as number)), Math.round(1e3 * (self as number))]).toSorted(),
      [
        ["(root) → a", 10, 0],
        ["(root) → b", 25, 0],
        ["a → f", 10, 0],
        ["b → f", 25, 20],
        ["f → f", 5, 0],
        ["f → x", 15, 15],
      ],
    );
  });

  it("of several profiles are added up", () => {
    const [a, b] = [profileOf([["main f", 10], ["main g", 1]]), profileOf([["main g", 20], ["other f", 5]])];
    const tree = callTree([a, b]);
    assertEquals(table(functionTimes(tree)), { f: [15, 15, 2], g: [21, 21, 2], main: [0, 31, 0], other: [0, 5, 0] });
    assertEquals(tree.children.map((node) => node.function.name), ["main", "other"]);
    assertEquals(tree.children[0]!.children.map((node) => node.function.name), ["g", "f"]);
  });

  it("of samples that are told late are as if they were told in time", () => {
    const profile = profileOf([["a", 10], ["b", 10], ["c", 10]]);
    const late: CpuProfile = { ...profile, samples: [2, 4, 3], timeDeltas: [0, 20_000, -10_000] };
    assertEquals(table(functionTimes(callTree([late]))), { a: [10, 10, 1], b: [10, 10, 1], c: [10, 10, 1] });
  });

  it("are at equal distances without the times of the samples", () => {
    const { nodes, startTime, endTime } = profileOf([["a", 30], ["a", 30], ["b", 30]]);
    const tree = callTree([parseCpuProfile(JSON.stringify({ nodes, startTime, endTime }))]);
    assertEquals(table(functionTimes(tree)), { a: [60, 60, 2], b: [30, 30, 1] });
  });

  it("are found in stacks deeper than our own", () => {
    const tree = callTree([profileOf([[Array.from({ length: 50_000 }, (_, i) => `f${i % 3}`).join(" "), 10]])]);
    assertEquals(table(functionTimes(tree)), { f0: [0, 10, 0], f1: [10, 10, 1], f2: [0, 10, 0] });
    assertEquals(callTimes(tree).length, 4);
  });

  it("are found of more callees than a call can have arguments", () => {
    const callFrame = { scriptId: "0", url: "", lineNumber: 0, columnNumber: 0 };
    const callees = Array.from(
      { length: 200_000 },
      (_, i) => ({ id: i + 2, callFrame: { ...callFrame, functionName: `f${i}` } }),
    );
    const root = {
      id: 1,
      callFrame: { ...callFrame, functionName: "(root)" },
      children: callees.map(({ id }) => id),
    };
    const tree = callTree([{
      nodes: [root, ...callees],
      startTime: 0,
      endTime: 4e6,
      samples: [2, 200_001],
      timeDeltas: [0, 1e6],
    }]);
    assertEquals([tree.total, tree.children[0]!.function.name, functionTimes(tree).length], [4, "f199999", 200_000]);
  });

  it("are added up by any key of a node, each caller apart if asked for", () => {
    const leaf = { key: "f", self: 2, total: 2, children: [] };
    const inner = { key: "g", self: 3, total: 5, children: [leaf] };
    const tree = { key: "all", self: 2, total: 10, children: [{ key: "f", self: 3, total: 8, children: [inner] }] };
    const sums = (byCaller: boolean) =>
      sumTimes(tree, ({ key }) => key, byCaller).map(({ node, caller, self, total }) => [
        node.key,
        ...byCaller ? [caller.key] : [],
        self,
        total,
      ]);
    assertEquals(sums(false), [["f", 5, 8], ["g", 3, 5]]);
    assertEquals(sums(true), [["f", "all", 3, 8], ["g", "f", 3, 5], ["f", "g", 2, 2]]);
  });

  it("tell work from time in which no function is seen, which is no function of that name", () => {
    const profile = profileOf([["(idle)", 1], ["(program)", 1], ["(garbage collector)", 1], ["f", 1]]);
    const written = {
      ...profile,
      nodes: profile.nodes.map((node) => ({ ...node, callFrame: { ...node.callFrame, url: "a.js" } })),
    };
    const kinds = ({ children }: CallNode) => children.map((node) => node.function.kind);
    assertEquals(kinds(callTree([profile])), ["idle", "program", "gc", "function"]);
    assertEquals(kinds(callTree([written])), ["function", "function", "function", "function"]);
  });
});

describe("the place of a function", () => {
  const places: [url: string, line: number | undefined, place: string][] = [
    ["file:///home/me/src/main.ts", 12, "main.ts:12"],
    ["/home/me/src/main.ts", undefined, "main.ts"],
    ["C:\\src\\main.ts", 1, "main.ts:1"],
    ["https://example.com/mod.ts?v=/1#a/b", 3, "mod.ts:3"],
    ["https://example.com/", 3, "example.com/:3"],
    ["node:fs/promises", 7, "node:fs/promises:7"],
    ["ext:core/01_core.js", 7, "ext:core/01_core.js:7"],
    ["", 7, ""],
  ];
  for (const [url, line, place] of places) {
    it(`at ${url || "no URL"} is ${place || "empty"}`, () => {
      assertEquals(placeOf({ name: "f", url, line, column: 1, kind: "function" }), place);
    });
  }
});

describe("a damaged profile", () => {
  const node = (id: number, children?: unknown, more: object = {}) => ({
    id,
    callFrame: { functionName: "f", scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 },
    children,
    ...more,
  });
  const of = (nodes: unknown[], more: object = {}) => JSON.stringify({ nodes, startTime: 0, endTime: 1, ...more });
  const whole = of([node(1, [2]), node(2)], { samples: [2], timeDeltas: [1] });
  const damaged: [text: string, why: string][] = [
    ["", "not JSON, or cut off"],
    [whole.slice(0, -10), "not JSON, or cut off"],
    ["null", "no call tree"],
    ["[]", "no call tree"],
    ['{"nodes":[]}', "no call tree"],
    [of([node(1)], { endTime: null }), "no start or end time"],
    [of([null]), "node 0 has no id or callFrame"],
    [of([{ id: "1", callFrame: {} }]), "node 0 has no id or callFrame"],
    [
      of([node(1, [], { callFrame: { functionName: 1, url: "" } })]),
      "node 0 has a functionName or url that is not a text",
    ],
    [
      of([node(1, [], { callFrame: { functionName: "f", url: "", lineNumber: "1" } })]),
      "node 0 has a line or column that is not a number",
    ],
    [of([node(1, "2")]), "node 0 has children that are not an array"],
    [of([node(1, [], { hitCount: -1 })]), "node 0 has an invalid hitCount"],
    [of([node(1, [], { hitCount: 7 })]).replace("7", "1e999"), "node 0 has an invalid hitCount"],
    [of([node(1, [], { hitCount: "7" })]), "node 0 has an invalid hitCount"],
    [of([node(1)], { endTime: 1e300 }), "no start or end time"],
    [of([node(1)], { samples: [1, 1], timeDeltas: [1, 1.5e308] }), "sample 1 has no time"],
    [of([node(1), node(1)]), "two nodes have the same id"],
    [of([node(1, [2])]), "node id 2 is missing"],
    [of([node(1, [1])]), "the call tree has a circle"],
    [of([node(1, [2, 3]), node(2, [3]), node(3)]), "node id 3 occurs twice in the call tree"],
    [of([node(1), node(2, [3]), node(3, [2])]), "the call tree has a circle"],
    [of([node(1), node(2, [], { parent: 3 }), node(3, [], { parent: 2 })]), "the call tree has a circle"],
    [of([node(1), node(2, [], { parent: 3 })]), "node id 3 is missing"],
    [of([node(1)], { samples: 1, timeDeltas: [] }), "samples is not an array"],
    [of([node(1)], { samples: [1], timeDeltas: "0" }), "timeDeltas is not an array"],
    [of([node(1e308), node(1e308)]), "two nodes have the same id"],
    [of([node(1)], { samples: [2], timeDeltas: [1] }), "sample 0 refers to a missing node"],
    [of([node(1)], { samples: [1], timeDeltas: ["1"] }), "sample 0 has no time"],
  ];
  it("is refused, and it is said why", () => {
    parseCpuProfile(whole);
    for (const [text, why] of damaged) {
      const { code, message } = assertThrows(() => parseCpuProfile(text), KymoError);
      assertEquals([code, message], ["invalid-data", `Cannot parse the CPU profile: ${why}`]);
    }
  });
});

describe("files of profiles", () => {
  const disk = new MemoryDisk();
  disk.ensureDirectory("/m");
  const write = (path: string, text: string | Uint8Array): void => {
    const file = disk.create(path);
    file.write(typeof text === "string" ? new TextEncoder().encode(text) : text);
    file.close();
  };
  const profile = profileOf([["main", 10]]);
  write("/m/profiler.7-0000beef-000002.cpuprofile", encodeCpuProfile(profile));
  write("/m/profiler.7-0000beef-000001.cpuprofile", encodeCpuProfile(profile));
  write("/m/duration.7-0000beef-000001.csv", "");
  write("/m/.temporary.cpuprofile", "");
  write("/other.cpuprofile", "{");
  disk.ensureDirectory("/empty");

  it("are found in a directory, in order, and by their own names, each once", () => {
    const [first, second] = [1, 2].map((number) => `/m/profiler.7-0000beef-00000${number}.cpuprofile`);
    assertEquals(findProfiles(["/m"], disk), [first!, second!]);
    assertEquals(findProfiles([second!, "/m"], disk), [second!, first!]);
  });

  it("must be there", () => {
    for (
      const [path, reason] of [["/none", "no such file or directory"], [
        "/empty",
        "no .cpuprofile file in it (kymo profile --for takes one)",
      ]] as const
    ) {
      const { code, message } = assertThrows(() => findProfiles([path], disk), KymoError);
      assertEquals([code, message], ["not-found", `Cannot read CPU profiles: "${path}": ${reason}`]);
    }
  });

  it("are read, and tell their process by their name", () => {
    const [path] = findProfiles(["/m"], disk);
    assertEquals(readProfile(path!, disk), {
      path: path!,
      process: { pid: 7, isolate: "0000beef" },
      profile: { ...profile, startedAt: undefined, assumed: [] },
    });
    const damaged = assertThrows(() => readProfile("/other.cpuprofile", disk), KymoError);
    assertEquals(
      [damaged.code, damaged.message],
      ["invalid-data", 'Cannot read the CPU profile: "/other.cpuprofile": not JSON, or cut off'],
    );
    const gone = assertThrows(
      () => readProfile("/gone.cpuprofile", disk),
      KymoError,
      'Cannot read the CPU profile: "/gone.cpuprofile": ',
    );
    assertEquals(gone.code, "not-found");
  });
});

describe("a profile of this runtime", () => {
  it("tells where the time went", async () => {
    const profiler = defaultRuntime().profiler!;
    function spin(duration: number): number {
      let sum = 0;
      for (const end = performance.now() + duration; performance.now() < end;) sum += Math.sqrt(sum + 1);
      return sum;
    }
    await profiler.start(1_000);
    spin(200);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const taken = await profiler.stop();
    const tree = callTree([parseCpuProfile(new TextDecoder().decode(encodeCpuProfile(taken)))]);
    const times = functionTimes(tree);
    const totalOf = (name: string) =>
      times.filter((time) => time.function.name === name).reduce((sum, { total }) => sum + total, 0);
    const sampled = (taken.endTime - taken.startTime) / 1e6;
    assert(tree.total > 0 && tree.total <= sampled + 1e-6, `${tree.total} of ${sampled}`);
    assertAlmostEquals(times.reduce((sum, { self }) => sum + self, tree.self), tree.total, 1e-6);
    for (const name of ["spin", "(idle)"]) assert(totalOf(name) > 0 && totalOf(name) < tree.total, name);
    assert(placeOf(times.find((time) => time.function.name === "spin")!.function).startsWith("profile_test.ts:"));
  });
});
