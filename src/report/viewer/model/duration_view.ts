/**
 * A duration series: its bins merged for drawing, and its statistics in the part of the report that
 * is shown.
 *
 * @module
 */

import { addCell, countOf, DURATION_BUCKETS, highestBucket } from "../../shared/report_buckets.ts";
import type { DurationCells, DurationData, DurationStatistics } from "../../shared/report_data.ts";
import { forEachInGroups, type Groups, groupsOf, type Selection } from "./selection.ts";

/** A duration series, group by group: the same index is the same group. */
export interface DurationView {
  readonly groups: Groups;
  readonly count: Float64Array;
  /** Seconds. */
  readonly sum: Float64Array;
  /** Seconds; infinite where a group is empty. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** The lowest bucket that is not empty. */
  readonly lowest: number;
  /** Number of buckets from the lowest to the highest one that is not empty. */
  readonly height: number;
  /** Counts by group and bucket, at `group * height + bucket - lowest`. */
  readonly cells: Float64Array;
  /** Where in its bucket the smallest and the largest duration is, from 0 to 1; at the same places. */
  readonly lows: Float32Array;
  readonly highs: Float32Array;
}

/** Merges the bins of some processes. */
export function viewDurations(
  data: DurationData,
  { processes }: Pick<Selection, "processes">,
  groups: Groups,
): DurationView {
  const parts = data.processes.flatMap(({ process, cells }) =>
    cells !== undefined && processes.has(process) ? [cells] : []
  );
  const { lowest, height } = bucketsOf(parts, groups);
  const view: DurationView = {
    groups,
    count: new Float64Array(groups.count),
    sum: new Float64Array(groups.count),
    min: new Float64Array(groups.count).fill(Infinity),
    max: new Float64Array(groups.count).fill(-Infinity),
    lowest,
    height,
    cells: new Float64Array(groups.count * height),
    lows: new Float32Array(groups.count * height).fill(1),
    highs: new Float32Array(groups.count * height),
  };
  for (const part of parts) {
    forEachInGroups(part.bin, groups, (index, group) => {
      view.sum[group] = (view.sum[group] ?? 0) + (part.sum[index] ?? 0);
      view.min[group] = Math.min(view.min[group] ?? 0, part.min[index] ?? Infinity);
      view.max[group] = Math.max(view.max[group] ?? 0, part.max[index] ?? -Infinity);
      view.count[group]! += countOf(part.buckets[index]);
      addCell(part.buckets[index], view, group * height - lowest);
    });
  }
  return view;
}

function bucketsOf(parts: readonly DurationCells[], groups: Groups): { lowest: number; height: number } {
  let lowest = Infinity;
  let highest = -Infinity;
  for (const { bin, buckets } of parts) {
    forEachInGroups(bin, groups, (index) => {
      lowest = Math.min(lowest, buckets[index]?.[0] ?? Infinity);
      highest = Math.max(highest, highestBucket(buckets[index]) ?? -Infinity);
    });
  }
  return highest < lowest ? { lowest: 0, height: 0 } : { lowest, height: highest - lowest + 1 };
}

/**
 * Returns a quantile of a group in seconds, off by less than a bucket; `null` if the group is empty.
 */
export function quantileOf(view: DurationView, group: number, quantile: number): number | null {
  const { cells, height, lowest: first } = view;
  const [from, to] = [group * height, (group + 1) * height];
  const value = DURATION_BUCKETS.quantile(cells.subarray(from, to), quantile, {
    first,
    min: view.min[group],
    max: view.max[group],
    lows: view.lows.subarray(from, to),
    highs: view.highs.subarray(from, to),
  });
  return Number.isNaN(value) ? null : value;
}

/** Returns a quantile of each group. */
export function quantilesOf(view: DurationView, quantile: number): (number | null)[] {
  return Array.from({ length: view.groups.count }, (_, group) => quantileOf(view, group, quantile));
}

/** Whether a series has bins to be drawn. */
export function hasCells(data: DurationData): boolean {
  return data.processes.some(({ cells }) => cells !== undefined);
}

/**
 * Statistics, and whether their quantiles are exact or estimated from buckets. Unknown values are
 * `NaN`.
 */
export interface SelectedStatistics extends DurationStatistics {
  readonly exact: boolean;
}

/**
 * Returns the statistics of a series in a part of a report of `bins` bins. Count, sum, smallest and
 * largest value are always exact; quantiles are exact for the whole time of all processes or of
 * one. `undefined` if there is nothing in that part.
 */
export function statisticsOf(data: DurationData, selection: Selection, bins: number): SelectedStatistics | undefined {
  const parts = data.processes.filter(({ process }) => selection.processes.has(process));
  const [first] = parts;
  if (first === undefined) return undefined;
  const whole = selection.from <= 0 && selection.to >= bins;
  if (whole && parts.length === data.processes.length) {
    return { ...data.statistics, exact: true };
  }
  if (whole && parts.length === 1) return { ...first.statistics, exact: true };
  if (hasCells(data)) return fromCells(data, selection);
  return whole ? added(parts.map(({ statistics }) => statistics)) : undefined;
}

function fromCells(data: DurationData, selection: Selection): SelectedStatistics | undefined {
  const view = viewDurations(data, selection, groupsOf(selection, 1));
  const [count = 0, sum = 0] = [view.count[0], view.sum[0]];
  if (count === 0) return undefined;
  const quantile = (of: number): number => quantileOf(view, 0, of) ?? NaN;
  return {
    exact: false,
    count,
    sum,
    mean: sum / count,
    min: view.min[0] ?? NaN,
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
    p999: quantile(0.999),
    max: view.max[0] ?? NaN,
  };
}

/** Adds up the statistics of several processes; without distributions, quantiles are unknown. */
function added(parts: readonly DurationStatistics[]): SelectedStatistics {
  const count = parts.reduce((total, part) => total + part.count, 0);
  const sum = parts.reduce((total, part) => total + part.sum, 0);
  return {
    exact: false,
    count,
    sum,
    mean: sum / count,
    min: Math.min(...parts.map(({ min }) => min)),
    p50: NaN,
    p90: NaN,
    p99: NaN,
    p999: NaN,
    max: Math.max(...parts.map(({ max }) => max)),
  };
}
