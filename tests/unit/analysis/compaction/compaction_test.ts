import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { DuckDBInstance } from "@duckdb/node-api";
import process from "node:process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import {
  type CompactionSummary,
  type CompactOptions,
  Compactor,
} from "../../../../src/analysis/compaction/compactor.ts";
import { TelemetryDB } from "../../../../src/analysis/frames/telemetry_db.ts";
import { summarize } from "../../../../src/analysis/summary/summary.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { KymoError } from "../../../../src/errors.ts";
import { age, BEGIN, publish, publishedFile, type Row, SECOND } from "../../../support/analysis/published_segments.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";

async function compact(directory: string, options: Partial<CompactOptions> = {}): Promise<CompactionSummary> {
  await using compactor = await Compactor.open(defaultRuntime(), directory);
  return await compactor.run({ older: 0, ...options });
}

/** All rows as text, sorted. */
async function rowsOf(source: string | string[]): Promise<string[]> {
  await using db = await TelemetryDB.open(source);
  const table = await db.sql(
    "SELECT concat_ws('|', Channel, Timepoint, Measurement, signbit(Measurement), Label, PID, Isolate) AS Row FROM observations ORDER BY 1",
  );
  return table.rows().map(({ Row }) => Row as string);
}

async function problemsOf(source: string): Promise<string[]> {
  await using db = await TelemetryDB.open(source);
  await db.sql("SELECT count(*) FROM observations");
  return db.reading.problems.map(({ reason }) => reason);
}

const compactedIn = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name.endsWith(".parquet")).sort();
const csvsIn = (directory: string): string[] => readdirSync(directory).filter((name) => name.endsWith(".csv")).sort();

describe("a compaction", () => {
  it("changes no row and no figure, and may be repeated with later files", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(publishedFile, { minLength: 1, maxLength: 6 }), fc.nat(6), async (files, early) => {
        using scratch = scratchDirectory();
        const write = ({ channel, rows }: { channel: string; rows: Row[] }, i: number): string =>
          publish(scratch.path, channel, i + 1, rows.toSorted((one, other) => one.at - other.at), 7 + i % 3);
        files.slice(0, early).forEach(write);
        await compact(scratch.path);
        files.slice(early).forEach((file, i) => write(file, i + early));
        const read = async () => {
          await using db = await TelemetryDB.open(scratch.path);
          const { rows, durations, quantities } = await summarize(db, { quantiles: [0, 0.5, 0.99] });
          // Sums depend on the order of rows.
          const figures = [...durations, ...quantities].map(({ label, count, min, max, quantiles, first, last }) =>
            [label, count, min, max, ...quantiles.map(({ value }) => value), first, last].join("|")
          );
          figures.push(String(rows));
          return { rows: await rowsOf(scratch.path), figures };
        };
        const before = await read();
        const { problems } = await compact(scratch.path);
        assertEquals(problems, []);
        assertEquals(csvsIn(scratch.path), []);
        const after = await read();
        assertEquals(after.rows, before.rows);
        assertEquals(after.figures, before.figures);
      }),
      { numRuns: 3, seed: 1 },
    );
  });

  it("makes one file of a channel and hour, which it makes anew with late files", async () => {
    using scratch = scratchDirectory();
    for (const sequence of [1, 2, 3]) {
      publish(scratch.path, "duration", sequence, [{ label: "a", value: 5, at: sequence }]);
    }
    publish(scratch.path, "duration", 4, [{ label: "a", value: 5, at: 3_600 }]);
    const first = await compact(scratch.path);
    assertEquals([first.inputs, first.outputs, first.rows], [4, 2, 4]);
    assertEquals(compactedIn(scratch.path).map((name) => name.slice(0, 22)), [
      "duration.2026-11-28T10",
      "duration.2026-11-28T11",
    ]);
    publish(scratch.path, "duration", 5, [{ label: "b", value: 6, at: 2 }]);
    const second = await compact(scratch.path);
    assertEquals([second.inputs, second.outputs, second.rows], [2, 1, 4]);
    assertEquals(compactedIn(scratch.path).length, 2);
    assertEquals((await rowsOf(scratch.path)).length, 5);
    assertEquals((await compact(scratch.path)).outputs, 0);
  });

  it("keeps 0 and -0 apart, however often there are both", async () => {
    using scratch = scratchDirectory();
    const zeros = Array.from({ length: 100 }, (_, at) => ({ label: "x", value: at % 2 === 0 ? 0 : -0, at }));
    for (const sequence of [1, 2]) publish(scratch.path, "custom", sequence, zeros);
    const before = await rowsOf(scratch.path);
    const { inputs, outputs, problems } = await compact(scratch.path);
    assertEquals({ inputs, outputs, problems }, { inputs: 2, outputs: 1, problems: [] });
    assertEquals(await rowsOf(scratch.path), before);
  });

  it("leaves files that are young, damaged, growing or not Kymo's", async () => {
    using scratch = scratchDirectory();
    const damaged = publish(scratch.path, "duration", 1, [{ label: "a", value: 5, at: 1 }, {
      label: "b",
      value: 5,
      at: 2,
    }]);
    const text = readFileSync(scratch.at(damaged), "utf8");
    writeFileSync(scratch.at(damaged), text.replace(",a,", ",a,x"));
    age(scratch.at(damaged));
    const growing = publish(scratch.path, "duration", 2, [{ label: "a", value: 5, at: 1 }]);
    utimesSync(scratch.at(growing), Date.now() / 1000 + 60, Date.now() / 1000 + 60);
    for (const name of ["duration.csv", "prices.csv", "duration.1.csv"]) {
      writeFileSync(scratch.at(name), text);
      age(scratch.at(name));
    }
    const before = readdirSync(scratch.path).sort();
    const { problems, young, outputs } = await compact(scratch.path);
    assertEquals([outputs, young, problems.length], [0, 1, 1]);
    assertStringIncludes(problems[0]!.file, damaged);
    assertEquals(csvsIn(scratch.path), before);
    assertEquals((await compact(scratch.path, { older: 1e15 })).young, 2);
  });

  it("leaves alone what somebody has begun to ship meanwhile", async () => {
    using scratch = scratchDirectory();
    publish(scratch.path, "duration", 1, [{ label: "a", value: 5, at: 1 }]);
    const second = publish(scratch.path, "duration", 2, [{ label: "a", value: 5, at: 3_601 }]);
    const target = scratch.at(".ship/0123456789ab");
    const onProgress = (): void => void mkdirSync(target, { recursive: true });
    const { outputs, problems } = await compact(scratch.path, { onProgress });
    assertEquals([outputs, csvsIn(scratch.path)], [1, [second]]);
    assertStringIncludes(problems[0]!.reason, "somebody has begun to ship them");
  });

  it("is refused while another program compacts the directory", async () => {
    using scratch = scratchDirectory();
    await using _ = await Compactor.open(defaultRuntime(), scratch.path);
    const error = await assertRejects(() => compact(scratch.path), KymoError, "another program is compacting it");
    assertEquals(error.code, "invalid-state");
  });

  it("finishes what a killed one had begun, and counts its rows once meanwhile", async () => {
    using scratch = scratchDirectory();
    const names = [1, 2].map((sequence) =>
      publish(scratch.path, "duration", sequence, [{ label: "a", value: 5, at: sequence }])
    );
    const contents = names.map((name) => readFileSync(scratch.at(name)));
    const before = await rowsOf(scratch.path);
    await compact(scratch.path);
    names.forEach((name, i) => writeFileSync(scratch.at(name), contents[i]!));
    writeFileSync(scratch.at(".compact.tmp"), "half");
    for (const name of names) age(scratch.at(name));
    assertEquals(await rowsOf(scratch.path), before);
    assertEquals(await rowsOf(scratch.at("*")), before);
    const { finished, outputs } = await compact(scratch.path);
    assertEquals([finished, outputs], [2, 0]);
    assertEquals(csvsIn(scratch.path), []);
    assertEquals(readdirSync(scratch.path).includes(".compact.tmp"), false);
    assertEquals(await rowsOf(scratch.path), before);
  });

  it("does not hide a new file under the name of an input", async () => {
    using scratch = scratchDirectory();
    const name = publish(scratch.path, "duration", 1, [{ label: "a", value: 5, at: 1 }]);
    await compact(scratch.path);
    publish(scratch.path, "duration", 1, [{ label: "b", value: 5, at: 1 }]);
    assertEquals((await rowsOf(scratch.path)).length, 2);
    await compact(scratch.path);
    assertEquals((await rowsOf(scratch.path)).length, 2);
    assertEquals(csvsIn(scratch.path).includes(name), false);
  });

  it("gives its files the access of their inputs, and mixes none", async () => {
    using scratch = scratchDirectory();
    const isRoot = process.getuid?.() === 0;
    const accessOf = (name: string): string => {
      const { mode, uid, gid } = statSync(scratch.at(name));
      return `${(mode & 0o777).toString(8)} ${uid} ${gid}`;
    };
    const names = [1, 2, 3].map((sequence) =>
      publish(scratch.path, "duration", sequence, [{ label: "a", value: 5, at: sequence }])
    );
    for (const name of names) chmodSync(scratch.at(name), 0o600);
    chmodSync(scratch.at(names[1]!), 0o640);
    if (isRoot) chownSync(scratch.at(names[2]!), 12_345, 12_345);
    const expected = [...new Set(names.map(accessOf))].sort();
    assertEquals(expected.length, isRoot ? 3 : 2);
    assertEquals((await compact(scratch.path)).outputs, expected.length);
    assertEquals(compactedIn(scratch.path).map(accessOf).sort(), expected);
  });
});

describe("the SQL of docs/compaction.md", () => {
  it("finds each row once in Parquet and CSV", async () => {
    using scratch = scratchDirectory();
    const name = publish(scratch.path, "duration", 1, [{ label: 'a "b",\r\n', value: 5, at: 1 }]);
    const content = readFileSync(scratch.at(name));
    await compact(scratch.path);
    publish(scratch.path, "duration", 2, [{ label: "", value: 6, at: 2 }], 8);
    writeFileSync(scratch.at(name), content); // a compaction was killed
    const page = readFileSync(new URL("../../../../docs/compaction.md", import.meta.url), "utf8");
    const [, sql = ""] = /^```sql\n([^]*?)^```$/m.exec(page) ?? [];
    const connection = await (await DuckDBInstance.create()).connect();
    const result = await connection.runAndReadAll(sql.replaceAll("_monitoring", scratch.path));
    const rows = result.getRowsJson().map((row) => JSON.stringify(row)).sort();
    const timepoint = (second: bigint) => BEGIN + second * SECOND + 1n;
    assertEquals(rows, [
      JSON.stringify([String(timepoint(1n)), 5e-9, 'a "b",\r\n', "7", "0badcafe"]),
      JSON.stringify([String(timepoint(2n)), 6e-9, "", "8", "0badcafe"]),
    ]);
  });
});

describe("a reader", () => {
  it("sees each row once if files are compacted between listing and reading", async () => {
    using scratch = scratchDirectory();
    for (const sequence of [1, 2]) {
      publish(scratch.path, "duration", sequence, [{ label: "a", value: 5, at: sequence }]);
    }
    await using db = await TelemetryDB.open(scratch.path);
    const count = async () => Number((await db.sql("SELECT count(*) AS n FROM observations")).rows()[0]!["n"]);
    assertEquals(await count(), 2);
    await compact(scratch.path);
    assertEquals(await count(), 2);
    publish(scratch.path, "duration", 3, [{ label: "a", value: 5, at: 3 }]);
    await compact(scratch.path);
    assertEquals(await count(), 3, "what was recorded later came with what was compacted");
    assertEquals(db.reading.problems, []);
  });

  it("tells that a compacted file was moved away, with its rows", async () => {
    using scratch = scratchDirectory();
    publish(scratch.path, "duration", 1, [{ label: "a", value: 5, at: 1 }]);
    await compact(scratch.path);
    await using db = await TelemetryDB.open(scratch.path);
    const [name] = compactedIn(scratch.path);
    renameSync(scratch.at(name!), `${scratch.path}/moved`);
    assertEquals((await db.sql("SELECT count(*)::INTEGER AS n FROM observations")).rows(), [{ n: 0 }]);
    assertEquals(db.reading.gone, [{ file: scratch.at(name!), rows: 1 }]);
    assertEquals(db.reading.problems, []);
  });

  it("leaves out a damaged compacted file, tells it, and then counts inputs that are there", async () => {
    using scratch = scratchDirectory();
    const name = publish(scratch.path, "duration", 1, [{ label: "a", value: 5, at: 1 }]);
    const csv = readFileSync(scratch.at(name));
    await compact(scratch.path);
    const [made] = compactedIn(scratch.path);
    const bytes = readFileSync(scratch.at(made!));
    for (
      const damage of [
        (b: Uint8Array) => (b[10]! ^= 1, b),
        (b: Uint8Array) => b.subarray(0, 60),
        () => new Uint8Array(),
      ]
    ) {
      writeFileSync(scratch.at(made!), damage(Uint8Array.from(bytes)));
      assertEquals((await problemsOf(scratch.path)).length, 1);
      assertEquals(await rowsOf(scratch.path), []);
      writeFileSync(scratch.at(name), csv);
      assertEquals((await rowsOf(scratch.path)).length, 1);
      rmSync(scratch.at(name));
    }
  });

  it("trusts no stranger's file that is named as a compacted one", async () => {
    using scratch = scratchDirectory();
    const victim = publish(scratch.path, "duration", 1, [{ label: "a", value: 5, at: 1 }]);
    const { size } = statSync(scratch.at(victim));
    const digest = createHash("sha256").update(readFileSync(scratch.at(victim))).digest("hex").slice(0, 16);
    const metadata = (inputs: unknown[], rows = 1) =>
      JSON.stringify({ version: 2, rows, first: "1", last: "1", inputs, earlier: [] });
    const good = "1::BIGINT AS Timepoint, 1::DOUBLE AS Measurement, 'x' AS Label, 7::BIGINT AS PID, '' AS Isolate, " +
      "1::BIGINT AS Sequence, 0::INTEGER AS Shift";
    const connection = await (await DuckDBInstance.create()).connect();
    const cases: Record<string, [columns: string, metadata: string]> = {
      "Kymo has not written it": [good, ""],
      "other columns": ["1 AS a", metadata([[victim, size, 1, digest, "1"]])],
      "no files of a recording": [good, metadata([["../../etc/passwd", size, 1, digest, "1"]])],
      "another number of rows": [good, metadata([[victim, size, 2, digest, "1"]])],
      "more than": [good, metadata(Array.from({ length: 9_000 }, () => [victim, size, 0, digest, "1"]))],
      "names an input twice": [good, metadata([[victim, size, 1, digest, "1"], [victim, size, 0, digest, "1"]])],
      "no JSON": [good, "{"],
      "not those of a recording": [
        good.replace("'' AS Isolate", "'\u001b' AS Isolate"),
        metadata([[victim, size, 1, digest, "1"]]),
      ],
    };
    for (const [why, [columns, text]] of Object.entries(cases)) {
      const kv = text === "" ? "" : `, KV_METADATA {kymo: '${text}'}`;
      await connection.run(`COPY (SELECT ${columns}) TO '${scratch.at("x")}' (FORMAT parquet${kv})`);
      const hash = createHash("sha256").update(readFileSync(scratch.at("x"))).digest("hex").slice(0, 12);
      const planted = `duration.2026-11-28T10.${hash}.parquet`;
      renameSync(scratch.at("x"), scratch.at(planted));
      const problems = await problemsOf(scratch.path);
      assertEquals(problems.length, 1, why);
      assertStringIncludes(problems[0]!, why);
      assertEquals((await rowsOf(scratch.path)).length, 1, why);
      rmSync(scratch.at(planted));
    }
    // One that is well formed hides the file that it names; but a compaction removes nothing on its word.
    const text = metadata([[victim, size, 1, digest, "1"]]);
    await connection.run(
      `COPY (SELECT ${good}) TO '${scratch.at("x")}' (FORMAT parquet, KV_METADATA {kymo: '${text}'})`,
    );
    const hash = createHash("sha256").update(readFileSync(scratch.at("x"))).digest("hex").slice(0, 12);
    renameSync(scratch.at("x"), scratch.at(`duration.2026-11-28T10.${hash}.parquet`));
    const { problems } = await compact(scratch.path);
    assertStringIncludes(problems[0]!.reason, "does not have all of its rows");
    assertEquals(csvsIn(scratch.path), [victim]);
  });
});
