/**
 * The result of a query as a table, CSV and JSON.
 *
 * @module
 */

import type { Table } from "../../../analysis/duckdb/table.ts";
import { csvField } from "../../../csv/field.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { type Column, formatTable, type TableRoom } from "../../terminal/table.ts";

/** The width to which texts of a table may be shortened, columns. */
const NARROWEST = 8;

/** Types of DuckDB whose values are aligned as numbers are. */
const NUMBERS = /^U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?$|^(?:DOUBLE|FLOAT|BIGNUM)$|^DECIMAL/;

/** What is read for the columns of `EXPLAIN`. */
const EXPLAINED = "explain_key,explain_value";

/** The first `limit` rows as a table. What `EXPLAIN` draws stands as it is. */
export function formatResult(table: Table, limit: number, room: TableRoom): string {
  const columns = table.columns();
  const rows = Array.from({ length: Math.min(limit, table.rowCount) }, (_, index) => index);
  if (Object.keys(columns).join() === EXPLAINED) {
    return rows.map((row) => `${columns.explain_value![row]}`.split("\n").map(sanitize).join("\n")).join("\n");
  }
  const shown = table.types.map(({ name, type }): Column<number> => ({
    title: sanitize(name),
    side: NUMBERS.test(type) ? "right" : "left",
    ...!NUMBERS.test(type) && { narrowest: NARROWEST },
    cell: (row) => sanitize(textOf(columns[name]![row]) ?? "NULL"),
  }));
  return formatTable(shown, rows, room);
}

/** The first `limit` rows as CSV, with a header; NULL is empty. */
export function resultToCsv(table: Table, limit: number): string {
  const columns = Object.values(table.columns());
  const rows = Array.from(
    { length: Math.min(limit, table.rowCount) },
    (_, row) => columns.map((values) => textOf(values[row]) ?? ""),
  );
  return [table.types.map(({ name }) => name), ...rows].map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
}

/** The first `limit` rows as fields of JSON: integers that a number of JSON holds exactly are numbers. */
export function resultToJson(table: Table, limit: number): { readonly columns: object[]; readonly rows: object[] } {
  return {
    columns: table.types,
    rows: table.rows().slice(0, limit).map((row) => withNumbers(row) as object),
  };
}

function withNumbers(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Uint8Array) return value.toHex();
  if (Array.isArray(value)) return value.map(withNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withNumbers(item)]));
}

/** A value as text; `undefined` for NULL. Lists and structures are JSON. */
function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (value instanceof Uint8Array) return value.toHex();
  if (typeof value !== "object") return String(value);
  return JSON.stringify(value, (_, item) => typeof item === "bigint" ? String(item) : item);
}
