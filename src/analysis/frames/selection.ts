import { type Check, checkGiven } from "../../options.ts";
import { literal } from "../duckdb/sql.ts";
import { labelMatchesInSql } from "./label_pattern.ts";

/** Conditions that observations must meet, all of them. */
export interface Selection {
  /**
   * A label or a pattern, or several of which one must match. In a pattern `*` matches any number
   * of characters and `?` matches one; all other characters match themselves. `[]` matches nothing.
   */
  readonly labels?: string | readonly string[];
  /** PIDs; `[]` matches nothing. Several processes may bear one, such as containers and workers. */
  readonly pids?: readonly number[];
  /** Isolates, as in file names; `[]` matches nothing, `""` rows whose isolate is not known. */
  readonly isolates?: readonly string[];
  /** Earliest timepoint, inclusive, ns since 1970. */
  readonly from?: bigint;
  /** End, exclusive, ns since 1970. */
  readonly to?: bigint;
}

/** Conditions that observations of a series must meet, all of them. */
export interface SeriesSelection {
  /** The PID. Several processes may bear it. */
  readonly pid?: number;
  /** The isolate; with its PID it is one process. */
  readonly isolate?: string;
  /** Earliest timepoint, inclusive, ns since 1970. */
  readonly from?: bigint;
  /** End, exclusive, ns since 1970. */
  readonly to?: bigint;
}

/** The time range of some observations. */
export interface TimeRange {
  /** Earliest timepoint, ns since 1970. */
  readonly first: bigint;
  /** Latest timepoint, ns since 1970. */
  readonly last: bigint;
}

/** A check that the value is a PID. */
export const isPid: Check = (value) =>
  Number.isSafeInteger(value) && value as number >= 0 ? undefined : "must be a PID";

/** A check that the value is a text, or several. */
export const isLabels: Check = (value) =>
  [value].flat().every((label) => typeof label === "string") ? undefined : "must be a string or an array of strings";

/** A check that the value is an array of PIDs. */
export const isPids: Check = (value) =>
  Array.isArray(value) && value.every((pid) => isPid(pid) === undefined) ? undefined : "must be an array of PIDs";

/** A check that the value is an isolate as in file names, or empty. */
export const isIsolate: Check = (value) =>
  typeof value === "string" && /^([0-9a-f]{8})?$/.test(value) ? undefined : 'must be 8 hexadecimal digits or ""';

/** A check that the value is an array of isolates as in file names, or empty. */
export const isIsolates: Check = (value) =>
  Array.isArray(value) && value.every((isolate) => isIsolate(isolate) === undefined)
    ? undefined
    : "must be an array of isolates, each of 8 hexadecimal digits";

export const isTimepoint: Check = (value) => typeof value === "bigint" ? undefined : "must be a bigint, ns since 1970";

/** Turns the selection of a series into one of a frame. */
export function toSelection(selection: SeriesSelection): Selection {
  const { pid, isolate, ...window } = checkGiven<SeriesSelection>("Cannot select", selection, {
    pid: isPid,
    isolate: isIsolate,
    from: isTimepoint,
    to: isTimepoint,
  });
  return {
    ...window,
    ...pid === undefined ? {} : { pids: [pid] },
    ...isolate === undefined ? {} : { isolates: [isolate] },
  };
}

/** The selected part of a relation, as a relation. */
export function restrict(relation: string, selection: Selection): string {
  const where = condition(selection);
  return where === "true" ? relation : `(SELECT * FROM ${relation} WHERE ${where})`;
}

/**
 * A selection as an SQL condition.
 *
 * @throws {KymoError} `invalid-argument`, if a condition is unknown or has the wrong type.
 */
export function condition(selection: Selection): string {
  const { labels, pids, isolates, from, to } = checkGiven<Selection>("Cannot select", selection, {
    labels: isLabels,
    pids: isPids,
    isolates: isIsolates,
    from: isTimepoint,
    to: isTimepoint,
  });
  const conditions: string[] = [];
  if (labels !== undefined) conditions.push(anyOf([labels].flat().map(labelMatchesInSql)));
  if (pids !== undefined) conditions.push(pids.length === 0 ? "false" : `PID IN (${pids.join(", ")})`);
  if (isolates !== undefined) {
    conditions.push(isolates.length === 0 ? "false" : `Isolate IN (${isolates.map(literal).join(", ")})`);
  }
  if (from !== undefined) conditions.push(`Timepoint >= ${from}`);
  if (to !== undefined) conditions.push(`Timepoint < ${to}`);
  return conditions.length === 0 ? "true" : conditions.join(" AND ");
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "false" : conditions.length === 1 ? conditions[0]! : `(${conditions.join(" OR ")})`;
}
