import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import type { Comparison } from "../../../../src/analysis/compare/changes.ts";
import { compare, type CompareOptions } from "../../../../src/analysis/compare/comparison.ts";
import { TelemetryDB } from "../../../../src/analysis/frames/telemetry_db.ts";
import { KymoError } from "../../../../src/errors.ts";
import { randomOf, type Simulated, simulateRun } from "../../../support/analysis/bootstrap_simulation.ts";
import { recordFiles } from "../../../support/analysis/recorded_files.ts";
import { Recordings, type Row } from "../../../support/analysis/comparison_runs.ts";

/** Rows of a simulated run of 10 s, whose durations are about 1 s. */
function rowsOf(label: string, simulation: number, run: Partial<Simulated>): Row[] {
  const { times, durations } = simulateRun(randomOf(simulation), { samples: 2000, likeness: 0, ...run });
  return Array.from(times, (time, index) => ({ time: 10 * time, value: durations[index]!, label }));
}

/** Compares two recordings of durations with each of some options. */
async function compareWith(
  a: Iterable<Row>,
  b: Iterable<Row>,
  optionsList: readonly CompareOptions[],
): Promise<(readonly Comparison[])[]> {
  using recordings = new Recordings();
  await using before = await TelemetryDB.open(recordings.write({ duration: a }));
  await using after = await TelemetryDB.open(recordings.write({ duration: b }));
  const comparisons = [];
  for (const options of optionsList) comparisons.push(await compare(before.duration(), after.duration(), options));
  return comparisons;
}

async function compareRows(a: Iterable<Row>, b: Iterable<Row>, options: CompareOptions = {}) {
  const [comparisons] = await compareWith(a, b, [options]);
  return comparisons!;
}

function verdicts(comparisons: readonly Comparison[]): Record<string, [median: string, p99: string]> {
  return Object.fromEntries(comparisons.map(({ label, median, p99 }) => [label, [median.verdict, p99.verdict]]));
}

describe("compare", () => {
  it("tells faster, slower and unchanged series apart", async () => {
    const comparisons = await compareRows(
      [...rowsOf("same", 1, {}), ...rowsOf("better", 2, { factor: 1.5 }), ...rowsOf("worse", 3, {})],
      [...rowsOf("same", 4, {}), ...rowsOf("better", 5, {}), ...rowsOf("worse", 6, { factor: 1.5 })],
    );
    assertEquals(verdicts(comparisons), {
      better: ["faster", "faster"],
      same: ["cannot tell", "cannot tell"],
      worse: ["slower", "slower"],
    });
    for (const { median, p99 } of comparisons) {
      for (const { ratio, interval, confidence } of [median, p99]) {
        assert(interval![0] < ratio! && ratio! < interval![1]);
        assertEquals(confidence, 1 - 0.05 / 6);
      }
    }
  });

  it("computes exact medians, percentiles and ratios", async () => {
    const rows = (factor: number) =>
      Array.from({ length: 101 }, (_, i) => ({ time: i, value: i * factor, label: "x" }));
    const [{ a, b, median, p99 }] = await compareRows(rows(1), rows(0.5)) as [Comparison];
    assertEquals({ a, b }, { a: { count: 101, median: 50, p99: 99 }, b: { count: 101, median: 25, p99: 49.5 } });
    assertEquals([median.ratio, p99.ratio], [0.5, 0.5]);
  });

  it("depends on the seed only, not on the other labels compared", async () => {
    const a = [...rowsOf("x", 1, { samples: 500 }), ...rowsOf("a", 3, { samples: 500 })];
    const b = [...rowsOf("x", 2, { samples: 500 }), ...rowsOf("a", 4, { samples: 500 })];
    const ways = [{}, {}, { seed: 2 }, { labels: "x", confidence: 0.975 }, { labels: [] }];
    const [first, again, otherSeed, alone, nothing] = await compareWith(a, b, ways);
    assertEquals(again, first);
    assert(otherSeed![1]!.median.interval![0] !== first![1]!.median.interval![0]);
    // Two intervals instead of four, each with half the error probability.
    assertEquals(alone![0]!.median.interval, first![1]!.median.interval);
    assertEquals(nothing, []);
  });

  it("widens the intervals with the number of labels, so that they hold simultaneously", async () => {
    const labels = ["x", "y", "z"];
    const [a, b] = [1, 2].map((run) => labels.flatMap((label, index) => rowsOf(label, run + 2 * index, {})));
    const widthOf = ([first]: readonly Comparison[]) => first!.median.interval![1] / first!.median.interval![0];
    const ways = [{ labels: ["x"], confidence: 0.5 }, { labels: ["x"] }, {}];
    const [unsure, alone, together] = (await compareWith(a!, b!, ways)).map(widthOf);
    assert(together! > alone! && alone! > unsure!, `${together} ${alone} ${unsure}`);
  });

  it("says that a change within the margin is the same, and how many samples others need", async () => {
    const [a, b] = [rowsOf("x", 1, {}), rowsOf("x", 2, { factor: 1.1 })];
    const ways = [{ margin: 0 }, {}, { margin: 0.2 }];
    const medians = (comparisons: (readonly Comparison[])[]) => comparisons.map((them) => verdicts(them).x![0]);
    assertEquals(medians(await compareWith(a, b, ways)), ["slower", "slower", "same"]);
    assertEquals(medians(await compareWith(b, a, ways)), ["faster", "faster", "same"]);
    const [[equal], [unequal]] = await compareWith(a, rowsOf("x", 3, {}), [{ margin: 0.001 }, { margin: 0 }]) as [
      [Comparison],
      [Comparison],
    ];
    assertEquals([equal.median.verdict, unequal.median.verdict], ["cannot tell", "cannot tell"]);
    // No number of samples shows that nothing has changed at all, but that hardly anything has.
    assert(equal.median.needed! > 1_000 || equal.median.needed === undefined, `${equal.median.needed}`);
  });

  it("gives the reason why there is no interval of the p99 of 50 samples", async () => {
    const run = { samples: 50, factor: 3 };
    const [{ median, p99 }] = await compareRows(rowsOf("x", 1, { samples: 50 }), rowsOf("x", 2, run)) as [Comparison];
    assertEquals(median.verdict, "slower");
    assertEquals([p99.verdict, p99.interval], ["cannot tell", undefined]);
    assert(/^a: 437 independent samples are needed, and it has the equivalent of \d+$/.test(p99.reason!), p99.reason);
    assertEquals([p99.needed, median.needed], [437, undefined]);
  });

  it("lists labels that only one run has", async () => {
    const comparisons = await compareRows(rowsOf("old", 1, { samples: 10 }), rowsOf("new", 2, { samples: 20 }));
    assertEquals(
      comparisons.map(({ label, a, b, median: { reason, verdict } }) => ({
        label,
        a: a?.count,
        b: b?.count,
        reason,
        verdict,
      })),
      [
        { label: "new", a: undefined, b: 20, reason: "only in b", verdict: "cannot tell" },
        { label: "old", a: 10, b: undefined, reason: "only in a", verdict: "cannot tell" },
      ],
    );
  });

  it("accepts empty recordings, a single timepoint, and values without a ratio", async () => {
    const at = (label: string, values: readonly (number | string)[]) =>
      values.map((value, index): Row => ({ time: label === "moment" ? 1 : index, value, label }));
    const rows = [
      ...at("moment", Array(100).fill(1)),
      ...at("nan", Array(100).fill("NaN")),
      ...at("zero", Array(100).fill(0)),
      ...at("below", Array(100).fill(-1)),
      ...at(
        "mixed",
        Array.from(
          { length: 100 },
          (_, i) => ["NaN", "Infinity", "-Infinity", 5e-324, 1.7e308, 0, 1, 2, 3, 4][i % 10]!,
        ),
      ),
    ];
    const comparisons = await compareRows(rows, rows);
    assertEquals(Object.fromEntries(comparisons.map(({ label, median }) => [label, median.reason])), {
      below: "the ratio needs positive finite numbers",
      mixed: undefined,
      moment: "a: its samples are not spread over its time",
      zero: "the ratio needs positive finite numbers",
    });
    assertEquals(await compareRows([], []), []);
  });

  it("reads timepoints that are farther apart than 64 bits can hold, beside others", async () => {
    using files = recordFiles({
      "duration.csv": [
        [-(2n ** 63n), 1, "far", 1],
        [2n ** 63n - 1n, 3, "far", 1],
        ...[1, 2, 3].map((value, i) => [BigInt(i), value, "near", 1] as const),
      ],
    });
    await using db = await TelemetryDB.open(files.path);
    const comparisons = await compare(db.duration(), db.duration());
    assertEquals(comparisons.map(({ label, a, median }) => [label, a?.median, median.ratio]), [
      ["far", 2, 1],
      ["near", 2, 1],
    ]);
  });

  it("reads any number of labels with any characters", async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `"it's ${i}"`)
      .flatMap((label) => Array.from({ length: 20 }, (_, i): Row => ({ time: i, value: 1 + i % 3, label })));
    const comparisons = await compareRows(rows, rows, { replicates: 100 });
    assertEquals(comparisons.length, 60);
    assert(comparisons.every(({ median, a }) => median.interval !== undefined && a!.count === 20));
  });

  it("rejects options that are out of range", async () => {
    const wrong: [CompareOptions, string][] = [
      [{ confidence: 1 }, "Cannot compare: confidence must be from 0.5 to 0.9999: 1"],
      [{ margin: -1 }, "Cannot compare: margin must be a finite number, 0 or more: -1"],
      [{ replicates: 99 }, "Cannot compare: replicates must be a whole number from 100 to 1000000: 99"],
      [{ seed: 0.5 }, "Cannot compare: seed must be a whole number: 0.5"],
    ];
    await using db = await TelemetryDB.open([]);
    for (const [options, message] of wrong) {
      const error = await assertRejects(() => compare(db.duration(), db.duration(), options), KymoError, message);
      assertEquals(error.code, "invalid-argument");
    }
  });
});

describe("compare with pauses", () => {
  /** Rows of a simulated run of 10 s, of which all after two seconds is moved by a minute. */
  const late = (simulation: number, factor = 1): Row[] =>
    rowsOf("work", simulation, { factor }).map(({ time, ...row }) => ({ ...row, time: time < 2 ? time : time + 60 }));
  const switches = (rows: readonly (readonly [time: number, value: number])[]): Row[] =>
    rows.map(([time, value]) => ({ time, value, label: "recording" }));
  const compareLate = async (runtime: Row[]): Promise<Comparison> => {
    using recordings = new Recordings();
    await using before = await TelemetryDB.open(recordings.write({ duration: late(1), runtime }));
    await using after = await TelemetryDB.open(recordings.write({ duration: late(2, 1.5), runtime }));
    const [comparison] = await compare(before.duration(), after.duration());
    return comparison!;
  };

  it("leaves them out of the time over which samples should be spread", async () => {
    const quiet = await compareLate([]);
    assertEquals(quiet.median.reason?.endsWith("its samples are not spread over its time"), true, quiet.median.reason);
    const paused = await compareLate(switches([[2, 0], [62, 1]]));
    assertEquals([paused.median.verdict, paused.median.reason], ["slower", undefined]);
    // The pause is left out, and nothing else changes: as without it.
    const [whole] = await compareRows(rowsOf("work", 1, {}), rowsOf("work", 2, { factor: 1.5 }));
    assertEquals(paused.median.ratio, whole!.median.ratio);
    assertEquals(paused.median.interval, whole!.median.interval);
  });
});

describe("compare: groups of runs", () => {
  /** A run whose durations are 1 % of chance, and `offset` times as long as those of other runs. */
  const run = (simulation: number, offset: number): Row[] => rowsOf("x", simulation, { factor: offset });

  async function compareGroups(a: Row[][], b: Row[][]): Promise<Comparison> {
    using recordings = new Recordings();
    const open = (rows: Row[]) => TelemetryDB.open(recordings.write({ duration: rows }));
    const dbs = await Promise.all([...a, ...b].map(open));
    try {
      const frames = dbs.map((db) => db.duration());
      const [comparison] = await compare(frames.slice(0, a.length), frames.slice(a.length));
      return comparison!;
    } finally {
      for (const db of dbs) await db[Symbol.asyncDispose]();
    }
  }

  it("do not take for a change what differs from run to run", async () => {
    const a = [run(1, 1), run(2, 1.3), run(3, 0.8)];
    const b = [run(4, 1.35), run(5, 0.85), run(6, 1.1)];
    // Any two of them differ by more than their samples vary.
    assertEquals((await compareGroups([a[0]!], [b[0]!])).median.verdict, "slower");
    const { median, a: before } = await compareGroups(a, b);
    assertEquals([median.verdict, before!.runs!.length, before!.count], [
      "cannot tell",
      3,
      3 * before!.runs![0]!.count,
    ]);
    assert(median.needed! > 3, `${median.needed}`);
  });

  it("tell a change that is larger than what differs from run to run, and that there is none", async () => {
    const a = [run(1, 1), run(2, 1.01), run(3, 0.99)];
    assertEquals((await compareGroups(a, [run(4, 1.5), run(5, 1.52), run(6, 1.49)])).median.verdict, "slower");
    const same = await compareGroups(a.concat([run(7, 1)]), [run(4, 1), run(5, 1.01), run(6, 0.99), run(8, 1)]);
    assertEquals(same.median.verdict, "same");
    assertAlmostEquals(same.median.ratio!, 1, 0.03);
  });

  it("have as many as one run on either side, or several on both", async () => {
    const error = await assertRejects(() => compareGroups([run(1, 1)], [run(2, 1), run(3, 1)]), KymoError);
    assertEquals(
      error.message,
      "Cannot compare: 1 with 2: one run cannot be compared with several: give two or more of each",
    );
  });
});
