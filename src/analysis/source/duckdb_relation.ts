import type { DuckDBConnection } from "@duckdb/node-api";
import { COLUMNS as CSV_NAMES } from "../../csv/dialect.ts";
import { SEGMENT_IN_PATH } from "../../files/names.ts";
import { type CompactedFile, partKey } from "../compacted/compacted_files.ts";
import { COLUMNS, CSV_COLUMNS, CSV_DIALECT, literal, NO_ROWS, pathList, TYPED_COLUMNS } from "../duckdb/sql.ts";

/** CSV files of one channel that DuckDB reads together. */
export interface CsvPart {
  /** Their paths. */
  readonly paths: readonly string[];
  /**
   * Whether labels hold line feeds. Then one thread reads, since several misread them (see
   * `sources.ts`).
   */
  readonly lineFeeds: boolean;
  /** Whether they are compressed with gzip. */
  readonly isGzip: boolean;
  /** The isolate that recorded all rows, if their paths do not tell it. */
  readonly isolate?: string;
  /** Reads only so many rows. Relies on DuckDB's `preserve_insertion_order`. */
  readonly limit?: number;
}

/** How files are read. */
const OPTIONS = [...CSV_DIALECT, "header = true", "filename = true", `columns = ${CSV_COLUMNS}`];

/** The SQL of a relation that consists of CSV files, tables and compacted files. */
export function relationOf(
  parts: readonly CsvPart[],
  tables: readonly string[],
  compacted: readonly CompactedFile[] = [],
): string {
  const queries = [
    ...parts.map((part) => csvQuery(part)),
    ...tables.map((table) => `SELECT ${COLUMNS} FROM ${table}`),
    ...compactedQueries(compacted),
  ];
  return queries.length === 0 ? NO_ROWS : `(${queries.join(" UNION ALL ")})`;
}

/** The isolate is the file's: DuckDB has its path as a constant for a block of rows. */
const ISOLATE = `regexp_extract(filename, ${literal(SEGMENT_IN_PATH)}, 1)`;

/** SQL of the number of the segment in whose own file a row is, as text. */
export const SEQUENCE = `regexp_extract(filename, ${literal(SEGMENT_IN_PATH)}, 2)`;

/** The SQL that reads CSV files, with `further` columns. */
export function csvQuery({ paths, lineFeeds, isGzip, isolate, limit }: CsvPart, further = ""): string {
  const options = [...OPTIONS, `compression = '${isGzip ? "gzip" : "none"}'`];
  if (lineFeeds) options.push("parallel = false");
  // Half a row may follow.
  if (limit !== undefined) options.push("ignore_errors = true");
  const columns = `${CSV_NAMES.join(", ")}, ${isolate === undefined ? ISOLATE : literal(isolate)} AS Isolate`;
  const query = `SELECT ${columns}${further} FROM read_csv(${pathList(paths)}, ${options.join(", ")})`;
  return limit === undefined ? query : `(${query} LIMIT ${limit})`;
}

/**
 * The SQL that reads compacted files, with `further` columns: those together whose columns have the
 * same types, since DuckDB takes those of the first for all.
 */
export function compactedQueries(all: readonly CompactedFile[], further = ""): string[] {
  return [...Map.groupBy(all, partKey).values()].map((some) =>
    `SELECT Timepoint, Measurement::DOUBLE AS Measurement, Label, PID, Isolate${further} ` +
    `FROM read_parquet(${pathList(some.map(({ path }) => path))}, hive_partitioning = false)`
  );
}

const SCHEMA = "kymo_source";

/**
 * Number of tables made in this program, so that sources that share a database do not share tables.
 */
let made = 0;

/** Takes a row; its isolate is empty if it is unknown. */
export type TakeRow = (timepoint: bigint, measurement: number, label: string, pid: number, isolate: string) => void;

/** Tables in DuckDB of rows that Kymo reads itself: one for each channel that has any. */
export class RowTables {
  readonly #connection: DuckDBConnection;
  readonly #names = new Map<string, string>();

  /** No tables. */
  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** The table of a channel, if it has one. */
  of(channel: string): string | undefined {
    const name = this.#names.get(channel);
    return name === undefined ? undefined : `${SCHEMA}.${name}`;
  }

  /** Adds to a channel the rows that `give` passes on. Rows before an error stay. */
  async add(channel: string, give: (take: TakeRow) => Promise<void> | void): Promise<void> {
    const appender = await this.#connection.createAppender(await this.#nameOf(channel), SCHEMA);
    try {
      await give((timepoint, measurement, label, pid, isolate) => {
        appender.appendBigInt(timepoint);
        appender.appendDouble(measurement);
        appender.appendVarchar(label);
        appender.appendBigInt(BigInt(pid));
        appender.appendVarchar(isolate);
        appender.endRow();
      });
    } finally {
      appender.closeSync();
    }
  }

  /** Removes the tables. Relations with them cannot be read any more. */
  async drop(): Promise<void> {
    for (const name of this.#names.values()) await this.#connection.run(`DROP TABLE IF EXISTS ${SCHEMA}.${name}`);
    this.#names.clear();
  }

  async #nameOf(channel: string): Promise<string> {
    const known = this.#names.get(channel);
    if (known !== undefined) return known;
    const name = `rows_${++made}`;
    await this.#connection.run(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
    await this.#connection.run(`CREATE TABLE ${SCHEMA}.${name} (${TYPED_COLUMNS})`);
    this.#names.set(channel, name);
    return name;
  }
}
