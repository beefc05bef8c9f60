import { defaultRuntime } from "../../default_runtime.ts";
import { toArrow } from "./arrow.ts";
import type { Column, TableColumn } from "./table_column.ts";

/**
 * The result of a query, wholly in memory.
 *
 * | type of DuckDB | value | array of a column |
 * | --- | --- | --- |
 * | BIGINT, UBIGINT | bigint | `BigInt64Array`, `BigUint64Array` |
 * | HUGEINT, UHUGEINT, BIGNUM | bigint | |
 * | DOUBLE, FLOAT | number | `Float64Array`, `Float32Array` |
 * | INTEGER, SMALLINT, TINYINT and their U… | number | `Int32Array`, `Uint32Array`, … |
 * | DECIMAL | the nearest number | |
 * | VARCHAR, ENUM | string | |
 * | BOOLEAN | boolean | |
 * | DATE, TIME, TIMESTAMP (all of them), INTERVAL, UUID, BIT | string: as DuckDB writes it, with all digits | |
 * | BLOB | `Uint8Array` | |
 * | lists, arrays | array | |
 * | STRUCT | object | |
 * | MAP | array of `{ key, value }` | |
 * | NULL of any type | `null` | an ordinary array, for the whole column |
 */
export class Table {
  readonly #columns: readonly TableColumn[];
  /** Number of rows. */
  readonly rowCount: number;

  /** A table with columns of `rowCount` values each. */
  constructor(rowCount: number, columns: readonly TableColumn[]) {
    this.rowCount = rowCount;
    this.#columns = columns;
  }

  /** The names and types of the columns, in order. */
  get types(): { readonly name: string; readonly type: string }[] {
    return this.#columns.map(({ name, type }) => ({ name, type }));
  }

  /**
   * The rows as objects, with a key for each column.
   *
   * @example
   * ```ts
   * import { TelemetryDB } from "@kymo/kymo/analysis";
   * import { assertEquals } from "@std/assert";
   *
   * await using db = await TelemetryDB.open([]);
   * const table = await db.sql("SELECT 2 ** 3 AS power, range(3) AS list, TIMESTAMP_NS '2026-01-02 03:04:05.123456789' AS time");
   * assertEquals(table.rows(), [{ power: 8, list: [0n, 1n, 2n], time: "2026-01-02 03:04:05.123456789" }]);
   * ```
   */
  rows(): Record<string, unknown>[] {
    return Array.from(
      { length: this.rowCount },
      (_, row) => Object.fromEntries(this.#columns.map(({ name, values }) => [name, values[row]])),
    );
  }

  /** The columns by name: the arrays themselves, not copies. */
  columns(): Record<string, Column> {
    return Object.fromEntries(this.#columns.map(({ name, values }) => [name, values]));
  }

  /**
   * The table in the [streaming
   * format](https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format) of Apache
   * Arrow.
   *
   * @throws {KymoError} `"missing-package"` without the package `apache-arrow`.
   *
   * @example
   * ```ts
   * import { TelemetryDB } from "@kymo/kymo/analysis";
   * import { assertEquals } from "@std/assert";
   * import { tableFromIPC } from "apache-arrow";
   *
   * await using db = await TelemetryDB.open([]);
   * const table = await db.sql("SELECT 'a' AS label, 0.5::DOUBLE AS value");
   * const arrow = tableFromIPC(await table.arrow());
   * assertEquals(arrow.numRows, 1);
   * assertEquals(arrow.getChild("value")?.toArray(), new Float64Array([0.5]));
   * ```
   */
  async arrow(): Promise<Uint8Array> {
    return await toArrow(this.#columns, defaultRuntime().name);
  }
}
