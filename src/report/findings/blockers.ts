/**
 * What blocked the event loop: for each stall the block of code that ran, or garbage collection.
 *
 * @module
 */

import { CHANNELS, LAG_PROBE_INTERVAL, SERIES } from "../../series.ts";
import { parseRequestLabel } from "../../http/request_labels.ts";
import type { Source } from "../data/source.ts";

/**
 * Seconds of event loop lag from which it counts as a stall. Browsers, too, call a task of this
 * length long: users notice several in a row.
 */
export const MIN_STALL = 0.05;

/** What blocked an event loop. */
export interface Blocker {
  /** A label, garbage collection, or nothing that was recorded. */
  readonly what: { readonly label: string } | "gc" | "unknown";
  /** How many stalls. */
  readonly count: number;
  /** Seconds, all of them together. */
  readonly sum: number;
}

/** What blocked more stalls than this is read of the longest only. */
const MAX_STALLS = 5_000;

/** What takes this share of a stall explains it. */
const MOST = 0.5;

/**
 * The timer that measures lag may fire up to this many seconds before the block that delays it, or
 * end after it: its interval, and 5 ms for its own delay.
 */
const TIMER_SLACK = (LAG_PROBE_INTERVAL + 5) / 1e3;

/** A GC pause is recorded at the sampling tick after it: within the interval of 1 s, or a longer one. */
const LATEST_TICK = 2;

/** A stall, in seconds of any clock. */
interface Stall {
  readonly id: number;
  readonly process: number;
  /** When it ended, s. */
  readonly to: number;
  /** Seconds. */
  readonly length: number;
}

/** Reads what blocked each process that had stalls, the most time first. */
export async function readBlockers(source: Source): Promise<Map<number, Blocker[]>> {
  const stalls = await source.rows<Stall>(`SELECT id, process, "to", length FROM (${stallsQuery(source)}) ORDER BY id`);
  const ran = await readWhatRan(source);
  const pauses = await source.rows<Omit<Stall, "id">>(`
    SELECT process::DOUBLE AS process, (Timepoint - ${origin(source)})::DOUBLE / 1e9 AS "to", Measurement AS length
    FROM ${source.runtime.relation} WHERE Label = '${SERIES.gcPause}' AND Measurement >= ${MOST * MIN_STALL}
    ORDER BY length DESC LIMIT ${MAX_STALLS}`);
  const pausesOf = Map.groupBy(pauses, ({ process }) => process);
  const sums = new Map<number, Map<string, Blocker>>();
  for (const stall of stalls) {
    const isGarbage = pausesOf.get(stall.process)?.some((pause) => explains(pause, stall)) ?? false;
    const label = ran.get(stall.id);
    const what: Blocker["what"] = isGarbage ? "gc" : label === undefined ? "unknown" : { label };
    const key = typeof what === "string" ? what : `label ${what.label}`;
    const ofProcess = sums.get(stall.process) ?? new Map<string, Blocker>();
    sums.set(stall.process, ofProcess);
    const { count = 0, sum = 0 } = ofProcess.get(key) ?? {};
    ofProcess.set(key, { what, count: count + 1, sum: sum + stall.length });
  }
  return new Map([...sums].map(([process, of]) => [process, [...of.values()].sort((a, b) => b.sum - a.sum)]));
}

/** Whether a pause for garbage collection may be most of a stall: it ends within, and is no longer. */
function explains(pause: Omit<Stall, "id">, { to, length }: Stall): boolean {
  const isThen = pause.to >= to - length && pause.to <= to + LATEST_TICK;
  return isThen && pause.length >= MOST * length && pause.length <= length + TIMER_SLACK;
}

/** The first row: times are told in seconds from it, so that a double holds them to the µs. */
function origin(source: Source): string {
  return `(SELECT min(Timepoint) FROM ${source.runtime.relation})`;
}

function stallsQuery(source: Source): string {
  return `
    SELECT (row_number() OVER (ORDER BY Measurement DESC, process, Timepoint))::DOUBLE AS id, process::DOUBLE AS process,
      Timepoint, (Timepoint - ${origin(source)})::DOUBLE / 1e9 AS "to", Measurement AS length
    FROM ${source.runtime.relation}
    WHERE Label = '${SERIES.eventLoopLag}' AND Measurement BETWEEN ${MIN_STALL} AND 9e9
    ORDER BY Measurement DESC, process, Timepoint LIMIT ${MAX_STALLS}`;
}

/** Slots of all stalls together: durations are joined to stalls by slot. */
const SLOTS = 200_000;

/** Seconds within which requests ended at one moment, in whatever order the runtime told their ends. */
const SAME_MOMENT = 0.002;

/** A label whose durations are most of a stall. */
interface Candidate {
  /** The stall. */
  readonly id: number;
  readonly process: number;
  readonly label: string;
  /** Whether those that began during the stall are most of it. */
  readonly isWithin: boolean;
  /** Seconds of the stall, all of them together. */
  readonly time: number;
  /** When the one with the most of the stall ended, seconds after the end of the stall. */
  readonly ended: number;
}

/** Reads the label that ran for most of each stall, by the id of the stall. */
async function readWhatRan(source: Source): Promise<Map<number, string>> {
  const slack = `${TIMER_SLACK} * 1e9`;
  const rows = await source.rows<Candidate>(`
    WITH stall AS MATERIALIZED (
      SELECT id, process, length, Timepoint - round(length * 1e9 + ${slack})::BIGINT AS "from", Timepoint + (${slack})::BIGINT AS "to"
      FROM (${stallsQuery(source)})
    ),
    width AS MATERIALIZED (SELECT (greatest(1e8, sum("to" - "from") / ${SLOTS}))::BIGINT AS width FROM stall),
    slotted AS MATERIALIZED (SELECT stall.*, unnest(range("from" // width, "to" // width + 1)) AS slot FROM stall, width),
    ran AS (
      SELECT process, Label, Timepoint - round(Measurement * 1e9)::BIGINT AS began, Timepoint AS ended, Measurement AS duration
      FROM ${source.durations.relation} WHERE Channel = '${CHANNELS.duration}' AND Measurement BETWEEN 0 AND 9e9
    )
    SELECT id, any_value(stall.process)::DOUBLE AS process, Label AS label,
      coalesce(sum(duration) FILTER (began >= "from"), 0) >= ${MOST} * any_value(length) AS isWithin,
      sum(ended - greatest(began, "from"))::DOUBLE / 1e9 AS time,
      (arg_max(ended, ended - greatest(began, "from")) - any_value("to"))::DOUBLE / 1e9 AS ended
    FROM ran JOIN (SELECT slotted.*, width FROM slotted, width) AS stall
    ON ran.process = stall.process AND ended // width = slot AND ended BETWEEN "from" AND "to"
    GROUP BY id, Label HAVING time >= ${MOST} * any_value(length) ORDER BY id, time, label`);
  const stallsOf = (process: number): Map<string, Candidate[]> =>
    Map.groupBy(rows.filter((row) => row.process === process), ({ label }) => label);
  const explained = new Map([...new Set(rows.map(({ process }) => process))].map((of) => [of, stallsOf(of)]));
  const found = new Map<number, string>();
  for (const [id, candidates] of Map.groupBy(rows, ({ id }) => id)) {
    // Of nested blocks the innermost says the most. One that began long before is no block of code: it waited.
    const ran = candidates.find(({ label, isWithin }) => isWithin && parseRequestLabel(label) === undefined) ??
      requestThatRan(candidates, ({ process, label }) => explained.get(process)!.get(label)!.length);
    if (ran !== undefined) found.set(id, ran.label);
  }
  return found;
}

/**
 * The request that ran, among others that only waited for it and took as long: it ended first, since they go on when it
 * gives the event loop back. Of those that ended at that moment it is the one that explains the most stalls.
 */
function requestThatRan(candidates: readonly Candidate[], stalls: (of: Candidate) => number): Candidate | undefined {
  // A stream is open while anything runs.
  const requests = candidates.filter(({ label }) => {
    const { outcome } = parseRequestLabel(label) ?? {};
    return outcome !== undefined && outcome !== "stream";
  });
  const first = Math.min(...requests.map(({ ended }) => ended));
  const atOnce = requests.filter(({ ended }) => ended <= first + SAME_MOMENT).sort((a, b) => a.ended - b.ended);
  return atOnce.reduce<Candidate | undefined>((a, b) => a !== undefined && stalls(a) >= stalls(b) ? a : b, undefined);
}
