import { literal } from "../duckdb/sql.ts";

/**
 * SQL that tells whether the column `Label` matches a pattern, as `src/label_pattern.ts` says.
 * DuckDB's `GLOB` would take brackets for a set of characters.
 */
export function labelMatchesInSql(pattern: string): string {
  if (!/[*?]/.test(pattern)) return `Label = ${literal(pattern)}`;
  const like = pattern.replace(/[\\%_]/g, "\\$&").replaceAll("*", "%").replaceAll("?", "_");
  return `Label LIKE ${literal(like)} ESCAPE '\\'`;
}
