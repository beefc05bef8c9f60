import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { summarize } from "../../../../src/analysis/summary/summary.ts";
import { recordFiles, type Rows } from "../../../support/analysis/recorded_files.ts";

const SECOND = 1_000_000_000n;

/** Rows of process 1: a label, and values at seconds. */
const rows = (label: string, ...values: readonly (readonly [second: number, value: number])[]): Rows =>
  values.map(([second, value]) => [BigInt(second) * SECOND, value, label, 1]);

/** How much the counters of a recording grew. */
async function growths(...runtime: Rows[]): Promise<Record<string, number | undefined>> {
  using files = recordFiles({ "runtime.1-0000000a-000001.csv": runtime.flat() });
  await using db = await TelemetryDB.open(files.path);
  const { runtime: series } = await summarize(db, { quantiles: [] });
  return Object.fromEntries(series.map(({ label, growth }) => [label, growth]));
}

describe("the growth of counters in a summary", () => {
  const counters = [
    rows("user time", [0, 10], [1, 11], [9, 50], [10, 52]),
    rows("gc collections", [0, 100], [1, 105], [9, 1], [10, 4]), // the sampler began anew
  ];

  it("is that of the times in which they were recorded", async () => {
    const switches = rows("recording", [2, 0], [8, 1]);
    assertEquals(await growths(...counters, switches), { "user time": 3, "gc collections": 8 });
  });

  it("goes on over pauses of other channels", async () => {
    const switches = rows("recording channel sales", [2, 0], [8, 1]);
    assertEquals((await growths(counters[0]!, switches))["user time"], 42);
  });

  it("is not known without pauses, if they decrease", async () => {
    assertEquals(await growths(...counters), { "user time": 42, "gc collections": NaN });
  });
});
