import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier, literal, pathLiteral } from "./sql.ts";

/** What {@linkcode writeVerified} writes. */
export interface VerifiedParquet {
  /** The path of a file, which is overwritten in place. */
  readonly path: string;
  /** A table in memory, whose rows it is to have. */
  readonly table: string;
  /** What of the table is written, SQL between SELECT and FROM. */
  readonly select: string;
  /** By what it is sorted, SQL after ORDER BY. */
  readonly order: string;
  /** SQL of expressions over a row, the same of table and file: all that must not be changed. */
  readonly same: readonly string[];
  /** Its column of doubles. */
  readonly doubles: string;
  /** Its metadata, by one key. */
  readonly metadata: { readonly key: string; readonly text: string };
}

/**
 * Writes a table to a Parquet file, compressed with zstd, reads that back, and compares all rows, in
 * whatever order.
 *
 * @throws what DuckDB throws; and if what is in the file is something else.
 */
export async function writeVerified(
  connection: DuckDBConnection,
  { path, table, select, order, same, doubles, metadata: { key, text } }: VerifiedParquet,
): Promise<void> {
  const fingerprint = `count(*) || ' ' || sum(hash(${same.join(", ")})::HUGEINT)`;
  const valueOf = async (expression: string, relation: string): Promise<unknown> =>
    (await connection.runAndReadAll(`SELECT ${expression} FROM ${relation}`)).getRowsJS()[0]![0];
  const expected = await valueOf(fingerprint, table);
  // DuckDB puts 0 and -0 into a dictionary as one value. None has room for two.
  const hasNegativeZero = await valueOf(`coalesce(bool_or(${doubles} = 0 AND signbit(${doubles})), false)`, table);
  const dictionary = hasNegativeZero ? "DICTIONARY_SIZE_LIMIT 1, " : "";
  await connection.run(`
    COPY (SELECT ${select} FROM ${table} ORDER BY ${order})
    TO ${literal(path)} (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, ${dictionary}USE_TMP_FILE false,
      KV_METADATA {${identifier(key)}: ${literal(text)}})`);
  const written = await valueOf(fingerprint, `read_parquet(${pathLiteral(path)}, hive_partitioning = false)`);
  if (written !== expected) throw new Error("what was written reads back as something else");
}
