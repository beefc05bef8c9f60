import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type DuckDBBlobValue, DuckDBInstance } from "@duckdb/node-api";
import { parse } from "csv-parse/sync";
import { readdirSync, readFileSync } from "node:fs";
import { NO_LIMITS } from "../../../src/control/retention/room.ts";
import { CsvEncoder } from "../../../src/csv/encode.ts";
import { ValueKind } from "../../../src/series.ts";
import { detect } from "../../../runtime_adapters/detect.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { Flusher } from "../../../src/recording/buffers/flusher.ts";
import type { Layout } from "../../../src/files/names.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";
import { asWritten } from "../../support/reference_csv.ts";
import { AWKWARD_DOUBLES, AWKWARD_LABELS, randomDouble, randomFrom, randomLabel } from "../../support/random.ts";
import { EPOCH, OWNER } from "../../support/segments.ts";

/** A row as another reader returns it; an empty label may be null. */
interface Row {
  readonly timepoint: bigint;
  readonly measurement: number;
  readonly label: string | null;
  readonly pid: number;
}

/**
 * Writes observations to real files. Returns the rows that readers must find, and the paths in the
 * order of the rows.
 */
async function write(
  path: string,
  layout: Layout,
  kind: ValueKind,
  observations: [label: string, value: number][],
): Promise<{ rows: Row[]; paths: string[] }> {
  const { clock, timers } = new FakeRuntime();
  const directory = MonitoringDirectory.create(detect(globalThis).files, path);
  const errors: Error[] = [];
  const report = (error: Error) => void errors.push(error);
  const flusher = new Flusher(
    {
      directory,
      encoder: new CsvEncoder(),
      clock,
      timers,
      layout,
      flushInterval: 0,
      memoryThreshold: 2 ** 20,
      spools: false,
      report,
      room: NO_LIMITS,
    },
    { ...OWNER, kind },
    true,
  );
  const rows = observations.map(([label, value]): Row => {
    clock.time += 123_456_789;
    flusher.buffer.observe(label, value);
    return {
      timepoint: EPOCH + BigInt(clock.time),
      measurement: kind === ValueKind.duration ? value / 1e9 : value,
      label: asWritten(label),
      pid: OWNER.pid,
    };
  });
  await flusher.finish();
  flusher.abandon();
  assertEquals([errors, flusher.buffer.counts.flushed], [[], rows.length]);
  const paths = readdirSync(path).sort().map((name) => `${path}/${name}`);
  return { rows, paths };
}

function withCsvParse(paths: string[]): Row[] {
  return paths.flatMap((path) => parse(readFileSync(path), { columns: true }) as Record<string, string>[]).map((
    record,
  ) => ({
    timepoint: BigInt(record["Timepoint"]!),
    measurement: Number(record["Measurement"]),
    label: record["Label"]!,
    pid: Number(record["PID"]),
  }));
}

/** Runs a query, and returns its rows. */
async function query<T extends unknown[]>(sql: string): Promise<T[]> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  try {
    return (await connection.runAndReadAll(sql)).getRows() as unknown[] as T[];
  } finally {
    connection.closeSync();
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads with DuckDB, given some options of its `read_csv`. Labels come as bytes, since its client
 * strips byte-order marks.
 */
async function withDuckDb(paths: string[], ...options: string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const path of paths) {
    const source = `read_csv(${[`'${path}'`, ...options].join(", ")})`;
    const read = await query<[bigint, number, DuckDBBlobValue | null, bigint | number]>(
      `SELECT Timepoint, Measurement, encode(Label), PID FROM ${source}`,
    );
    for (const [timepoint, measurement, label, pid] of read) {
      rows.push({ timepoint, measurement, label: label && utf8.decode(label.bytes), pid: Number(pid) });
    }
  }
  return rows;
}

/** The dialect as options of DuckDB, so that it need not guess. Empty labels are not null. */
const DIALECT = [
  "columns = {Timepoint: 'BIGINT', Measurement: 'DOUBLE', Label: 'VARCHAR', PID: 'INTEGER'}",
  "auto_detect = false",
  "header = true",
  "delim = ','",
  `quote = '"'`,
  `escape = '"'`,
  "allow_quoted_nulls = false",
];

/** The first difference of two lists of rows. Distinguishes 0 from -0, and is fast. */
function difference(actual: readonly Row[], expected: readonly Row[]): unknown {
  if (actual.length !== expected.length) return `${actual.length} rows, not ${expected.length}`;
  const same = (a: Row, b: Row) =>
    a.timepoint === b.timepoint && Object.is(a.measurement, b.measurement) && a.label === b.label && a.pid === b.pid;
  const at = expected.findIndex((row, i) => !same(actual[i]!, row));
  return at < 0 ? undefined : { row: at, actual: actual[at], expected: expected[at] };
}

function awkwardObservations(): [string, number][] {
  const random = randomFrom(8);
  const awkward = AWKWARD_LABELS.flatMap((label, i): [string, number][] => [
    [label, AWKWARD_DOUBLES[i % AWKWARD_DOUBLES.length]!],
    [label, AWKWARD_DOUBLES[(i + 7) % AWKWARD_DOUBLES.length]!],
  ]);
  const long = ['"'.repeat(16_384), "x,".repeat(20_000), "\r\n".repeat(5_000)].map((
    label,
  ): [string, number] => [label, 1]);
  const any = Array.from({ length: 5_000 }, (): [string, number] => [randomLabel(random), randomDouble(random)]);
  return [...awkward, ...long, ...any];
}

for (const layout of ["segments", "append"] as Layout[]) {
  describe(`other readers of CSV, layout ${layout}`, () => {
    it("read the same rows, with labels of any kind", async () => {
      using scratch = scratchDirectory();
      const { rows, paths } = await write(scratch.at("m"), layout, ValueKind.number, awkwardObservations());
      assertEquals(paths.length > 1, layout === "segments");
      assertEquals(difference(withCsvParse(paths), rows), undefined);
      assertEquals(difference(await withDuckDb(paths, ...DIALECT), rows), undefined);
    });

    it("read ordinary rows without any options", async () => {
      using scratch = scratchDirectory();
      const labels = ["GET /", "GET /items, [GET]", 'say "hi"', "# 1", "naïve 😀", " spaced "];
      const observations = Array.from(
        { length: 3_000 },
        (_, i): [string, number] => [labels[i % 6]!, (i * 7919) % 1e9],
      );
      const { rows, paths } = await write(scratch.at("m"), layout, ValueKind.duration, observations);
      assertEquals(difference(withCsvParse(paths), rows), undefined);
      assertEquals(difference(await withDuckDb(paths), rows), undefined);
    });
  });
}

describe("DuckDB", () => {
  it("reads NaN, infinities and the smallest numbers without being given types", async () => {
    using scratch = scratchDirectory();
    const values = [0.5, NaN, Infinity, -Infinity, -0, Number.MIN_VALUE, -Number.MIN_VALUE, Number.MAX_VALUE];
    const { rows, paths } = await write(
      scratch.at("m"),
      "append",
      ValueKind.number,
      values.map((value) => ["x", value]),
    );
    assertEquals(difference(await withDuckDb(paths), rows), undefined);
    assertEquals(await query(`SELECT count(*) FROM read_csv('${paths[0]}') WHERE isnan(Measurement)`), [[1n]]);
  });

  it("reads an empty label as empty with `allow_quoted_nulls = false`", async () => {
    using scratch = scratchDirectory();
    const { paths } = await write(scratch.at("m"), "append", ValueKind.number, [["", 1], ["x", 2]]);
    const labels = async (...options: string[]) => (await withDuckDb(paths, ...options)).map(({ label }) => label);
    assertEquals(await labels("allow_quoted_nulls = false"), ["", "x"]);
    assertEquals(await labels(), [null, "x"]);
  });
});
