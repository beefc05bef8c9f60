import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { compare, compareQuantities, TelemetryDB } from "../../../../src/analysis/mod.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { type DifferenceRun, readDifference } from "../../../../src/report/difference/read_difference.ts";
import type { DifferenceData } from "../../../../src/report/shared/difference_data.ts";
import { histogramAxis, histogramOf } from "../../../../src/report/viewer/difference/distributions.ts";
import { Recordings, type Row } from "../../../support/analysis/comparison_runs.ts";

/** The data of the page of some runs, which are directories. */
async function read(a: readonly string[], b: readonly string[]): Promise<DifferenceData> {
  const open = (paths: readonly string[]): Promise<DifferenceRun[]> =>
    Promise.all(paths.map(async (path) => ({
      name: path,
      db: await TelemetryDB.open(path),
      sources: [path],
      selection: {},
    })));
  const [runsA, runsB] = [await open(a), await open(b)];
  try {
    const [framesA, framesB] = [runsA, runsB].map((runs) => runs.map(({ db }) => db.duration()));
    const found = {
      comparisons: await compare(framesA!, framesB!, { replicates: 100 }),
      failures: [],
      quantities: await compareQuantities(runsA, runsB),
    };
    return await readDifference({ a: runsA, b: runsB }, found, {
      title: "b compared with a",
      kymo: "1.2.3",
      made: new Date(0),
      confidence: 95,
      margin: 5,
      programs: { a: [], b: [] },
      files: defaultRuntime().files,
    });
  } finally {
    for (const { db } of [...runsA, ...runsB]) await db[Symbol.asyncDispose]();
  }
}

/** A request each 10 ms, of which every tenth takes ten times as long; from `begin` on, seconds. */
function requests(begin: number, seconds: number, duration: number): Row[] {
  return Array.from({ length: seconds * 100 }, (_, i) => ({
    time: begin + i / 100,
    value: duration * (i % 10 === 0 ? 10 : 1 + i % 7 / 20),
    label: "/a [GET]",
  }));
}

function runtime(begin: number, seconds: number, rss: number): Row[] {
  return Array.from({ length: 2 * seconds }, (_, i) => [
    { time: begin + i / 2, value: rss, label: "rss" },
    { time: begin + i / 2, value: i * 0.1, label: "user time" },
    { time: begin + i / 2, value: i * 0.025, label: "system time" },
  ]).flat();
}

describe("the data of a page that compares", () => {
  it("begins each run at 0, and lays those of a group over each other", async () => {
    using recordings = new Recordings();
    const record = (begin: number, seconds: number, duration: number, rss: number): string =>
      recordings.write({
        duration: requests(begin, seconds, duration),
        runtime: runtime(begin, seconds, rss),
        mark: [{ time: begin + 15, value: 1, label: "deploy" }],
      });
    const data = await read(
      [record(0, 20, 0.001, 1e8), record(5_000, 20, 0.001, 1e8)],
      [record(90_000, 40, 0.002, 2e8), record(70_000, 20, 0.002, 2e8)],
    );
    assertEquals(data.sides.a.runs.map(({ span, empty }) => [Math.round(span / 1e9), empty]), [[20, []], [20, []]]);
    assertEquals(Math.round(data.span / 1e9), 40);
    assertEquals(data.sides.b.runs.map(({ marks }) => marks.map(({ at, text }) => [Math.round(at / 1e9), text])), [
      [[15, "deploy"]],
      [[15, "deploy"]],
    ]);
    assert(data.bins.width * data.bins.count >= data.span && data.bins.count <= 120);
    const [label] = data.labels;
    const axis = histogramAxis([...label!.a, ...label!.b])!;
    for (const side of ["a", "b"] as const) {
      assertEquals(label![side].map(({ run }) => run), [0, 1]);
      for (const run of label![side]) {
        assertEquals(run.cells[0], 0);
        const last = (run.cells.at(-1)! + 1) * label!.step * data.bins.width;
        assert(last <= data.sides[side].runs[run.run]!.span + label!.step * data.bins.width);
        assertEquals(run.counts.reduce((sum, count) => sum + count, 0), run.count);
        assertAlmostEquals(histogramOf(run, axis).shares.reduce((sum, share) => sum + share, 0), 1, 1e-9);
        assertAlmostEquals(run.p50s[0]!, run.p50, run.p50 / 3);
      }
    }
    const own = (quantity: string) => data.runtime.find((series) => series.quantity === quantity)!;
    assertEquals(own("memory").b.map(({ values }) => [Math.min(...values), Math.max(...values)]), [
      [2e8, 2e8],
      [2e8, 2e8],
    ]);
    for (const rate of own("requests").a[1]!.values.slice(0, -1)) assertAlmostEquals(rate, 100, 0.01);
    for (const cores of own("cores").a[0]!.values) assertAlmostEquals(cores, 0.25, 1e-3);
    assertEquals(data.runtime.map(({ quantity }) => quantity), ["requests", "memory", "cores"]);
    assertEquals([data.flames, data.problems], [undefined, []]);
  });

  it("knows the bins in which nothing was recorded", async () => {
    using recordings = new Recordings();
    const gap = recordings.write({ duration: [...requests(0, 10, 0.001), ...requests(30, 10, 0.001)] });
    const { bins, sides } = await read([gap], [recordings.write({ duration: requests(0, 40, 0.001) })]);
    const { empty } = sides.a.runs[0]!;
    assertEquals(sides.b.runs[0]!.empty, []);
    assertAlmostEquals(empty[0]! * bins.width / 1e9, 10, 1);
    assertAlmostEquals(empty.length * bins.width / 1e9, 20, 1);
  });
});
