import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { TelemetryDB } from "../../../src/analysis/mod.ts";
import { BUCKETS } from "../../../src/analysis/compare/timed_histogram.ts";
import { DURATION_BUCKETS } from "../../../src/report/shared/report_buckets.ts";
import { ExponentialBuckets } from "../../../src/statistics/exponential_histogram.ts";
import { quantileOfSorted } from "../../../src/statistics/quantiles.ts";
import { randomNumbers } from "../../support/random.ts";

describe("ExponentialBuckets", () => {
  for (const [name, buckets] of Object.entries({ report: DURATION_BUCKETS, compare: BUCKETS })) {
    it(`gives a value the same bucket in SQL as in JavaScript: ${name}`, async () => {
      const random = randomNumbers(2);
      const values = [0, -0, -1, -Infinity, 1e-9, 2e-9, 5e-324, Number.MAX_VALUE, Infinity];
      for (let power = -60; power < 40; power++) values.push(2 ** power, 1e-9 * 2 ** power);
      for (let index = 0; index < 800; index++) values.push(buckets.lowerBound(index), buckets.lowerBound(index + 0.5));
      for (let i = 0; i < 20_000; i++) values.push(10 ** (20 * random() - 12));
      await using db = await TelemetryDB.open([]);
      const sql = `SELECT (${buckets.indexInSql("d")})::DOUBLE AS bucket FROM (SELECT unnest($1) AS d)`;
      const table = await db.sql(sql, [values]);
      assertEquals([...table.columns()["bucket"] as Float64Array], values.map((value) => buckets.indexOf(value)));
    });
  }

  it("holds the middle of each bucket in that bucket", () => {
    for (const index of [0, 1, 15, 16, 500]) {
      assertEquals(DURATION_BUCKETS.indexOf(DURATION_BUCKETS.lowerBound(index + 0.5)), index);
    }
  });

  it("converts logarithms of values to positions among the buckets, and back", () => {
    for (const buckets of [DURATION_BUCKETS, BUCKETS]) {
      assertAlmostEquals(buckets.logAt(7.5), Math.log(buckets.lowerBound(7.5)), 1e-12);
      assertAlmostEquals(buckets.positionOfLog(buckets.logAt(-3.25)), -3.25, 1e-12);
    }
  });

  it("counts what is below the lowest bucket in it, and infinity in a bucket of its own", () => {
    assertEquals([0, -1, 1e-10].map((value) => DURATION_BUCKETS.indexOf(value)), [0, 0, 0]);
    assertEquals([0, -Infinity, 5e-324, Number.MAX_VALUE, Infinity].map((value) => BUCKETS.indexOf(value)), [
      -80_000,
      -80_000,
      -68_736,
      65_536,
      80_000,
    ]);
  });
});

describe("ExponentialBuckets.quantile", () => {
  const buckets = new ExponentialBuckets({ perOctave: 1, lowest: 0, infinite: 2_000 });

  it("interpolates between ranks, a value alone in its bucket being its middle", () => {
    const [one, three] = [buckets.lowerBound(1.5), buckets.lowerBound(3.5)];
    const counts = [0, 1, 0, 1];
    assertEquals([0, 1].map((q) => buckets.quantile(counts, q)), [one, three]);
    assertAlmostEquals(buckets.quantile(counts, 0.25), one + (three - one) / 4, 1e-12);
  });

  it("spreads the values of a bucket over it", () => {
    const at = (q: number) => buckets.quantile([2, 5], q, { first: 10 });
    assertAlmostEquals(at(2 / 6), buckets.lowerBound(11.1), 1e-9);
    assertAlmostEquals(at(4 / 6), buckets.lowerBound(11.5), 1e-9);
    assertAlmostEquals(at(1), buckets.lowerBound(11.9), 1e-9);
  });

  it("spreads them between the smallest and the largest one where these are known", () => {
    const spread = { lows: [0.25, 0.5], highs: [0.75, 0.5] };
    const at = (q: number) => buckets.quantile([3, 2], q, spread);
    assertEquals([0, 0.25, 0.5, 0.75, 1].map(at), [0.25, 0.5, 0.75, 1.5, 1.5].map((at) => buckets.lowerBound(at)));
  });

  it("is a constant of a constant, wherever in its bucket, and whatever else there is", () => {
    const where = [0.02, 0.98];
    for (const place of where) {
      const spread = { lows: [place, 0, 0.3], highs: [place, 1, 0.3] };
      for (const counts of [[100, 0, 1], [100, 0, 30], [57, 0, 9]]) {
        assertEquals(buckets.quantile(counts, 0.5, spread), buckets.lowerBound(place));
      }
    }
  });

  it("takes the smallest and the largest value as they are, and stays between them", () => {
    assertEquals([0, 1].map((q) => buckets.quantile([1, 1], q, { min: 0, max: 3.5 })), [0, 3.5]);
    assertEquals(buckets.quantile([0, 9], 0.5, { min: 2, max: 2.1 }), 2.1);
  });

  it("is NaN of nothing", () => assertEquals([[], [0, 0]].map((counts) => buckets.quantile(counts, 0.5)), [NaN, NaN]));

  it("is off by a bucket at most", () => {
    const random = randomNumbers(5);
    for (let round = 0; round < 50; round++) {
      const values = Float64Array.from({ length: 1 + 40 * random() }, () => 10 ** (9 * random() - 6)).sort();
      const counts: number[] = [];
      for (const value of values) {
        counts[DURATION_BUCKETS.indexOf(value)] = (counts[DURATION_BUCKETS.indexOf(value)] ?? 0) + 1;
      }
      for (const q of [0, 0.3, 0.5, 0.99, 1]) {
        const ratio = DURATION_BUCKETS.quantile(counts, q) / quantileOfSorted(values, q);
        assert(Math.abs(ratio - 1) < 0.045, `${q}: ${ratio}`);
      }
    }
  });
});
