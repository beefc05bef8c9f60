import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { copyFileSync, mkdirSync } from "node:fs";
import { describe, it } from "node:test";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { flameTree, readProfiles } from "../../../../src/report/data/profiles.ts";
import type { FlameNode } from "../../../../src/report/shared/report_data.ts";
import type { ReadCpuProfile } from "../../../../src/analysis/profile/cpu_profile.ts";
import type { CpuProfileNode } from "../../../../src/runtime.ts";
import { inDirectory } from "../../../support/analysis/report_recording.ts";

function node(id: number, functionName: string, children: number[], line = id, hitCount = 0): CpuProfileNode {
  const callFrame = { functionName, scriptId: "1", url: "file:///app/main.ts", lineNumber: line - 1, columnNumber: 0 };
  return { id, callFrame, children, hitCount };
}

/** 10 ms each: work, called by main at two places; idle; main; an anonymous function. */
const profile: ReadCpuProfile = {
  startedAt: undefined,
  assumed: [],
  nodes: [
    node(1, "(root)", [2, 5, 6], 0),
    node(2, "main", [3, 4]),
    node(3, "work", [], 9),
    node(4, "work", [], 9),
    { ...node(5, "(idle)", []), callFrame: { ...node(5, "(idle)", []).callFrame, url: "", lineNumber: -1 } },
    node(6, "", []),
  ],
  startTime: 1_000_000,
  endTime: 1_050_000,
  samples: [3, 4, 5, 2, 6],
  timeDeltas: [0, 10_000, 10_000, 10_000, 10_000],
};

/** Name, place, self and total in ms, children. */
type Brief = [name: string, place: string, self: number, total: number, ...Brief[]];

function brief({ name, place, self, total, children }: FlameNode): Brief {
  return [name, place, toMilliseconds(self), toMilliseconds(total), ...children.map(brief)];
}

function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3;
}

describe("a flame graph", () => {
  it("is the call tree, by time, without idle time", () => {
    assertEquals(brief(flameTree([profile], "PID 1", 100).tree), [
      "PID 1",
      "",
      0,
      40,
      ["main", "main.ts:2", 10, 30, ["work", "main.ts:9", 20, 20]],
      ["(anonymous)", "main.ts:6:1", 10, 10],
    ]);
  });

  it("merges several profiles", () => {
    const { total, children } = flameTree([profile, profile], "", 100).tree;
    assertEquals([total, ...children.map(({ total }) => total)], [0.08, 0.06, 0.02]);
  });

  it("leaves out calls too short to be seen, calls beyond the room and endless depth", () => {
    const nodes = [
      node(1, "(root)", [2, ...Array.from({ length: 500 }, (_, i) => 1_000 + i)], 0),
      ...Array.from(
        { length: 900 },
        (_, i) => node(i + 2, "again", i < 899 ? [i + 3] : [], 5, i === 899 ? 100_000 : 0),
      ),
      ...Array.from({ length: 500 }, (_, i) => node(1_000 + i, `small ${i}`, [], i, i % 2 === 0 ? 10 : 1_000)),
    ];
    const big: ReadCpuProfile = { startedAt: undefined, assumed: [], nodes, startTime: 0, endTime: 1e6 };
    const { children } = flameTree([big], "", 10_000).tree;
    assertEquals(children.length, 251);
    assert(children.every(({ name }) => name === "again" || Number(name.slice(6)) % 2 === 1));
    let depth = 0;
    for (let at = children[0]; at !== undefined; at = at.children[0]) depth++;
    assertEquals(depth, 300);
    const small = flameTree([big], "", 301).tree;
    assertEquals(small.children.length, 1);
    assertAlmostEquals(small.self + small.children[0]!.total, small.total, 1e-4);
  });
});

describe("the CPU profiles of a report", () => {
  const files = {
    "profiler.12-0000000a-000001.cpuprofile": JSON.stringify(profile),
    "profiler.12-0000000a-000002.cpuprofile": JSON.stringify(profile),
    "profiler.7-0000000b-000001.cpuprofile": JSON.stringify(profile),
    "profiler.8-0000000b-000001.cpuprofile": "{}",
    "profiler.9-0000000b-000001.cpuprofile": "{",
    "other.txt": "",
  };
  it("are those in the directories, one per process", async () => {
    await inDirectory(files, (directory) => {
      mkdirSync(`${directory}/empty`);
      const sources = [
        directory,
        `${directory}/empty`,
        `${directory}/other.txt`,
        `${directory}/*.csv`,
        `${directory}/none`,
      ];
      const { profiles, problems } = readProfiles(sources, defaultRuntime().files);
      assertEquals(
        profiles.map(({ name, of, duration }) => [name, of?.pid, Math.round(duration * 1e3)]),
        [["profiler.7-0000000b-000001.cpuprofile", 7, 50], [
          "profiler.12-0000000a-000001.cpuprofile and 1 more",
          12,
          100,
        ]],
      );
      assertEquals(problems.length, 2);
      assert(problems[0]!.includes("profiler.8-0000000b-000001.cpuprofile"), problems[0]);
      assertEquals(readProfiles([directory], defaultRuntime().files, { pids: [7] }).profiles.length, 1);
      // Another container, whose program has the same PID.
      const other = `${directory}/profiler.7-0000000c-000001.cpuprofile`;
      copyFileSync(`${directory}/profiler.7-0000000b-000001.cpuprofile`, other);
      const same = (isolates?: readonly string[]) =>
        readProfiles([directory], defaultRuntime().files, { pids: [7], isolates }).profiles.map(({ of }) =>
          of?.isolate
        );
      assertEquals(same(), ["0000000b", "0000000c"]);
      assertEquals(same(["0000000c"]), ["0000000c"]);
      return Promise.resolve();
    });
  });
});
