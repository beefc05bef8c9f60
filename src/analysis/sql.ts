/**
 * Pieces of SQL. What comes from outside (labels, prefixes, paths) gets into a query through these alone.
 *
 * @module
 */

/** The columns of every relation, with their types. */
export const RELATION_COLUMNS = "Timepoint BIGINT, Measurement DOUBLE, Label VARCHAR, PID BIGINT, Prefix VARCHAR";

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

/** A relation without rows. */
export const NO_ROWS: string = `(SELECT ${
  RELATION_COLUMNS.split(", ").map((column) => {
    const [name, type] = column.split(" ");
    return `NULL::${type} AS ${name}`;
  }).join(", ")
} WHERE false)`;
