/**
 * Whether slow requests are concentrated in one process, or in one part of the time.
 *
 * @module
 */

import { chanceOfShares } from "../../statistics/proportions.ts";
import { double, literal } from "../duckdb/sql.ts";
import { TIMED } from "./overlaps.ts";

/** How many of the slow requests and of the others are in one place, be it a process or a time. */
export interface Concentration {
  /** Shares of the slow requests and of the others, from 0 to 1. */
  readonly share: { readonly slow: number; readonly others: number };
  /** The probability of so large a difference by chance, wherever it is. Requests count as independent. */
  readonly chance: number;
}

/** Numbers of slow requests and of all in one process and part of the time. */
export interface PlaceCounts {
  readonly PID: bigint;
  readonly Isolate: string;
  /** Which part of the time, from 0 to {@linkcode PARTS_OF_TIME} - 1. */
  readonly part: number;
  readonly slow: number;
  readonly count: number;
}

/** Parts of the time in which slow and other requests are counted. */
const PARTS_OF_TIME = 100;

/** SQL of {@linkcode PlaceCounts}. `first`, `last`: when the first and the last request ended, ns since 1970. */
export function placesQuery(
  relation: string,
  label: string,
  threshold: number,
  { first, last }: { readonly first: bigint; readonly last: bigint },
): string {
  const width = (last - first) / BigInt(PARTS_OF_TIME) + 1n;
  return `
    SELECT PID, Isolate, ((Timepoint - ${first}) // ${width})::DOUBLE AS part,
      (count(*) FILTER (Measurement > ${double(threshold)}))::DOUBLE AS slow, count(*)::DOUBLE AS count
    FROM ${relation} WHERE Label = ${literal(label)} AND ${TIMED} GROUP BY ALL ORDER BY ALL`;
}

/** A place has most of the slow requests if it has this share of them, … */
const MOST = 0.8;

/** … and sets them apart if its share of the others is less by this. */
const SETS_APART = 0.6;

/** The largest chance that is told: there are many places to look at. */
const MAX_CHANCE = 1e-4;

/** Finds the process with most of the slow requests, if it has fewer of the others. */
export function findProcess(
  counts: readonly PlaceCounts[],
): Concentration & { readonly pid: bigint; readonly isolate: string } | undefined {
  const processes = [...Map.groupBy(counts, ({ PID, Isolate }) => `${PID}-${Isolate}`).values()];
  const [first] = processes.map((rows) => ({ rows, ...sums(rows) })).sort((a, b) => b.slow - a.slow);
  if (first === undefined || processes.length < 2) return undefined;
  const place = placeOf(first, sums(counts), processes.length);
  const { PID: pid, Isolate: isolate } = first.rows[0]!;
  return place && { ...place, pid, isolate };
}

/** Finds the shortest time with most of the slow requests, if it has fewer of the others. */
export function findCrowdedTime(
  counts: readonly PlaceCounts[],
  { first, last }: { readonly first: bigint; readonly last: bigint },
): Concentration & { readonly from: bigint; readonly to: bigint } | undefined {
  const parts = Array.from({ length: PARTS_OF_TIME }, () => ({ slow: 0, count: 0 }));
  for (const { part, slow, count } of counts) {
    parts[part]!.slow += slow;
    parts[part]!.count += count;
  }
  const all = sums(parts);
  let best: { from: number; to: number; slow: number; count: number } | undefined;
  let [from, slow, count] = [0, 0, 0];
  for (const [to, part] of parts.entries()) {
    slow += part.slow;
    count += part.count;
    while (slow - parts[from]!.slow >= MOST * all.slow && from < to) {
      slow -= parts[from]!.slow;
      count -= parts[from]!.count;
      from++;
    }
    const isShorter = best === undefined || to - from < best.to - best.from;
    if (slow >= MOST * all.slow && isShorter) best = { from, to, slow, count };
  }
  if (best === undefined) return undefined;
  const place = placeOf(best, all, PARTS_OF_TIME ** 2);
  const width = (last - first) / BigInt(PARTS_OF_TIME) + 1n;
  const end = first + BigInt(best.to + 1) * width;
  return place && { ...place, from: first + BigInt(best.from) * width, to: end < last ? end : last };
}

interface Counts {
  readonly slow: number;
  readonly count: number;
}

function sums(counts: readonly Counts[]): Counts {
  return counts.reduce((sum, { slow, count }) => ({ slow: sum.slow + slow, count: sum.count + count }), {
    slow: 0,
    count: 0,
  });
}

/** What is in a place, if that sets the slow requests apart; `looked`: how many places there are. */
function placeOf(there: Counts, all: Counts, looked: number): Concentration | undefined {
  const slow = { count: there.slow, total: all.slow };
  const others = { count: there.count - there.slow, total: all.count - all.slow };
  if (slow.total === 0 || others.total === 0) return undefined;
  const share = { slow: slow.count / slow.total, others: others.count / others.total };
  const chance = Math.min(1, chanceOfShares(slow, others) * looked);
  const isApart = share.slow >= MOST && share.slow - share.others >= SETS_APART && chance <= MAX_CHANCE;
  return isApart ? { share, chance } : undefined;
}
