import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier, literal, pathLiteral } from "./sql.ts";

/** What {@linkcode writeVerified} writes. */
export interface VerifiedParquet {
  /** The path of a file, which is overwritten in place. */
  readonly path: string;
  /** A table or a view, whose rows it is to have. */
  readonly relation: string;
  /** The query whose result is written: all rows of the relation. */
  readonly query: string;
  /** SQL of expressions over a row, the same of relation and file: all that must not be changed. */
  readonly same: readonly string[];
  /** Its column of doubles. */
  readonly doubles: string;
  /** Its metadata, by one key. */
  readonly metadata: { readonly key: string; readonly text: string };
}

/**
 * Writes rows to a Parquet file, compressed with zstd, reads that back, and compares all of them, in
 * whatever order. Returns the number of rows.
 *
 * @throws what DuckDB throws; and if what is in the file is something else.
 */
export async function writeVerified(
  connection: DuckDBConnection,
  { path, relation, query, same, doubles, metadata: { key, text } }: VerifiedParquet,
): Promise<number> {
  const fingerprint = `count(*), sum(hash(${same.join(", ")})::HUGEINT)::VARCHAR`;
  const valuesOf = async (expressions: string, from: string): Promise<unknown[]> =>
    (await connection.runAndReadAll(`SELECT ${expressions} FROM ${from}`)).getRowsJS()[0]!;
  // DuckDB puts 0 and -0 into a dictionary as one value.
  const hasNegativeZero = `coalesce(bool_or(${doubles} = 0 AND signbit(${doubles})), false)`;
  const [rows, sum, needsNone] = await valuesOf(`${fingerprint}, ${hasNegativeZero}`, relation);
  const dictionary = needsNone ? "DICTIONARY_SIZE_LIMIT 0, " : "";
  await connection.run(`
    COPY (${query})
    TO ${literal(path)} (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, ${dictionary}USE_TMP_FILE false,
      KV_METADATA {${identifier(key)}: ${literal(text)}})`);
  const written = await valuesOf(fingerprint, `read_parquet(${pathLiteral(path)}, hive_partitioning = false)`);
  if (written[0] !== rows || written[1] !== sum) throw new Error("what was written reads back as something else");
  return Number(rows);
}
