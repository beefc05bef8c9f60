/**
 * The modes of duration series: what their durations are around, where that is not one thing.
 *
 * @module
 */

import { formatDuration, formatPercent } from "../../display/numbers.ts";
import { findModes } from "../../statistics/modes.ts";
import { DURATION_BUCKETS, forEachBucket } from "../shared/report_buckets.ts";
import type { DurationData, ModeData } from "../shared/report_data.ts";

/** Least standard deviation of the kernel, in buckets: a twelfth of the value. */
const KERNEL = 2;

/** Least distance of two modes, in buckets: a factor of 1.5, for one can tell apart what differs by half. */
const APART = 10;

/** The modes of the series that have several, by label. */
export function modesByLabel(durations: readonly DurationData[]): Map<string, readonly ModeData[]> {
  return new Map(
    durations.map((of) => [of.label, modesOf(of)] as const).filter(([, modes]) => modes.length > 1),
  );
}

/** The modes of a series, ascending: their shares are of the durations in the cells that are shown. */
export function modesOf({ processes, statistics }: Pick<DurationData, "processes" | "statistics">): ModeData[] {
  const sparse = new Map<number, number>();
  for (const { cells } of processes) {
    for (const cell of cells?.buckets ?? []) {
      forEachBucket(cell, (bucket, count) => sparse.set(bucket, (sparse.get(bucket) ?? 0) + count));
    }
  }
  if (sparse.size === 0) return [];
  const lowest = Math.min(...sparse.keys());
  const counts = Array.from({ length: Math.max(...sparse.keys()) - lowest + 1 }, (_, i) => sparse.get(lowest + i) ?? 0);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return findModes(counts, { width: KERNEL, apart: APART }).map(({ count, median, from }) => ({
    share: count / total,
    around: Math.exp(DURATION_BUCKETS.logAt(lowest + median)),
    from: from === -Infinity ? statistics.min : DURATION_BUCKETS.lowerBound(lowest + from),
  }));
}

/** The modes in words: `60 % around 3.00 ms, 30 % around 44.5 ms, 10 % around 388 ms`. */
export function describeModes(modes: readonly ModeData[]): string {
  return modes.map(({ share, around }) => `${inWholePercent(share)} around ${formatDuration(around)}`).join(", ");
}

function inWholePercent(share: number): string {
  return formatPercent(Math.round(100 * share) / 100, { trim: true });
}

/** The modes that make a series slow: those that are far from what it is around mostly. */
const SLOW_MODE = 3;

/**
 * The share of a series' durations in the slow modes, and where they begin; `undefined` if it has
 * none, or if they are most of it.
 */
export function slowModes(modes: readonly ModeData[]): ModeData | undefined {
  const main = modes.toSorted((a, b) => b.share - a.share)[0];
  const slow = modes.filter(({ around }) => main !== undefined && around >= SLOW_MODE * main.around);
  const [first] = slow;
  return first && { ...slow.at(-1)!, share: slow.reduce((sum, { share }) => sum + share, 0), from: first.from };
}
