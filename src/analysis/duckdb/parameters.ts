import type { DuckDBType, DuckDBValue } from "@duckdb/node-api";
import { KymoError, quote } from "../../errors.ts";

/** A value and its type in DuckDB. */
export interface Parameter {
  readonly value: DuckDBValue;
  readonly type: DuckDBType;
}

/**
 * A parameter of a query, with a type of our choice: the package makes every bigint a HUGEINT, and
 * takes the type of an array from its first item.
 *
 * @throws {KymoError} `"invalid-argument"` if the value has no type in SQL.
 */
export function toParameter(value: unknown, duckdb: typeof import("@duckdb/node-api")): Parameter {
  const { BIGINT, HUGEINT, DOUBLE, INTEGER, VARCHAR, BOOLEAN, SQLNULL, LIST } = duckdb;
  if (value === null) return { value, type: SQLNULL };
  if (typeof value === "boolean") return { value, type: BOOLEAN };
  if (typeof value === "string") return { value, type: VARCHAR };
  if (typeof value === "bigint" && BigInt.asIntN(64, value) === value) return { value, type: BIGINT };
  if (typeof value === "bigint" && BigInt.asIntN(128, value) === value) return { value, type: HUGEINT };
  if (typeof value === "number") return { value, type: Object.is(value | 0, value) ? INTEGER : DOUBLE };
  if (Array.isArray(value)) {
    const items = value.map((item) => toParameter(item, duckdb));
    const types = new Set(items.map(({ type }) => type));
    const itemType = types.has(DOUBLE) && types.has(INTEGER) && types.size === 2 ? DOUBLE : types.values().next().value;
    if (types.size <= 1 || itemType === DOUBLE) {
      return { value: duckdb.listValue(items.map((item) => item.value)), type: LIST(itemType ?? SQLNULL) };
    }
  }
  throw new KymoError(
    "invalid-argument",
    "Cannot query: a parameter must be null, a boolean, a number, a bigint, a string, or an array of one of these: " +
      quote(value),
  );
}
