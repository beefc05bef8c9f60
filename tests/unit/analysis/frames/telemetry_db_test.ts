import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { KymoError } from "../../../../src/errors.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { recordFiles, type Rows } from "../../../support/analysis/recorded_files.ts";

const NANOSECOND = 1_700_000_000_123_456_789n;

const RUNTIME_SERIES = {
  gcCollections: "gc collections",
  gcCollected: "gc collected",
  gcUncollectable: "gc uncollectable",
  gcPause: "gc pause",
  userTime: "user time",
  systemTime: "system time",
  rss: "rss",
  maxRss: "max rss",
  heapUsed: "heap used",
  heapTotal: "heap total",
  external: "external",
  eventLoopLag: "event loop lag",
} as const;

/** What users of the original did: a database with a series of one's own. */
class Requests extends TelemetryDB {
  readonly unit = "ms";

  async failedShare(): Promise<number[]> {
    const table = await this.sql(
      "SELECT avg((Label LIKE '%5xx')::INT)::DOUBLE AS share FROM duration GROUP BY Timepoint // 1000000000 ORDER BY ALL",
    );
    return table.rows().map(({ share }) => Number(share));
  }
}

describe("a class that extends TelemetryDB", () => {
  it("is what its open returns, with its own methods and fields", async () => {
    const csv = ["0,0.5,/pay [GET],1", "1,0.5,/pay [GET] 5xx,1", "1000000000,0.5,/pay [GET],1"];
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("duration.csv"), `Timepoint,Measurement,Label,PID\r\n${csv.join("\r\n")}\r\n`);
    await using db: Requests = await Requests.open(scratch.path);
    assertEquals([db instanceof Requests, db.unit, await db.failedShare()], [true, "ms", [0, 0.5]]);
    assertEquals((await db.duration().labels()).length, 2);
    await using plain = await TelemetryDB.open(scratch.path);
    assertEquals(plain instanceof Requests, false);
  });
});

describe("TelemetryDB", () => {
  it("has a frame and a view for each channel, and for all channels", async () => {
    using files = recordFiles({
      "duration.1.csv": [[NANOSECOND, 0.5, "a", 1]],
      "duration.2.csv": [[NANOSECOND, 0.25, "b", 2]],
      "gauge.1.csv": [[NANOSECOND, 17, "queue", 1]],
    });
    await using db = await TelemetryDB.open(files.path);
    assertEquals(db.channels(), ["duration", "gauge"]);
    assertEquals(await db.duration().labels(), ["a", "b"]);
    assertEquals(await db.duration().processes(), [{ pid: 1, isolate: "" }, { pid: 2, isolate: "" }]);
    assertEquals(await db.frame("gauge").labels(), ["queue"]);
    assertEquals(await db.all().labels(), ["a", "b", "queue"]);
    assertEquals((await db.sql("FROM observations ORDER BY Label")).rows(), [
      { Timepoint: NANOSECOND, Measurement: 0.5, Label: "a", PID: 1n, Isolate: "", Channel: "duration" },
      { Timepoint: NANOSECOND, Measurement: 0.25, Label: "b", PID: 2n, Isolate: "", Channel: "duration" },
      { Timepoint: NANOSECOND, Measurement: 17, Label: "queue", PID: 1n, Isolate: "", Channel: "gauge" },
    ]);
    assertEquals((await db.sql("SELECT Measurement FROM gauge")).rows(), [{ Measurement: 17 }]);
    assertEquals((await db.sql(`SELECT count(*) AS n FROM ${db.frame("gauge").relation}`)).rows(), [{ n: 1n }]);
  });

  it("tells the isolate of rows, where the name of their file does", async () => {
    using files = recordFiles({
      "custom.1-0000000a-000001.csv": [[NANOSECOND, 1, "x", 1]],
      "custom.1-0000000b-000001.csv": [[NANOSECOND, 2, "x", 1]],
      "custom.1-0000000b-000002-1.csv": [[NANOSECOND, 3, "x", 1]],
      "custom.csv": [[NANOSECOND, 4, "x", 1]],
      "custom.1-0000000A-000001.csv": [[NANOSECOND, 5, "x", 1]],
    });
    await using db = await TelemetryDB.open(files.path);
    const isolates = async () =>
      (await db.sql("SELECT Isolate FROM custom ORDER BY Measurement")).rows().map(({ Isolate }) => Isolate);
    const expected = ["0000000a", "0000000b", "0000000b", "", ""];
    assertEquals(await isolates(), expected);
    await db.load();
    assertEquals(await isolates(), expected);
  });

  it("has every series of the runtime", async () => {
    const labels = Object.values(RUNTIME_SERIES);
    using files = recordFiles({ "runtime.1.csv": labels.map((label, i) => [NANOSECOND, i, label, 1] as const) });
    await using db = await TelemetryDB.open(files.path);
    for (const [index, name] of (Object.keys(RUNTIME_SERIES) as (keyof typeof RUNTIME_SERIES)[]).entries()) {
      assertEquals(db[name]().label, RUNTIME_SERIES[name]);
      assertEquals((await db[name]().data()).measurements, new Float64Array([index]));
    }
  });

  it("is empty if nothing was recorded", async () => {
    using files = recordFiles({});
    await using db = await TelemetryDB.open(files.path);
    assertEquals(db.channels(), []);
    for (const frame of [db.duration(), db.runtime(), db.custom(), db.frame("never"), db.all()]) {
      assertEquals([await frame.labels(), await frame.processes(), await frame.describe()], [[], [], []]);
    }
    const series = db.rss();
    assertEquals([await series.processes(), await series.describe(), await series.quantiles([0.5])], [[], [], [NaN]]);
    assertEquals((await series.data()).timepoints, new BigInt64Array());
    assertEquals((await series.resample("1s")).timepoints, new BigInt64Array());
    assertEquals((await db.sql("FROM duration, runtime, custom, observations")).rowCount, 0);
    await db.load();
    assertEquals(await db.exportParquet(join(files.path, "none.parquet")), { rows: 0 });
  });

  it("finds labels of any text", async () => {
    const labels = [
      '"',
      "'",
      "';DROP VIEW duration;--",
      "a,b",
      "a\r\nb",
      "",
      "NULL",
      "größe",
      "\u2028",
      "😀",
      "\\",
      "$1",
    ];
    using files = recordFiles({ "duration.1.csv": labels.map((label, i) => [BigInt(i), i, label, 1] as const) });
    await using db = await TelemetryDB.open(files.path);
    for (const [index, label] of labels.entries()) {
      assertEquals((await db.duration().timeSeries(label).data()).measurements, new Float64Array([index]), label);
    }
    assertEquals((await db.duration().timeSeries("*").data()).measurements.length, 0);
  });

  it("finds labels by the names they were recorded with, though CSV cannot hold some", async () => {
    using files = recordFiles({ "duration.1.csv": [[1n, 1, "a\uFFFDb", 1]] });
    await using db = await TelemetryDB.open(files.path);
    for (const label of ["a\0b", "a\uD800b"]) {
      assertEquals((await db.duration().timeSeries(label).data()).measurements, new Float64Array([1]));
    }
  });

  it("accepts channels that are words of SQL, or that differ only in case", async () => {
    const row = (label: string): Rows => [[NANOSECOND, 1, label, 1]];
    using files = recordFiles({
      "select.1.csv": row("word"),
      'my "own".1.csv': row("quoted"),
      "Duration.1.csv": row("large"),
      "duration.1.csv": row("small"),
      "observations.1.csv": row("everything"),
    });
    await using db = await TelemetryDB.open(files.path);
    assertEquals(await db.frame("Duration").labels(), ["large"]);
    assertEquals(await db.duration().labels(), ["small"]);
    assertEquals(await db.frame("observations").labels(), ["everything"]);
    assertEquals(
      (await db.sql('SELECT Label FROM "select" UNION FROM (SELECT Label FROM "my ""own""") ORDER BY 1')).rows(),
      [
        { Label: "quoted" },
        { Label: "word" },
      ],
    );
    assertEquals((await db.sql("FROM observations")).rowCount, 5);
  });

  it("loads everything into memory once", async () => {
    using files = recordFiles({ "duration.1.csv": [[NANOSECOND, 0.5, "a", 1], [NANOSECOND, 1.5, "a", 2]] });
    await using db = await TelemetryDB.open(files.path);
    const before = db.duration().where({ pids: [2] });
    await Promise.all([db.load(), db.load()]);
    writeFileSync(join(files.path, "duration.1.csv"), "");
    assertEquals((await before.describe())[0]?.sum, 1.5);
    assertEquals((await db.all().describe())[0]?.sum, 2);
    assertEquals((await db.sql("SELECT sum(Measurement) AS sum FROM duration")).rows(), [{ sum: 2 }]);
  });

  it("leaves out deleted files, whatever the labels in a query", async () => {
    for (const label of ["/x [GET]", "/x [DELETE]", "a;b"]) {
      using files = recordFiles({
        "duration.1.csv": [[NANOSECOND, 1, label, 1]],
        "duration.2.csv": [[NANOSECOND, 2, label, 2]],
      });
      await using db = await TelemetryDB.open(files.path);
      const series = db.duration().timeSeries(label);
      rmSync(join(files.path, "duration.2.csv"));
      assertEquals(await series.processes(), [{ pid: 1, isolate: "" }]);
      assertEquals((await series.describe())[0]?.count, 1);
      assertEquals(db.reading.gone, [{ file: join(files.path, "duration.2.csv"), rows: 1 }]);
      rmSync(join(files.path, "duration.1.csv"));
      await db.load();
      assertEquals(await series.processes(), []);
    }
  });

  it("answers the queries in the queue at close with whole rows only", async () => {
    using files = recordFiles({});
    const row = "1700000000000000001,0.000012345,my code block,42\r\n";
    const rows = Math.ceil(2 ** 25 / row.length); // enough that it is checked beside the query
    const text = `Timepoint,Measurement,Label,PID\r\n${row.repeat(rows)}1700000000000000001.7,1,bad,1\r\n`;
    writeFileSync(join(files.path, "duration.1.csv"), text);
    const db = await TelemetryDB.open(files.path);
    const count = db.sql("SELECT count(*) AS rows FROM duration");
    db.close();
    assertEquals((await count).rows(), [{ rows: BigInt(rows) }]);
    assertEquals(db.reading.unread, 1);
  });

  it("refuses queries after close", async () => {
    using files = recordFiles({});
    const db = await TelemetryDB.open(files.path);
    db.close();
    db.close();
    for (const query of [() => db.duration().labels(), () => db.load(), () => db.exportParquet("/nowhere")]) {
      const { code } = await assertRejects<KymoError>(query, KymoError, "the database is closed");
      assertEquals(code, "invalid-state");
    }
  });
});

describe("a recording of 8,000 small files", () => {
  it("is described, loaded and exported", async () => {
    const rows = (file: number): Rows => [0, 1].map((i) => [NANOSECOND + BigInt(2 * file + i), i, "a", 1]);
    using files = recordFiles(
      Object.fromEntries(
        Array.from({ length: 8_000 }, (_, i) => [`duration.1-0badcafe-${String(i + 1).padStart(6, "0")}.csv`, rows(i)]),
      ),
    );
    await using db = await TelemetryDB.open(files.path);
    const path = join(files.path, "rows.parquet");
    assertEquals(await db.all().exportParquet(path), { rows: 16_000 });
    const [{ n, sum } = {}] =
      (await db.sql(`SELECT count(DISTINCT Timepoint) AS n, sum(Measurement) AS sum FROM '${path}'`)).rows();
    assertEquals([n, sum], [16_000n, 8_000]);
    await db.load();
    assertEquals((await db.all().describe()).map(({ label, count, sum }) => [label, count, sum]), [[
      "a",
      16_000,
      8_000,
    ]]);
    assertEquals(db.reading, { files: 8_000, spools: 0, databases: 0, unread: 0, problems: [], copies: [], gone: [] });
  });
});

describe("TelemetryDB.exportParquet", () => {
  it("writes all observations, exactly", async () => {
    const numbers = [0.1, 5e-324, -0, Infinity, NaN];
    using files = recordFiles({
      "duration.1.csv": numbers.map((number) => [NANOSECOND, number, "it's", 1] as const),
      "runtime.1.csv": [[NANOSECOND, 1, "rss", 2]],
    });
    await using db = await TelemetryDB.open(files.path);
    const path = join(files.path, "it's.parquet");
    writeFileSync(path, "something else");
    assertEquals(await db.exportParquet(path), { rows: 6 });
    const from = `FROM '${path.replaceAll("'", "''")}'`;
    const table = await db.sql(`SELECT Timepoint, Measurement, Label, PID, Channel ${from} WHERE Channel = 'duration'`);
    const exported = table.columns().Measurement as Float64Array;
    assert(exported.length === numbers.length && numbers.every((number, i) => Object.is(exported[i], number)));
    assertEquals(table.rows()[0], {
      Timepoint: NANOSECOND,
      Measurement: 0.1,
      Label: "it's",
      PID: 1n,
      Channel: "duration",
    });
    assertEquals(readdirSync(files.path).sort(), ["duration.1.csv", "it's.parquet", "runtime.1.csv"]);
  });

  it("leaves no file behind if it fails", async () => {
    using files = recordFiles({ "duration.1.csv": [[NANOSECOND, 1, "a", 1]] });
    await using db = await TelemetryDB.open(files.path);
    const directory = join(files.path, "directory");
    mkdirSync(directory);
    for (const path of [directory, join(files.path, "missing", "x.parquet")]) {
      const { code, message } = await assertRejects(() => db.exportParquet(path), KymoError);
      assertEquals(code, "io");
      assert(message.startsWith(`Cannot export: ${JSON.stringify(path)}: `), message);
    }
    await assertRejects(() => db.exportParquet(""), KymoError, "Cannot export: not a path");
    assertEquals(readdirSync(files.path).sort(), ["directory", "duration.1.csv"]);
    assert(existsSync(directory));
  });
});
