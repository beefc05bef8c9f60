import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  describeNumbers,
  measurementsPerSecond,
  sumBySecondDifference,
  sumBySecondRatio,
  TelemetryDB,
} from "../../../../src/analysis/mod.ts";
import { EVER, FOREVER } from "../../../../src/analysis/programs/pauses.ts";
import { recordFiles, type Rows } from "../../../support/analysis/recorded_files.ts";

const SECOND = 1_000_000_000n;

/** Rows of process 1 at some seconds. */
const at = (label: string, ...seconds: readonly number[]): Rows =>
  seconds.map((second) => [BigInt(Math.round(second * 1e9)), 2, label, 1]);

/** Rows that switch recording. */
const switched = (...rows: readonly (readonly [second: number, value: number, label?: string])[]): Rows =>
  rows.map(([second, value, label = "recording"]) => [BigInt(Math.round(second * 1e9)), value, label, 1]);

const A = "1-0000000a";
const B = "1-0000000b";

describe("series of a recording that was off for a while", () => {
  const rows = at("a", 0, 0.5, 1, 4.5, 6);

  it("are absent in intervals of the pause, and not zero", async () => {
    using files = recordFiles({
      [`duration.${A}-000001.csv`]: rows,
      [`runtime.${A}-000001.csv`]: switched([1.5, 0], [4.25, 1]),
    });
    await using db = await TelemetryDB.open(files.path);
    const series = db.duration().timeSeries("a");
    const { count, sum, mean, recorded } = await series.resample("1s");
    assertEquals([...count], [2, 1, NaN, NaN, 1, 0, 1]);
    assertEquals([...sum], [4, 2, NaN, NaN, 2, 0, 2]);
    assertEquals([...mean], [2, 2, NaN, NaN, 2, NaN, 2]);
    assertEquals([...recorded], [1, 0.5, 0, 0, 0.75, 1, 1]);
    const { values } = await measurementsPerSecond(series);
    assertEquals([...values], [2, NaN, NaN, NaN, NaN, 0, 1]);
    assertEquals(describeNumbers(values).mean, 1);
  });

  it("are what they always were without such rows", async () => {
    using files = recordFiles({ [`duration.${A}-000001.csv`]: rows, [`runtime.${A}-000001.csv`]: at("rss", 0, 6) });
    await using db = await TelemetryDB.open(files.path);
    const { count, recorded } = await db.duration().timeSeries("a").resample("1s");
    assertEquals([[...count], [...recorded]], [[2, 1, 0, 0, 1, 0, 1], [1, 1, 1, 1, 1, 1, 1]]);
    assertEquals([...(await measurementsPerSecond(db.duration().timeSeries("a"))).values], [2, 1, 0, 0, 1, 0, 1]);
    assertEquals((await db.pauses()).isEmpty, true);
  });

  it("are recorded as long as one process records them", async () => {
    using files = recordFiles({
      [`duration.${A}-000001.csv`]: at("a", 0, 1, 8, 9),
      [`duration.${B}-000001.csv`]: at("a", 2, 4),
      [`runtime.${A}-000001.csv`]: switched([2, 0], [8, 1]),
    });
    await using db = await TelemetryDB.open(files.path);
    const series = db.duration().timeSeries("a");
    assertEquals([...(await series.resample("1s")).count], [1, 1, 1, 0, 1, NaN, NaN, NaN, 1, 1]);
    const own = await series.resample("1s", { isolate: "0000000a" });
    assertEquals([...own.count], [1, 1, NaN, NaN, NaN, NaN, NaN, NaN, 1, 1]);
  });

  it("have rows that were on their way when recording was switched off", async () => {
    using files = recordFiles({
      [`duration.${A}-000001.csv`]: at("a", 0, 2.5, 5),
      [`runtime.${A}-000001.csv`]: switched([1, 0], [4, 1]),
    });
    await using db = await TelemetryDB.open(files.path);
    assertEquals([...(await db.duration().timeSeries("a").resample("1s")).count], [1, NaN, 1, NaN, 0, 1]);
  });

  it("of another channel, and with labels that were not switched off, go on", async () => {
    using files = recordFiles({
      [`duration.${A}-000001.csv`]: [...at("a", 0, 3), ...at("b", 0, 3)],
      [`sales.${A}-000001.csv`]: at("a", 0, 3),
      [`runtime.${A}-000001.csv`]: switched([1, 0, "recording channel sales"], [1, 0, "recording label b*"], [3, 1]),
    });
    await using db = await TelemetryDB.open(files.path);
    const counts = async (channel: string, label: string): Promise<number[]> => [
      ...(await db.frame(channel).timeSeries(label).resample("1s")).count,
    ];
    assertEquals(await counts("duration", "a"), [1, 0, 0, 1]);
    assertEquals(await counts("duration", "b"), [1, NaN, NaN, 1]);
    assertEquals(await counts("sales", "a"), [1, NaN, NaN, 1]);
  });

  it("are compared second by second where both were recorded", async () => {
    using files = recordFiles({
      [`duration.${A}-000001.csv`]: [...at("a", 0.25, 1, 4), ...at("b", 0.5, 1, 4, 4)],
      [`runtime.${A}-000001.csv`]: switched([1.5, 0], [3.5, 1], [4.5, 0, "recording label a"]),
    });
    await using db = await TelemetryDB.open(files.path);
    const [a, b] = [db.duration().timeSeries("a"), db.duration().timeSeries("b")];
    const { ratio, series } = await sumBySecondRatio(b, a);
    assertEquals([ratio, ...series.values], [8 / 6, 1, 1, NaN, NaN, NaN]);
    assertEquals((await sumBySecondDifference(a, b)).ratio, 0.25);
  });
});

describe("the rows that switch recording", () => {
  const names = { [`custom.${A}-000001.csv`]: at("recording", 0), [`duration.${A}-000001.csv`]: at("a", 0) };

  it("are rows for SQL and for export, and no series", async () => {
    const runtime = [...switched([0, 0], [1, 1], [2, 0, "recording label a*"]), ...at("rss", 0)];
    using files = recordFiles({ ...names, [`runtime.${A}-000001.csv`]: runtime });
    await using db = await TelemetryDB.open(files.path);
    assertEquals(await db.runtime().labels(), ["rss"]);
    assertEquals((await db.runtime().describe()).map(({ label }) => label), ["rss"]);
    assertEquals(await db.custom().labels(), ["recording"]); // the program's own
    assertEquals(await db.all().labels(), ["a", "recording", "rss"]);
    assertEquals((await db.runtime().timeSeries("recording").data()).measurements, new Float64Array([0, 1]));
    const path = `${files.path}/all.parquet`;
    assertEquals(await db.exportParquet(path), { rows: 6 });
    const [{ n } = {}] = (await db.sql(`SELECT count(*)::DOUBLE AS n FROM '${path}' WHERE Label LIKE 'recording%'`))
      .rows();
    assertEquals(n, 4);
  });

  it("say when recording was off also in layout append, by PID", async () => {
    using files = recordFiles({ "runtime.csv": [...switched([1, 0], [2, 1]), [3n * SECOND, 0, "recording", 2]] });
    await using db = await TelemetryDB.open(files.path);
    const pauses = await db.pauses();
    assertEquals(pauses.of({ pid: 1, isolate: "" }), [{ from: SECOND, to: 2n * SECOND }]);
    assertEquals(pauses.of({ pid: 2, isolate: "" }), [{ from: 3n * SECOND, to: FOREVER }]);
    assertEquals(pauses.of({ pid: 1, isolate: "0000000a" }), []);
  });

  it("say that it was off before, if rows from before may not have been read", async () => {
    using files = recordFiles({
      [`runtime.${A}-000002.csv`]: [...switched([100, 1]), ...at("rss", 101)],
      [`runtime.${B}-000002.csv`]: [...at("rss", 99), ...switched([100, 1])],
    });
    await using whole = await TelemetryDB.open(files.path);
    assertEquals((await whole.pauses()).of({ pid: 1, isolate: "0000000a" }), []);
    await using part = await TelemetryDB.open(files.path, { from: 50n * SECOND });
    assertEquals((await part.pauses()).of({ pid: 1, isolate: "0000000a" }), [{ from: EVER, to: 100n * SECOND }]);
    // Of this one something was recorded before, so it was on.
    assertEquals((await part.pauses()).of({ pid: 1, isolate: "0000000b" }), []);
  });

  it("with other values than 0 and 1 say nothing", async () => {
    using files = recordFiles({ ...names, [`runtime.${A}-000001.csv`]: switched([0, 17], [1, NaN], [2, Infinity]) });
    await using db = await TelemetryDB.open(files.path);
    assertEquals((await db.pauses()).isEmpty, true);
    assertEquals(await db.runtime().labels(), []);
  });

  it("count one in a part of the time if there are too many", async () => {
    const rows = Array.from({ length: 150_000 }, (_, i) => [BigInt(i) * SECOND, i % 2, "recording", 1] as const);
    rows.push([200_000n * SECOND, 0, "recording", 1]);
    using files = recordFiles({ [`runtime.${A}-000001.csv`]: rows });
    await using db = await TelemetryDB.open(files.path);
    const pauses = (await db.pauses()).of({ pid: 1, isolate: "0000000a" });
    assertEquals(pauses.length > 1 && pauses.length <= 50_001, true, `${pauses.length}`);
    assertEquals(pauses.at(-1), { from: 200_000n * SECOND, to: FOREVER });
  });
});
