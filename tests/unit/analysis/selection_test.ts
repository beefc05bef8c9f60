import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { condition, restrict, type Selection } from "../../../src/analysis/selection.ts";
import { TelemetryDB } from "../../../src/analysis/mod.ts";
import { UsageError } from "../../../src/errors.ts";
import { recordFiles } from "./recorded_files.ts";

const LABELS = [
  "100%",
  "1000",
  "a\\b",
  "a_b",
  "axb",
  "it's",
  "/version [GET]",
  "/version [POST]",
  "two\nlines",
  "*",
  "",
  "😀",
];

describe("a selection", () => {
  it("of labels takes * and ? for patterns, and all else for itself", async () => {
    using files = recordFiles({ "duration.1.csv": LABELS.map((label, i) => [BigInt(i), 1, label, 1] as const) });
    await using db = await TelemetryDB.open(files.path);
    const selected = async (labels: string) => await db.duration().where({ labels }).labels();
    for (const label of LABELS.filter((label) => label !== "*")) assertEquals(await selected(label), [label]);
    assertEquals(await selected("*"), LABELS.toSorted());
    assertEquals(await selected("* [GET]"), ["/version [GET]"]);
    assertEquals(await selected("a?b"), ["a\\b", "a_b", "axb"]);
    assertEquals(await selected("a_?"), ["a_b"]);
    assertEquals(await selected("*%"), ["100%"]);
    assertEquals(await selected("?"), ["*", "😀"]);
    assertEquals(await selected("two?l*"), ["two\nlines"]);
    assertEquals(await selected("' OR true OR '*"), []);
  });

  it("of times has its beginning and not its end, to the nanosecond", async () => {
    const start = 1_700_000_000_000_000_000n;
    using files = recordFiles({ "duration.1.csv": [0n, 1n, 2n].map((i) => [start + i, Number(i), "a", 1] as const) });
    await using db = await TelemetryDB.open(files.path);
    const series = db.duration().timeSeries("a");
    assertEquals((await series.data({ from: start + 1n })).measurements, new Float64Array([1, 2]));
    assertEquals((await series.data({ from: start + 1n, to: start + 2n })).measurements, new Float64Array([1]));
    assertEquals((await series.where({ to: start + 2n }).data({ from: start })).measurements, new Float64Array([0, 1]));
    assertEquals((await series.data({ from: -(2n ** 70n), to: 2n ** 70n })).measurements.length, 3);
  });

  it("of no processes selects nothing, and an empty one everything", () => {
    assertEquals(condition({ pids: [] }), "false");
    assertEquals(condition({ pids: [1, 2], labels: "x" }), "Label = 'x' AND PID IN (1, 2)");
    assertEquals(restrict("rows", {}), "rows");
  });

  it("refuses what is of the wrong type", () => {
    const wrong = [{ labels: 1 }, { pids: [1.5] }, { pids: ["1"] }, { from: 5 }, {
      to: "now",
    }] as unknown as Selection[];
    for (const selection of wrong) assertThrows(() => condition(selection), UsageError, "Cannot select: ");
  });
});
