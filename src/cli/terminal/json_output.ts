/**
 * What `--json` prints: for each command one kind of object, whose fields are in docs/reference.md.
 *
 * @module
 */

import type { Problem, Reading } from "../../analysis/source/reading_report.ts";
import { jsonText } from "../../small_json.ts";

/**
 * The version of all kinds. It rises when a field is taken away or changes its meaning; new fields do not
 * raise it.
 */
export const JSON_VERSION = 1;

/** The kinds of objects; each has the name of its command, and what it is about if there are several. */
export const JSON_KINDS = [
  "summary",
  "top",
  "report",
  "slow",
  "why",
  "compare",
  "profile",
  "heap-profile",
  "export",
  "sql",
  "plot",
  "ps",
  "on",
  "off",
  "flush",
  "recover",
  "compact",
  "prune",
  "ship",
  "ship-status",
  "ship-verify",
  "load",
  "env",
] as const;

/** One of them. */
export type JsonKind = typeof JSON_KINDS[number];

/**
 * An object as a line: `version` and `kind` before its own fields. A bigint is a text of digits; what is
 * not finite is null.
 */
export function jsonLine(kind: JsonKind, fields: object): string {
  return `${jsonText({ version: JSON_VERSION, kind, ...fields })}\n`;
}

/** The field `unread`: what could not be read. */
export function unreadOf({ unread, problems }: Pick<Reading, "unread" | "problems">): {
  readonly rows: number;
  readonly problems: readonly Problem[];
} {
  return { rows: unread, problems };
}

/** Data with null in place of what is undefined, for fields that are always there. */
export function withNulls(data: object): object {
  return JSON.parse(JSON.stringify(data, (_, value) => value === undefined ? null : value));
}
