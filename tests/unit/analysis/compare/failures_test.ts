import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { compare, type Comparison, TelemetryDB } from "../../../../src/analysis/mod.ts";
import { compareFailures } from "../../../../src/analysis/compare/failures.ts";
import { recordFiles, type Rows } from "../../../support/analysis/recorded_files.ts";

const rows = (label: string, count: number): Rows =>
  Array.from({ length: count }, (_, i) => [1_700_000_000_000_000_000n + BigInt(i) * 1_000_000n, 0.01, label, 1]);

async function compared(a: readonly (readonly [string, number])[], b: readonly (readonly [string, number])[]) {
  const record = (run: readonly (readonly [string, number])[]) =>
    recordFiles({ "duration.1.csv": run.flatMap(([label, count]) => rows(label, count)) });
  using filesA = record(a);
  using filesB = record(b);
  await using before = await TelemetryDB.open(filesA.path);
  await using after = await TelemetryDB.open(filesB.path);
  return compareFailures(await compare(before.duration(), after.duration(), { replicates: 100 }), { confidence: 0.95 });
}

describe("compareFailures", () => {
  it("tells routes whose requests fail more or less often, the worst first", async () => {
    const [pay, orders, ...others] = await compared(
      [["/pay [GET]", 990], ["/pay [GET] 5xx", 10], ["/orders [GET]", 500], ["/orders [GET] threw", 500]],
      [["/pay [GET]", 900], ["/pay [GET] 5xx", 60], ["/pay [GET] aborted", 40], ["/orders [GET]", 1_000]],
    );
    assertEquals(others, []);
    assertEquals([pay?.route, pay?.verdict, pay?.a?.failed, pay?.b?.failed, pay?.b?.byOutcome], [
      "/pay [GET]",
      "more errors",
      10,
      100,
      { "4xx": 0, "5xx": 60, aborted: 40, threw: 0 },
    ]);
    assertEquals(Math.round(1_000 * (pay?.difference ?? 0)), 90);
    assert(pay!.interval![0] > 0 && pay!.interval![1] < 0.13);
    assertEquals([orders?.route, orders?.verdict, orders?.difference], ["/orders [GET]", "fewer errors", -0.5]);
  });

  it("cannot tell of few requests, and leaves out routes without failures, streams and other series", async () => {
    const comparisons = await compared(
      [["/a [GET]", 3], ["/b [GET]", 10], ["work", 10], ["/events [GET] stream", 10]],
      [["/a [GET]", 2], ["/a [GET] 5xx", 1], ["/b [GET]", 10], ["work", 1], ["/events [GET] stream", 10]],
    );
    assertEquals(comparisons.map(({ route, verdict }) => [route, verdict]), [["/a [GET]", "cannot tell"]]);
  });

  it("has no difference of a route that only one run has", async () => {
    const [only] = await compared([["/a [GET]", 3]], [["/b [GET] 4xx", 100]]);
    assertEquals([only?.route, only?.a, only?.difference, only?.verdict], [
      "/b [GET]",
      undefined,
      undefined,
      "cannot tell",
    ]);
  });

  it("compares groups by the shares of their runs, so that one outage does not count for all", () => {
    type Counts = readonly (readonly [ok: number, failed: number])[];
    const series = (label: string, at: 0 | 1, a: Counts, b: Counts): Comparison => {
      const side = (runs: Counts) => ({
        count: runs.reduce((sum, of) => sum + of[at], 0),
        median: 1,
        p99: 1,
        runs: runs.map((of, run) => ({ run, count: of[at], median: 1, p99: 1 })),
      });
      const none = { ratio: 1, interval: undefined, confidence: 0.95, verdict: "cannot tell" } as const;
      return { label, a: side(a), b: side(b), median: none, p99: none };
    };
    const groups = (a: Counts, b: Counts) =>
      compareFailures([series("/a [GET]", 0, a, b), series("/a [GET] 5xx", 1, a, b)])[0]!;
    const outage = groups([[1_000, 0], [1_000, 0], [1_000, 0]], [[1_000, 0], [500, 500], [1_000, 0]]);
    assertEquals(outage.verdict, "cannot tell");
    assert(outage.needed! > 3);
    const always = groups([[990, 10], [991, 9], [989, 11]], [[900, 100], [905, 95], [898, 102]]);
    assertEquals(always.verdict, "more errors");
    assertEquals(Math.round(1_000 * always.difference!), 89);
    assertEquals(groups([[900, 100], [905, 95]], [[990, 10], [991, 9]]).verdict, "fewer errors");
    const one = groups([[1_000, 10]], [[1_000, 10], [1_000, 11]]);
    assertEquals([one.verdict, one.reason, one.needed], ["cannot tell", "only one run of a side has it", 2]);
  });
});
