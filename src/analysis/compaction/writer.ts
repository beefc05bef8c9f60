import type { DuckDBConnection } from "@duckdb/node-api";
import { ValueKind, valueKindOf } from "../../series.ts";
import { SEGMENT_COLUMNS } from "../compacted/restored_segments.ts";
import { COLUMNS } from "../duckdb/sql.ts";
import { writeVerified } from "../duckdb/verified_parquet.ts";
import { type CompactedMetadata, formatMetadata, METADATA_KEY } from "../compacted/format.ts";

/** What was written. */
export type Written = Pick<CompactedMetadata, "rows" | "first" | "last">;

const TABLE = "kymo_compaction";

/** What must not be changed of a row. */
const SAME = [
  "Timepoint",
  "Measurement::DOUBLE",
  "signbit(Measurement::DOUBLE)",
  "Label",
  "PID",
  "Isolate",
  "Sequence",
  "Shift",
];

/** Whether all measurements are decimals to the last bit. */
const ARE_DECIMALS = "bool_and(coalesce(TRY_CAST(Measurement AS DECIMAL(18, 9))::DOUBLE = Measurement, false) " +
  "AND NOT signbit(Measurement))";

/**
 * Writes the rows of a relation that has all columns, sorted, to the Parquet file at `path`, which may
 * exist and is then overwritten in place. Reads them back, and compares.
 *
 * @throws what DuckDB throws; and if what is in the file is something else.
 */
export async function writeCompacted(
  connection: DuckDBConnection,
  relation: string,
  path: string,
  channel: string,
  { inputs, segments }: Pick<CompactedMetadata, "inputs" | "segments">,
): Promise<Written> {
  const query = async (sql: string): Promise<unknown[]> => (await connection.runAndReadAll(sql)).getRowsJS()[0]!;
  await connection.run(`CREATE OR REPLACE TABLE ${TABLE} AS SELECT ${SEGMENT_COLUMNS} FROM ${relation}`);
  try {
    const [count, first, last, areDecimals] = await query(
      `SELECT count(*), min(Timepoint), max(Timepoint), ${ARE_DECIMALS} FROM ${TABLE}`,
    ) as [bigint, bigint, bigint, boolean];
    const rows = Number(count);
    const expected = inputs.reduce((sum, { rows }) => sum + rows, 0);
    if (rows !== expected) throw new Error(`${rows} rows were read where ${expected} were found before`);
    const metadata = formatMetadata({ rows, first, last, inputs, segments });
    // One channel has one type, so that queries over all of its files see one.
    const isDecimal = valueKindOf(channel) === ValueKind.duration && areDecimals;
    const measurement = isDecimal ? "Measurement::DECIMAL(18, 9) AS Measurement" : "Measurement";
    await writeVerified(connection, {
      path,
      relation: TABLE,
      query:
        `SELECT Timepoint, ${measurement}, Label, PID, Isolate, Sequence, Shift FROM ${TABLE} ORDER BY Label, Timepoint`,
      same: SAME,
      doubles: "Measurement::DOUBLE",
      metadata: { key: METADATA_KEY, text: metadata },
    });
    return { rows, first, last };
  } finally {
    await connection.run(`DROP TABLE IF EXISTS ${TABLE}`);
  }
}

/**
 * Whether all rows of one relation are in another, each as often.
 *
 * @throws what DuckDB throws.
 */
export async function isContained(connection: DuckDBConnection, one: string, other: string): Promise<boolean> {
  const result = await connection.runAndReadAll(
    `SELECT count(*) FROM (SELECT ${COLUMNS} FROM ${one} EXCEPT ALL SELECT ${COLUMNS} FROM ${other})`,
  );
  return Number(result.getRowsJS()[0]![0]) === 0;
}
