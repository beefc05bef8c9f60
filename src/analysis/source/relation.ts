import { COLUMNS, CSV_COLUMNS, NO_ROWS } from "../duckdb/sql.ts";

/** Some CSV files of one channel that DuckDB reads. */
export interface CsvPart {
  /** The files. */
  readonly paths: readonly string[];
  /** Whether labels hold line feeds: on several threads DuckDB takes what follows one for a row, if it looks like one. */
  readonly lineFeeds: boolean;
  /** The first so many rows are read, whatever follows. Depends on DuckDB's `preserve_insertion_order`, which is set by default. */
  readonly limit?: number;
}

/** Told all of it, DuckDB need not guess. */
const OPTIONS = [
  "auto_detect = false",
  "header = true",
  "delim = ','",
  `quote = '"'`,
  `escape = '"'`,
  "allow_quoted_nulls = false",
  "compression = 'none'",
  // By default each thread takes four times as much, which is too much for many threads.
  "buffer_size = 8388608",
  "hive_partitioning = false",
  `columns = ${CSV_COLUMNS}`,
];

/** The SQL of a relation of CSV files and tables. */
export function relationOf(parts: readonly CsvPart[], tables: readonly string[]): string {
  const queries = [...parts.map(csvQuery), ...tables.map((table) => `SELECT ${COLUMNS} FROM ${table}`)];
  return queries.length === 0 ? NO_ROWS : `(${queries.join(" UNION ALL ")})`;
}

function csvQuery({ paths, lineFeeds, limit }: CsvPart): string {
  const options = [...OPTIONS];
  if (lineFeeds) options.push("parallel = false");
  // What follows the limit may be half a row.
  if (limit !== undefined) options.push("ignore_errors = true");
  const query = `SELECT ${COLUMNS} FROM read_csv([${paths.map(pathLiteral).join(", ")}], ${options.join(", ")})`;
  return limit === undefined ? query : `(${query} LIMIT ${limit})`;
}

/** A path as a text of SQL, in which DuckDB finds no pattern. */
function pathLiteral(path: string): string {
  return `'${path.replaceAll(/[*?[]/g, "[$&]").replaceAll("'", "''")}'`;
}
