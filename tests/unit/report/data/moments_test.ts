import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { readCpuProfile } from "../../../../src/analysis/profile/cpu_profile.ts";
import { momentsOf } from "../../../../src/report/data/moments.ts";
import { flameTree } from "../../../../src/report/data/profiles.ts";
import { readReportData } from "../../../../src/report/make_report.ts";
import { readProfiles } from "../../../../src/report/data/profiles.ts";
import type { FlameNode, ProfileData } from "../../../../src/report/shared/report_data.ts";
import {
  type Flame,
  flamesInOrder,
  flamesOfSlowest,
  flamesWithin,
  indexFlames,
} from "../../../../src/report/viewer/profile/flames.ts";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { profileOf } from "../../../support/analysis/profile_stacks.ts";
import { BEGIN, csv, inDirectory, type Row } from "../../../support/analysis/report_recording.ts";

/** A profile file of stacks, which began some seconds after {@linkcode BEGIN}. */
function fileOf(stacks: readonly (readonly [stack: string, ms: number])[], start: number): string {
  const startedAt = String(BEGIN + BigInt(Math.round(start * 1e9)));
  return JSON.stringify({ ...profileOf(stacks), kymo: { startedAt, modules: [] } });
}

/** Ten seconds of `main work`, with `main sort` from 2 s to 2.5 s, and idle in every other 100 ms. */
const STACKS = Array.from({ length: 1_000 }, (_, i): [string, number] => [
  i >= 200 && i < 250 ? "main sort" : Math.floor(i / 10) % 2 === 1 ? "(idle)" : "main work",
  10,
]);

function profile(most = 10_000, start = 1): Pick<ProfileData, "tree" | "moments"> {
  const read = readCpuProfile(fileOf(STACKS, start));
  assert(read.ok);
  const { tree, samples } = flameTree([read.value], "all", 100);
  const moments = momentsOf(samples!, BEGIN, most);
  assert(moments !== undefined);
  return { tree, moments };
}

/** Name, milliseconds, and what it called. */
type Brief = [name: string, ms: number, ...Brief[]];

function brief({ name, total, children }: FlameNode): Brief {
  return [name, Math.round(total * 1e3), ...children.map(brief)];
}

const seconds = (from: number, to: number) => ({ from: from * 1e9, to: to * 1e9 });

describe("a profile of a moment", () => {
  it("is what ran within it", () => {
    const { tree, moments } = profile();
    const index = indexFlames(tree);
    const within = (from: number, to: number): Brief => brief(flamesWithin(index, moments!, seconds(from, to)));
    assertEquals(within(3, 3.5), ["all", 500, ["main", 500, ["sort", 500]]]);
    assertEquals(within(3.4, 3.7), ["all", 200, ["main", 200, ["work", 100], ["sort", 100]]]);
    assertEquals(within(0, 20), brief(tree));
    assertEquals(within(12, 20), ["all", 0]);
  });

  it("is as coarse as it must be, and loses no time", () => {
    for (const [most, width] of [[5_000, 10], [200, 50], [60, 100], [12, 1_000]] as const) {
      const { tree, moments } = profile(most);
      assert(moments!.steps.length <= most, `${moments!.steps.length} entries`);
      assertEquals(moments!.width, width * 1e6);
      const { total } = flamesWithin(indexFlames(tree), moments!, seconds(-100, 100));
      assertAlmostEquals(total, tree.total, 1e-3);
    }
  });

  it("has its functions in order of time, as often as they began", () => {
    const { tree, moments } = profile();
    const index = indexFlames(tree);
    const { tree: ordered, summed } = flamesInOrder(index, moments!, seconds(2.8, 3.7));
    assertEquals([ordered.start, ordered.total, summed], [2.8, 3.7 - 2.8, undefined]);
    const starts = (flame: Flame): [string, number, number][] =>
      flame.children.flatMap((child): [string, number, number][] => [
        [child.name, Math.round(child.start! * 100), Math.round(child.total * 100)],
        ...starts(child),
      ]);
    assertEquals(starts(ordered), [
      ["main", 280, 10],
      ["work", 280, 10],
      ["main", 300, 50],
      ["sort", 300, 50],
      ["main", 360, 10],
      ["work", 360, 10],
    ]);
  });

  it("has of a long time what took the most of each part", () => {
    const { tree, moments } = profile();
    const { tree: ordered, summed } = flamesInOrder(indexFlames(tree), moments!, seconds(1, 11));
    assertEquals(summed, 40e6);
    const [sort, ...more] = ordered.children.flatMap(({ children }) => children).filter(({ name }) => name === "sort");
    assertEquals(more, []);
    assertAlmostEquals(sort!.start!, 3, 0.04);
    assertAlmostEquals(sort!.total, 0.5, 0.08);
  });
});

describe("what ran in the slowest 1 %", () => {
  it("is set beside what ran while the others were under way", async () => {
    const rows = Array.from({ length: 600 }, (_, i): Row => {
      // One a second of 20 ms within work, but of six in a hundred seconds one within sort.
      const isSlow = i % 100 === 50;
      return [i + (isSlow ? 0.9 : 0.02), isSlow ? 0.9 : 0.02, "/a [GET]", 1];
    });
    const stacks = Array.from({ length: 60_000 }, (_, i): [string, number] => {
      const [second, part] = [Math.floor(i / 100), i % 100];
      const [isSlow, isBusy] = [second % 100 === 50, second % 100 === 50 ? part < 90 : part < 2];
      return [!isBusy ? "(idle)" : isSlow && part >= 10 ? "main sort" : "main work", 10];
    });
    const data = await inDirectory({
      "duration.1-0000000a-000001.csv": csv(rows),
      "profiler.1-0000000a-000001.cpuprofile": fileOf(stacks, 0),
    }, async (directory) => {
      await using db = await TelemetryDB.open(directory);
      const { profiles } = readProfiles([directory], defaultRuntime().files);
      return await readReportData(db, { title: "test", kymo: "0.0.0", made: new Date(0), profiles });
    });
    const [{ tree, slow }] = data.profiles as [ProfileData];
    assertEquals(slow!.map(({ label, count }) => [label, ...count]), [["/a [GET]", 6, 594]]);
    const flames = flamesOfSlowest(indexFlames(tree), slow![0]!);
    const shares = (flame: Flame): [string, number, number][] => [
      [flame.name, Math.round(100 * flame.total / flames.total), Math.round(100 * flame.others!.total)],
      ...flame.children.flatMap(shares),
    ];
    assertEquals(shares(flames), [
      ["PID 1", 100, 100],
      ["main", 100, 100],
      ["work", 11, 100],
      ["sort", 89, 0],
    ]);
  });
});
