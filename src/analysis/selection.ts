import { quote, UsageError } from "../errors.ts";
import { literal } from "./sql.ts";

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

/** A selection of a series as one of a frame. */
export function toSelection({ pid, ...window }: SeriesSelection): Selection {
  return pid === undefined ? window : { ...window, pids: [pid] };
}

/** The part of a relation that is selected, as a relation. */
export function restrict(relation: string, selection: Selection): string {
  const where = condition(selection);
  return where === "true" ? relation : `(SELECT * FROM ${relation} WHERE ${where})`;
}

/** A selection as an SQL condition. */
export function condition({ labels, pids, from, to }: Selection): string {
  const conditions: string[] = [];
  if (labels !== undefined) conditions.push(oneOf(labels));
  if (pids !== undefined) conditions.push(pids.length === 0 ? "false" : `PID IN (${pids.map(pidLiteral).join(", ")})`);
  if (from !== undefined) conditions.push(`Timepoint >= ${timepointLiteral("from", from)}`);
  if (to !== undefined) conditions.push(`Timepoint < ${timepointLiteral("to", to)}`);
  return conditions.length === 0 ? "true" : conditions.join(" AND ");
}

function oneOf(labels: string | readonly string[]): string {
  if (!Array.isArray(labels)) return labelMatches(labels as string);
  if (labels.length === 0) return "false";
  const matches = labels.map(labelMatches).join(" OR ");
  return labels.length === 1 ? matches : `(${matches})`;
}

function labelMatches(pattern: string): string {
  if (typeof pattern !== "string") throw new UsageError(`Cannot select: labels must be strings: ${quote(pattern)}`);
  if (!/[*?]/.test(pattern)) return `Label = ${literal(pattern)}`;
  // DuckDB's own GLOB would take the brackets of "/version [GET]" for a set of characters.
  const like = pattern.replace(/[\\%_]/g, "\\$&").replaceAll("*", "%").replaceAll("?", "_");
  return `Label LIKE ${literal(like)} ESCAPE '\\'`;
}

function pidLiteral(pid: number): string {
  if (!Number.isSafeInteger(pid)) throw new UsageError(`Cannot select: a PID must be a whole number: ${quote(pid)}`);
  return String(pid);
}

function timepointLiteral(name: string, timepoint: bigint): string {
  if (typeof timepoint !== "bigint") {
    throw new UsageError(`Cannot select: ${name} must be a bigint: ${quote(timepoint)}`);
  }
  return String(timepoint);
}
