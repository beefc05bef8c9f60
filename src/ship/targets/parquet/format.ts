/**
 * A folder of Parquet files that rows are shipped to:
 *
 * | path                                              | file                                         |
 * | ------------------------------------------------- | -------------------------------------------- |
 * | `channel=<channel>/date=<date>/T<hh>Z-<n>.parquet`  | a part of the rows of a channel and an hour  |
 * | `channel=<channel>/date=<date>/.T<hh>Z-<n>.parquet.tmp` | such a file that is being written        |
 * | `.kymo.lock`                                      | locked by the one who writes                 |
 *
 * The names of the folders are those of partitions, as DuckDB and others know them: of thousands of
 * files they open only those that a question is about.
 *
 * **An hour** of UTC is that in which the first row of a monitoring file was recorded, and all of that
 * file is in it: so which Parquet files may have a file's rows is known before it is read. Some rows
 * are of the next hour, as many as a program records between two flushes.
 *
 * **Metadata**: under the key `kymo_ship`, JSON with the number of rows and the pieces (see
 * `pieces/piece.ts`), by the id of their source: of each its stem, its first row, its rows, its bytes
 * and its SHA-256. This is the ledger: a piece is shipped if a file names it, and a file gets its name
 * when it is whole and on the disk.
 *
 * **A part grows**: it is written anew, together with what came, and replaced by renaming. So whoever
 * reads the folder at any moment finds each row at most once. Files without such metadata are somebody
 * else's, and left alone.
 *
 * @module
 */

import { NANOSECONDS_PER_MS } from "../../../series.ts";
import { literal } from "../../../analysis/duckdb/sql.ts";
import type { PieceEntry } from "../../pieces/piece.ts";

/** The key of the metadata. */
export const METADATA_KEY = "kymo_ship";

/** The version of the metadata. Files of another are left alone. */
const VERSION = 1;

/** The columns, in order, with their types: those of the view `named` of databases, as far as they are not in the path. */
export const COLUMNS = {
  timepoint: "BIGINT",
  measurement: "DOUBLE",
  label: "VARCHAR",
  service: "VARCHAR",
  instance: "VARCHAR",
  host: "VARCHAR",
  pid: "BIGINT",
  isolate: "VARCHAR",
  runtime: "VARCHAR",
  program: "BIGINT",
  source: "VARCHAR",
} as const;

/** What is told of the folder where a database would tell its tables. */
export const DESCRIPTION: string = [
  "-- No tables: files channel=<channel>/date=<date of UTC>/T<hour>Z-<part>.parquet with the columns",
  ...Object.entries(COLUMNS).map(([name, type]) => `--   ${name} ${type}`),
  "-- Read them with DuckDB:",
  "--   FROM read_parquet('<folder>/*/*/*.parquet') WHERE channel = 'duration' AND date = current_date",
  "",
].join("\n");

/** An hour of UTC: `2026-11-28T10`. */
export type Hour = string;

/** The hour of a timepoint, ns since 1970. */
export function hourOf(timepoint: bigint): Hour {
  return new Date(Number(timepoint / BigInt(NANOSECONDS_PER_MS))).toISOString().replace(/(T\d\d):.*$/, "$1");
}

/** The name of the folder of a day, in that of a channel. */
export function dateFolder(hour: Hour): string {
  return `date=${hour.replace(/T.*$/, "")}`;
}

/** The name of a part of an hour, in the folder of its day. */
export function partName(hour: Hour, number: number): string {
  return `${hour.replace(/^.*T/, "T")}Z-${number}.parquet`;
}

/** The name under which a part is written. */
export function temporaryPartName(name: string): string {
  return `.${name}.tmp`;
}

/** What a part says that it has. */
export interface PartMetadata {
  readonly rows: number;
  /** The pieces by the id of their source. */
  readonly pieces: ReadonlyMap<string, readonly PieceEntry[]>;
}

/** Metadata as text. */
export function formatMetadata({ rows, pieces }: PartMetadata): string {
  const sources = [...pieces].map(([source, entries]) => [
    source,
    entries.map(({ stem, firstRow, rows, bytes, sha256 }) => [stem, firstRow, rows, bytes, sha256]),
  ]);
  return JSON.stringify({ version: VERSION, rows, pieces: Object.fromEntries(sources) });
}

/** Reads metadata; `undefined` if Kymo has not written it so. */
export function parseMetadata(text: string): PartMetadata | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { version, rows, pieces } = (value ?? {}) as Record<string, unknown>;
  if (version !== VERSION || !isCount(rows) || typeof pieces !== "object" || pieces === null) return undefined;
  const found = new Map<string, PieceEntry[]>();
  let sum = 0;
  for (const [source, entries] of Object.entries(pieces)) {
    const all = Array.isArray(entries) ? entries.map(toEntry) : [undefined];
    if (!all.every((entry) => entry !== undefined)) return undefined;
    found.set(source, all);
    for (const entry of all) sum += entry.rows;
  }
  return sum === rows ? { rows, pieces: found } : undefined;
}

function toEntry(entry: unknown): PieceEntry | undefined {
  const [stem, firstRow, rows, bytes, sha256] = Array.isArray(entry) ? entry : [];
  const isEntry = typeof stem === "string" && isCount(firstRow) && isCount(rows) && isCount(bytes) &&
    typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256);
  return isEntry ? { stem, firstRow, rows, bytes, sha256 } : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

/** SQL of the metadata of files among others: path, text and number of rows. */
export function metadataQuery(list: string): string {
  return `SELECT k.file_name, decode(k.value), m.num_rows FROM parquet_kv_metadata(${list}) AS k
    JOIN parquet_file_metadata(${list}) AS m ON m.file_name = k.file_name WHERE k.key = ${literal(METADATA_KEY)}::BLOB`;
}
