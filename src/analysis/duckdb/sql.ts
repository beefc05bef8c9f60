/**
 * Pieces of SQL. What comes from outside (labels, channels, paths) gets into a query through these alone.
 *
 * @module
 */

import { COLUMNS as NAMES } from "../../csv/dialect.ts";

/** The types of the columns that come from a file. */
const TYPES = { Timepoint: "BIGINT", Measurement: "DOUBLE", Label: "VARCHAR", PID: "BIGINT" } as const;

/** The columns that come from a file. */
export const COLUMNS: string = NAMES.join(", ");

/** The same with their types, for CREATE TABLE. */
export const TYPED_COLUMNS: string = NAMES.map((name) => `${name} ${TYPES[name]}`).join(", ");

/** The same for `read_csv`. */
export const CSV_COLUMNS = `{${NAMES.map((name) => `'${name}': '${TYPES[name]}'`).join(", ")}}`;

/**
 * A text as a literal. NUL and lone surrogates, which no SQL text may hold, become U+FFFD, as they do in the CSV: so a label is found by the
 * name that it was recorded with.
 */
export function literal(text: string): string {
  return `'${text.toWellFormed().replaceAll("\0", "\uFFFD").replaceAll("'", "''")}'`;
}

/** A name as an identifier. */
export function identifier(name: string): string {
  return `"${name.toWellFormed().replaceAll("\0", "\uFFFD").replaceAll('"', '""')}"`;
}

/** A number as a literal of type DOUBLE; finite. */
export function double(value: number): string {
  return value.toExponential();
}

/** A relation without rows; with the prefix of the files, as every view has it. */
export const NO_ROWS: string = `(SELECT ${
  NAMES.map((name) => `NULL::${TYPES[name]} AS ${name}`).join(", ")
}, NULL::VARCHAR AS Channel WHERE false)`;
