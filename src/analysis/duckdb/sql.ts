/**
 * Pieces of SQL. Labels, channels and paths get into a query only through these functions.
 *
 * @module
 */

import { COLUMNS as NAMES } from "../../csv/dialect.ts";

/** The types of the columns of a CSV file. */
const TYPES = { Timepoint: "BIGINT", Measurement: "DOUBLE", Label: "VARCHAR", PID: "BIGINT" } as const;

/** The names of the columns of a relation: those of a CSV file, and the isolate. */
export const COLUMNS: string = [...NAMES, "Isolate"].join(", ");

/** The same with their types, for CREATE TABLE. */
export const TYPED_COLUMNS: string = [...NAMES.map((name) => `${name} ${TYPES[name]}`), "Isolate VARCHAR"].join(", ");

/** The columns of a CSV file with their types, for `read_csv`. */
export const CSV_COLUMNS = `{${NAMES.map((name) => `'${name}': '${TYPES[name]}'`).join(", ")}}`;

/** Options of `read_csv` by which DuckDB need not detect the dialect. */
export const CSV_DIALECT: readonly string[] = [
  "auto_detect = false",
  "delim = ','",
  `quote = '"'`,
  `escape = '"'`,
  "allow_quoted_nulls = false",
  // The default is four times as much for each thread, too much for many threads.
  "buffer_size = 8388608",
  "hive_partitioning = false",
];

/**
 * A text as a literal. NUL and lone surrogates cannot be in a text of SQL and become U+FFFD, as in
 * the CSV, so that a label is found by the name with which it was recorded.
 */
export function literal(text: string): string {
  return `'${text.toWellFormed().replaceAll("\0", "\uFFFD").replaceAll("'", "''")}'`;
}

/** A path as a literal, without wildcards. */
export function pathLiteral(path: string): string {
  return `'${path.replaceAll(/[*?[]/g, "[$&]").replaceAll("'", "''")}'`;
}

/** Paths as a list of literals. */
export function pathList(paths: readonly string[]): string {
  return `[${paths.map(pathLiteral).join(", ")}]`;
}

/** A name as an identifier. */
export function identifier(name: string): string {
  return `"${name.toWellFormed().replaceAll("\0", "\uFFFD").replaceAll('"', '""')}"`;
}

/** SQL of what `processKey` returns of a row's process. */
export const PROCESS_KEY = "concat_ws('-', PID, nullif(Isolate, ''))";

/** A finite number as a literal of type DOUBLE. */
export function double(value: number): string {
  return value.toExponential();
}

/** A relation without rows that has the columns of a view. */
export const NO_ROWS: string = `(SELECT ${
  NAMES.map((name) => `NULL::${TYPES[name]} AS ${name}`).join(", ")
}, NULL::VARCHAR AS Isolate, NULL::VARCHAR AS Channel WHERE false)`;
