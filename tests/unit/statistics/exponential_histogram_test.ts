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
      for (let index = 0; index < 800; index++) values.push(buckets.lowerBound(index), buckets.middle(index));
      for (let i = 0; i < 20_000; i++) values.push(10 ** (20 * random() - 12));
      await using db = await TelemetryDB.open([]);
      const sql = `SELECT (${buckets.indexInSql("d")})::DOUBLE AS bucket FROM (SELECT unnest($1) AS d)`;
      const table = await db.sql(sql, [values]);
      assertEquals([...table.columns()["bucket"] as Float64Array], values.map((value) => buckets.indexOf(value)));
    });
  }

  it("holds the middle of each bucket in that bucket", () => {
    for (const index of [0, 1, 15, 16, 500]) {
      assertEquals(DURATION_BUCKETS.indexOf(DURATION_BUCKETS.middle(index)), index);
    }
  });

  it("converts logarithms of values to positions among the buckets, and back", () => {
    for (const buckets of [DURATION_BUCKETS, BUCKETS]) {
      assertAlmostEquals(buckets.logAt(7.5), Math.log(buckets.middle(7)), 1e-12);
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

  it("interpolates between the middles of buckets", () => {
    const [one, three] = [buckets.middle(1), buckets.middle(3)];
    const counts = [0, 1, 0, 1];
    assertEquals([0, 1].map((q) => buckets.quantile(counts, q)), [one, three]);
    assertAlmostEquals(buckets.quantile(counts, 0.25), one + (three - one) / 4, 1e-12);
    assertEquals(buckets.quantile([2, 5], 0.5, { first: 10 }), buckets.middle(11));
  });

  it("takes the smallest and the largest value as they are, and stays between them", () => {
    assertEquals([0, 1].map((q) => buckets.quantile([1, 1], q, { min: 0, max: 3.5 })), [0, 3.5]);
    assertEquals(buckets.quantile([0, 9], 0.5, { min: 2, max: 2.1 }), 2.1);
  });

  it("is NaN of nothing", () => assertEquals([[], [0, 0]].map((counts) => buckets.quantile(counts, 0.5)), [NaN, NaN]));

  it("is off by half a bucket at most", () => {
    const random = randomNumbers(5);
    for (let round = 0; round < 50; round++) {
      const values = Float64Array.from({ length: 1 + 40 * random() }, () => 10 ** (9 * random() - 6)).sort();
      const counts: number[] = [];
      for (const value of values) {
        counts[DURATION_BUCKETS.indexOf(value)] = (counts[DURATION_BUCKETS.indexOf(value)] ?? 0) + 1;
      }
      for (const q of [0, 0.3, 0.5, 0.99, 1]) {
        const ratio = DURATION_BUCKETS.quantile(counts, q) / quantileOfSorted(values, q);
        assert(Math.abs(ratio - 1) < 0.022, `${q}: ${ratio}`);
      }
    }
  });
});
