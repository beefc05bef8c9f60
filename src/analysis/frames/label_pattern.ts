/**
 * Patterns of labels: `*` is any text, also none, and `?` any character; every other character is
 * itself.
 *
 * That is less than a glob: in `/orders/:id [GET]`, the usual form of a label, brackets would be a
 * set of characters, and `*` would end at a slash. So neither DuckDB's `GLOB` nor a glob library
 * can do it.
 *
 * @module
 */

import { literal } from "../duckdb/sql.ts";

/** Returns a function that tells whether a text matches one of the patterns. */
export function labelMatcher(...patterns: readonly string[]): (text: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const source = pattern.replace(/[\\^$.|+()[\]{}/]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
    return new RegExp(`^${source}$`, "su");
  });
  return (text) => expressions.some((expression) => expression.test(text));
}

/** SQL that tells whether the column `Label` matches a pattern. */
export function labelMatchesInSql(pattern: string): string {
  if (!/[*?]/.test(pattern)) return `Label = ${literal(pattern)}`;
  const like = pattern.replace(/[\\%_]/g, "\\$&").replaceAll("*", "%").replaceAll("?", "_");
  return `Label LIKE ${literal(like)} ESCAPE '\\'`;
}
