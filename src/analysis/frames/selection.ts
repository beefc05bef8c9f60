import { type Check, checkGiven } from "../../options.ts";
import { isPid } from "./checks.ts";
import { literal } from "../duckdb/sql.ts";

/** Which observations: those that meet all conditions. */
export interface Selection {
  /**
   * A label, or a pattern of labels: `*` stands for any characters, also none, and `?` for one; all else stands for itself. Of several, one has to
   * match; of none, none does.
   */
  readonly labels?: string | readonly string[];
  /** Processes; of none, nothing is selected. */
  readonly pids?: readonly number[];
  /** The first timepoint, ns since 1970. */
  readonly from?: bigint;
  /** The end, ns since 1970: the first timepoint that no longer belongs. */
  readonly to?: bigint;
}

/** Which observations of a series: those that meet all conditions. */
export interface SeriesSelection {
  /** The process. */
  readonly pid?: number;
  /** The first timepoint, ns since 1970. */
  readonly from?: bigint;
  /** The end, ns since 1970: the first timepoint that no longer belongs. */
  readonly to?: bigint;
}

/** A check of a label, a pattern of labels, or several. */
const isLabels: Check = (value) =>
  [value].flat().every((label) => typeof label === "string") ? undefined : "must be a string or an array of strings";

const isPids: Check = (value) =>
  Array.isArray(value) && value.every((pid) => isPid(pid) === undefined) ? undefined : "must be an array of PIDs";

const isTimepoint: Check = (value) => typeof value === "bigint" ? undefined : "must be a bigint, ns since 1970";

/** A selection of a series as one of a frame. */
export function toSelection(selection: SeriesSelection): Selection {
  const { pid, ...window } = checkGiven<SeriesSelection>("Cannot select", selection, {
    pid: isPid,
    from: isTimepoint,
    to: isTimepoint,
  });
  return pid === undefined ? window : { ...window, pids: [pid] };
}

/** The part of a relation that is selected, as a relation. */
export function restrict(relation: string, selection: Selection): string {
  const where = condition(selection);
  return where === "true" ? relation : `(SELECT * FROM ${relation} WHERE ${where})`;
}

/**
 * A selection as an SQL condition.
 *
 * @throws {KymoError} if one of its conditions is not known or of the wrong type.
 */
export function condition(selection: Selection): string {
  const { labels, pids, from, to } = checkGiven<Selection>("Cannot select", selection, {
    labels: isLabels,
    pids: isPids,
    from: isTimepoint,
    to: isTimepoint,
  });
  const conditions: string[] = [];
  if (labels !== undefined) conditions.push(anyOf([labels].flat().map(labelMatches)));
  if (pids !== undefined) conditions.push(pids.length === 0 ? "false" : `PID IN (${pids.join(", ")})`);
  if (from !== undefined) conditions.push(`Timepoint >= ${from}`);
  if (to !== undefined) conditions.push(`Timepoint < ${to}`);
  return conditions.length === 0 ? "true" : conditions.join(" AND ");
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "false" : conditions.length === 1 ? conditions[0]! : `(${conditions.join(" OR ")})`;
}

function labelMatches(pattern: string): string {
  if (!/[*?]/.test(pattern)) return `Label = ${literal(pattern)}`;
  // DuckDB's own GLOB would take the brackets of "/version [GET]" for a set of characters.
  const like = pattern.replace(/[\\%_]/g, "\\$&").replaceAll("*", "%").replaceAll("?", "_");
  return `Label LIKE ${literal(like)} ESCAPE '\\'`;
}
