import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { condition, restrict, type Selection } from "../../../../src/analysis/frames/selection.ts";
import {
  compare,
  type DescribeOptions,
  type DuckDBOptions,
  type ResampleOptions,
  type SeriesSelection,
  TelemetryDB,
  type TelemetryFrame,
} from "../../../../src/analysis/mod.ts";
import { KymoError } from "../../../../src/errors.ts";
import { recordFiles } from "../../../support/analysis/recorded_files.ts";

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

describe("selections", () => {
  it("treat * and ? in labels as patterns, and all other characters literally", async () => {
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

  it("match any of several labels, and nothing for an empty list", async () => {
    using files = recordFiles({ "duration.1.csv": LABELS.map((label, i) => [BigInt(i), 1, label, 1] as const) });
    await using db = await TelemetryDB.open(files.path);
    const selected = async (labels: readonly string[]) => await db.all().where({ labels, from: 1n }).labels();
    assertEquals(await selected(["a_b", "* [GET]", "100%"]), ["/version [GET]", "a_b"]);
    assertEquals(await selected(["a_b"]), ["a_b"]);
    assertEquals(await selected([]), []);
    assertEquals(condition({ labels: ["a", "b"], pids: [1] }), "(Label = 'a' OR Label = 'b') AND PID IN (1)");
    assertEquals(condition({ labels: [] }), "false");
  });

  it("can be exported to Parquet", async () => {
    using files = recordFiles({ "duration.1.csv": LABELS.map((label, i) => [BigInt(i), 1, label, 1] as const) });
    await using db = await TelemetryDB.open(files.path);
    const path = `${files.path}/selected.parquet`;
    assertEquals(await db.all().where({ labels: ["/version*", "1000"], from: 2n }).exportParquet(path), { rows: 2 });
    const table = await db.sql(`SELECT Label, Channel FROM '${path}' ORDER BY Label`);
    assertEquals(table.rows(), [
      { Label: "/version [GET]", Channel: "duration" },
      { Label: "/version [POST]", Channel: "duration" },
    ]);
  });

  it("include the start of a time range and exclude its end, to the nanosecond", async () => {
    const start = 1_700_000_000_000_000_000n;
    using files = recordFiles({ "duration.1.csv": [0n, 1n, 2n].map((i) => [start + i, Number(i), "a", 1] as const) });
    await using db = await TelemetryDB.open(files.path);
    const series = db.duration().timeSeries("a");
    assertEquals((await series.data({ from: start + 1n })).measurements, new Float64Array([1, 2]));
    assertEquals((await series.data({ from: start + 1n, to: start + 2n })).measurements, new Float64Array([1]));
    assertEquals((await series.where({ to: start + 2n }).data({ from: start })).measurements, new Float64Array([0, 1]));
    assertEquals((await series.data({ from: -(2n ** 70n), to: 2n ** 70n })).measurements.length, 3);
  });

  it("match nothing for an empty list of processes, and everything without conditions", () => {
    assertEquals(condition({ pids: [] }), "false");
    assertEquals(condition({ pids: [1, 2], labels: "x" }), "Label = 'x' AND PID IN (1, 2)");
    assertEquals(restrict("rows", {}), "rows");
  });

  it("reject conditions of the wrong type", () => {
    const wrong = [{ labels: 1 }, { labels: ["a", 1] }, { pids: [1.5] }, { pids: ["1"] }, { from: 5 }, {
      to: "now",
    }] as unknown as Selection[];
    for (const selection of wrong) {
      const error = assertThrows(() => condition(selection), KymoError, "Cannot select: ");
      assertEquals(error.code, "invalid-argument");
    }
  });
});

describe("arguments of the analysis API", () => {
  it("are rejected if unknown or of the wrong type", async () => {
    await using db = await TelemetryDB.open([]);
    const frame = db.duration();
    const series = frame.timeSeries("a");
    const wrong: [() => unknown, string][] = [
      [() => frame.where({ label: "a" } as Selection), 'Cannot select: there is no such option: "label"'],
      [() => frame.where({ pids: 5 } as unknown as Selection), "Cannot select: pids must be an array of PIDs: 5"],
      [() => frame.where(null as unknown as Selection), "Cannot select: options must be an object: null"],
      [
        () => frame.where({ from: 1 } as unknown as Selection),
        "Cannot select: from must be a bigint, ns since 1970: 1",
      ],
      [
        () => frame.where({ labels: [1] } as unknown as Selection),
        "Cannot select: labels must be a string or an array",
      ],
      [() => frame.timeSeries(undefined as unknown as string), "Cannot select: undefined: a label must be a string"],
      [() => frame.describe({ quantile: [0.5] } as DescribeOptions), "Cannot describe: there is no such option"],
      [() => frame.describe({ quantiles: "p50" } as unknown as DescribeOptions), "Cannot describe: quantiles must be"],
      [() => series.where({ pids: [1] } as SeriesSelection), 'Cannot select: there is no such option: "pids"'],
      [() => series.data({ pid: -1 }), "Cannot select: pid must be a PID: -1"],
      [() => series.resample("5s", { byPid: true } as ResampleOptions), "Cannot resample: there is no such option"],
      [() => compare(db as unknown as TelemetryFrame, frame), "Cannot compare: an object: must be a TelemetryFrame"],
      [() => TelemetryDB.open(undefined as unknown as string), "Cannot read: the source must be a path, or an array"],
      [() => TelemetryDB.open(""), "Cannot read: the source must be a path, or an array of paths"],
      [() => TelemetryDB.open([], { memory: "1GB" } as DuckDBOptions), "Cannot analyse: there is no such option"],
      [() => db.sql(""), "Cannot query: there is no statement"],
    ];
    for (const [use, message] of wrong) {
      const error = await assertRejects(async () => await use(), KymoError, message);
      assertEquals(error.code, "invalid-argument", message);
    }
  });
});
