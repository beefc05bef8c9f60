import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  describeNumbers,
  measurementsPerSecond,
  type SecondSums,
  type Statistics,
  sumBySecondDifference,
  sumBySecondRatio,
  TelemetryDB,
} from "../../../../src/analysis/mod.ts";

/** The output of `expected.py`; numbers are texts, separated by spaces in lists. */
interface Expected {
  readonly frames: Readonly<Record<string, readonly ExpectedSeries[]>>;
  readonly compared: Readonly<Record<string, readonly ExpectedComparison[]>>;
}
interface ExpectedStatistics extends Readonly<Record<"count" | "mean" | "std" | "min" | "max" | "sum", string>> {
  readonly quantiles: string;
}
interface ByTime {
  readonly timepoints: string;
  readonly values: string;
}
interface ExpectedSeries {
  readonly label: string;
  readonly all: ExpectedStatistics;
  readonly byPid: readonly (ExpectedStatistics & { readonly pid: number })[];
  readonly perSecond: Readonly<Record<"count" | "sum" | "mean", ByTime>>;
  readonly perSecondDescribed: ExpectedStatistics;
}
interface ExpectedComparison {
  readonly labels: readonly [string, string];
  readonly difference: ByTime & { readonly ratio: string };
  readonly ratio: ByTime & { readonly ratio: string };
}

const expected: Expected = JSON.parse(readFileSync(new URL("expected.json", import.meta.url), "utf8"));
const recorded = fileURLToPath(new URL("recorded", import.meta.url));

/**
 * Equal to 12 digits, twice as many as pandas prints. Not to the last bit: pandas adds numbers in
 * another order, and interpolates by another formula. `scale` is the magnitude of the largest
 * summand, if that is larger than the number.
 */
function assertSame(actual: number, text: string, what: string, scale = 0): void {
  const number = Number(text);
  const same = Object.is(actual, number) || actual === number ||
    Math.abs(actual - number) <= 1e-12 * Math.max(Math.abs(number), scale);
  assert(same, `${what}: ${actual}, but ${text} in pandas`);
}

function assertAllSame(actual: ArrayLike<number>, texts: string, what: string): void {
  const numbers = numbersIn(texts);
  assertEquals(actual.length, numbers.length, what);
  for (const [index, text] of numbers.entries()) assertSame(actual[index]!, text, `${what}[${index}]`);
}

function numbersIn(texts: string): string[] {
  return texts === "" ? [] : texts.split(" ");
}

function assertSameStatistics(actual: Statistics, expected: ExpectedStatistics, what: string): void {
  const hasInfinity = [actual.min, actual.max].some((value) => Math.abs(value) === Infinity);
  /** What exceeds the range of a double is infinite in pandas, and NaN here. */
  const inRange = (text: string): string => !hasInfinity && Math.abs(Number(text)) === Infinity ? "NaN" : text;
  for (const name of ["count", "std", "min", "max"] as const) {
    assertSame(actual[name], inRange(expected[name]), `${what} ${name}`);
  }
  // A sum such as 1e16 + 1 - 1e16 + 0.1 is only as exact as its largest summand.
  const scale = Math.max(Math.abs(actual.min), Math.abs(actual.max));
  const finite = Number.isFinite(scale) ? scale : 0;
  assertSame(actual.sum, inRange(expected.sum), `${what} sum`, finite);
  assertSame(actual.mean, inRange(expected.mean), `${what} mean`, finite);
  for (const [index, text] of numbersIn(expected.quantiles).entries()) {
    const { q, value } = actual.quantiles[index]!;
    // pandas interpolates as a + (b - a) * t, which is NaN wherever b is infinite, even at t = 0.
    if (text === "NaN" && actual.max === Infinity) continue;
    assertSame(value, text, `${what} quantile ${q}`);
  }
}

function assertSameSums(actual: SecondSums, expected: ByTime & { readonly ratio: string }): void {
  assertSame(actual.ratio, expected.ratio, "ratio");
  assertEquals(Array.from(actual.series.timepoints, String), numbersIn(expected.timepoints));
  assertAllSame(actual.series.values, expected.values, "by second");
}

describe("results equal those of pandas", () => {
  for (const [channel, series] of Object.entries(expected.frames)) {
    it(`for describe on ${channel}, in total and by PID`, async () => {
      await using db = await TelemetryDB.open(recorded);
      const frame = db.frame(channel);
      assertEquals(db.reading.unread, 0);
      assertEquals(await frame.labels(), series.map(({ label }) => label));
      const [all, byPid] = [await frame.describe(), await frame.describe({ byProcess: true })];
      for (const [index, { label, all: whole, byPid: parts }] of series.entries()) {
        assertEquals(all[index]?.label, label);
        assertSameStatistics(all[index]!, whole, label);
        const ours = byPid.filter((description) => description.label === label);
        assertEquals(ours.map(({ pid }) => pid), parts.map(({ pid }) => pid));
        for (const [i, part] of parts.entries()) assertSameStatistics(ours[i]!, part, `${label} ${part.pid}`);
      }
    });

    it(`for resample of each series of ${channel} by second`, async () => {
      await using db = await TelemetryDB.open(recorded);
      await db.load();
      for (const { label, perSecond, perSecondDescribed } of series) {
        const one = db.frame(channel).timeSeries(label);
        const ours = await one.resample("1s");
        for (const name of ["count", "sum", "mean"] as const) {
          assertEquals(Array.from(ours.timepoints, String), numbersIn(perSecond[name].timepoints));
          if (label === "cancelling") continue; // all in one second: described above
          // The resampler of pandas 1.5 sums Infinity and 1 to NaN.
          if (/infinit/.test(label) && name !== "count") continue;
          assertAllSame(ours[name], perSecond[name].values, `${label} ${name}`);
        }
        const { values } = await measurementsPerSecond(one);
        assertEquals(values, ours.count);
        assertSameStatistics(describeNumbers(values), perSecondDescribed, `${label} per second`);
      }
    });
  }

  for (const [channel, comparisons] of Object.entries(expected.compared)) {
    it(`for sums by second of two series of ${channel}`, async () => {
      await using db = await TelemetryDB.open(recorded);
      for (const { labels, difference, ratio } of comparisons) {
        const [a, b] = labels.map((label) => db.frame(channel).timeSeries(label));
        assertSameSums(await sumBySecondDifference(a!, b!), difference);
        assertSameSums(await sumBySecondRatio(a!, b!), ratio);
      }
    });
  }
});

describe("describeNumbers", () => {
  it("gives the same results as describe in DuckDB", async () => {
    await using db = await TelemetryDB.open(recorded);
    for (const { label } of expected.frames.custom!) {
      const one = db.custom().timeSeries(label);
      const [theirs] = await one.describe();
      const { label: _, ...statistics } = theirs!;
      const numbers = (await one.data()).measurements;
      const ours = describeNumbers(numbers);
      for (const name of ["count", "min", "max"] as const) {
        assertEquals(ours[name], statistics[name], `${label} ${name}`);
      }
      const scale = Number.isFinite(ours.max) ? Math.max(Math.abs(ours.min), Math.abs(ours.max)) : 0;
      for (const name of ["mean", "std", "sum"] as const) {
        assertSame(ours[name], String(statistics[name]), `${label} ${name}`, scale);
      }
      for (const [index, { value }] of ours.quantiles.entries()) {
        assertSame(value, String(statistics.quantiles[index]!.value), `${label} quantile`);
      }
    }
  });
});
