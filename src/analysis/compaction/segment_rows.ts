import type { CompactedFile } from "../compacted/compacted_files.ts";
import { ORDER } from "../compacted/restored_segments.ts";
import { COLUMNS } from "../duckdb/sql.ts";
import { compactedQueries, type CsvPart, csvQuery, SEQUENCE } from "../source/duckdb_relation.ts";

/**
 * SQL of the rows of CSV files of segments, and of compacted files, with all columns of a compacted
 * file. Relies on DuckDB's `preserve_insertion_order`, and on a single thread.
 */
export function segmentRows(parts: readonly CsvPart[], compacted: readonly CompactedFile[]): string {
  const queries = parts.map((part) => `
    SELECT ${COLUMNS}, Sequence,
      (n - min(n) OVER file - (row_number() OVER (file ORDER BY ${ORDER}, n) - 1))::INTEGER AS Shift
    FROM (${csvQuery(part, `, ${SEQUENCE}::BIGINT AS Sequence, row_number() OVER () AS n`)})
    WINDOW file AS (PARTITION BY Isolate, Sequence)`);
  return `(${[...queries, ...compactedQueries(compacted, ", Sequence, Shift")].join(" UNION ALL ")})`;
}
