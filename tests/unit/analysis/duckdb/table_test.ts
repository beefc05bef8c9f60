import { after, before, describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { tableFromIPC } from "apache-arrow";
import { toArrow } from "../../../../src/analysis/duckdb/arrow.ts";
import { DuckDB } from "../../../../src/analysis/duckdb/duckdb.ts";
import type { Table } from "../../../../src/analysis/duckdb/table.ts";
import { KymoError } from "../../../../src/errors.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";

/** Values of every kind: their SQL, what they are in JavaScript, and their type in an Arrow table. */
const KINDS: readonly (readonly [sql: string, value: unknown, arrow: string])[] = [
  ["9223372036854775807", 2n ** 63n - 1n, "Int64"],
  ["18446744073709551615::UBIGINT", 2n ** 64n - 1n, "Uint64"],
  ["sum(1)", 1n, "Int64"],
  [
    "2::HUGEINT ** 0 + 170141183460469231731687303715884105726::HUGEINT",
    170141183460469231731687303715884105727,
    "Float64",
  ],
  ["170141183460469231731687303715884105727", 2n ** 127n - 1n, "Dictionary<Int32, Utf8>"],
  ["'nan'::DOUBLE", NaN, "Float64"],
  ["-0.0::DOUBLE", -0, "Float64"],
  ["0.5::FLOAT", 0.5, "Float32"],
  ["0.1", 0.1, "Float64"],
  ["7::INTEGER", 7, "Int32"],
  ["7::UINTEGER", 7, "Uint32"],
  ["7::SMALLINT", 7, "Int16"],
  ["7::USMALLINT", 7, "Uint16"],
  ["7::TINYINT", 7, "Int8"],
  ["7::UTINYINT", 7, "Uint8"],
  ["true", true, "Bool"],
  ["'größe 😀'", "größe 😀", "Dictionary<Int32, Utf8>"],
  ["'b'::ENUM('a', 'b')", "b", "Dictionary<Int32, Utf8>"],
  ["DATE '2026-01-02'", "2026-01-02", "Dictionary<Int32, Utf8>"],
  ["TIME '03:04:05.123456'", "03:04:05.123456", "Dictionary<Int32, Utf8>"],
  ["TIMESTAMP_NS '2026-01-02 03:04:05.123456789'", "2026-01-02 03:04:05.123456789", "Dictionary<Int32, Utf8>"],
  ["'-infinity'::TIMESTAMP", "-infinity", "Dictionary<Int32, Utf8>"],
  ["INTERVAL 3 DAYS", "3 days", "Dictionary<Int32, Utf8>"],
  ["'101'::BIT", "101", "Dictionary<Int32, Utf8>"],
  ["[[1, NULL], []]", [[1, null], []], "List<List<Float64>>"],
  ["[1, 2]::BIGINT[2]", [1n, 2n], "List<Int64>"],
  [
    "{'a': 'x', 'items': [1], 'entries': NULL}",
    { a: "x", items: [1], entries: null },
    "Struct<{a:Utf8, items:List<Float64>, entries:Null}>",
  ],
  ["MAP {'k': 1}", [{ key: "k", value: 1 }], "List<Struct<{key:Utf8, value:Float64}>>"],
  ["union_value(k := 'v')", "v", "Dictionary<Int32, Utf8>"],
  ["NULL::BIGINT", null, "Null"],
];

describe("Table", () => {
  let database: DuckDB;
  before(async () => {
    database = await DuckDB.open({}, defaultRuntime());
  });
  after(() => database.close());
  const query = (sql: string): Promise<Table> => database.sql(sql);

  it("converts values of all types, in rows, columns and Arrow", async () => {
    const table = await query(`SELECT ${KINDS.map(([sql], index) => `${sql} AS c${index}`).join(", ")}`);
    const [row] = table.rows();
    const columns = table.columns();
    const arrow = tableFromIPC(await table.arrow());
    for (const [index, [sql, value, type]] of KINDS.entries()) {
      assertEquals(row?.[`c${index}`], value, sql);
      assertEquals(columns[`c${index}`]?.[0], value, sql);
      assertEquals(String(arrow.schema.fields[index]?.type), type, sql);
    }
  });

  it("returns blobs as bytes", async () => {
    const table = await query("SELECT '\\x00\\xFF'::BLOB AS blob");
    assertEquals([...table.rows()[0]?.blob as Uint8Array], [0, 255]);
    assertEquals([...tableFromIPC(await table.arrow()).getChild("blob")?.get(0)], [0, 255]);
  });

  it("lists the types of its columns, and renames repeated ones", async () => {
    const table = await query("SELECT 1::BIGINT AS a, 'x' AS a, [0.5::DOUBLE] AS __proto__");
    assertEquals(table.types, [
      { name: "a", type: "BIGINT" },
      { name: "a:1", type: "VARCHAR" },
      { name: "__proto__", type: "DOUBLE[]" },
    ]);
    assertEquals(Object.entries(table.rows()[0]!), [["a", 1n], ["a:1", "x"], ["__proto__", [0.5]]]);
  });

  it("has typed arrays of exactly its rows, over many chunks", async () => {
    const table = await query("SELECT i AS big, i::DOUBLE AS double, i::UINTEGER AS small FROM range(10_001) t(i)");
    const { big, double, small } = table.columns();
    assertEquals(table.rowCount, 10_001);
    assertEquals(big, BigInt64Array.from({ length: 10_001 }, (_, i) => BigInt(i)));
    assertEquals(double, Float64Array.from({ length: 10_001 }, (_, i) => i));
    assertEquals(small, Uint32Array.from({ length: 10_001 }, (_, i) => i));
    const arrow = tableFromIPC(await table.arrow());
    assertEquals(arrow.getChild("big")?.toArray(), big);
    assertEquals(arrow.getChild("double")?.toArray(), double);
  });

  it("has an ordinary array where there is a NULL, wherever it is", async () => {
    for (const row of [0, 2_500, 9_999]) {
      const table = await query(`SELECT CASE WHEN i <> ${row} THEN i END AS n FROM range(10_000) t(i) ORDER BY i`);
      assertEquals(table.columns().n, Array.from({ length: 10_000 }, (_, i) => i === row ? null : BigInt(i)));
    }
  });

  it("can be empty", async () => {
    const table = await query("SELECT 1::BIGINT AS n, 'a' AS label WHERE false");
    assertEquals([table.rowCount, table.rows(), table.columns()], [0, [], { n: new BigInt64Array(), label: [] }]);
    assertEquals(tableFromIPC(await table.arrow()).numRows, 0);
  });

  it("gives the command that adds Arrow", async () => {
    const missing = () => Promise.reject(Object.assign(new Error("missing"), { code: "ERR_MODULE_NOT_FOUND" }));
    const { code } = await assertRejects(
      () => toArrow([], "bun", missing),
      KymoError,
      'Cannot make an Arrow table: the package apache-arrow is missing: add it with "bun add apache-arrow"',
    );
    assertEquals(code, "missing-package");
  });
});
