/**
 * A series of durations, put together for drawing.
 *
 * @module
 */

import { DURATION_BUCKETS } from "../../shared/duration_buckets.ts";
import type { DurationCells, DurationData } from "../../shared/report_data.ts";
import { forEachInGroups, type Groups, type Selection } from "./selection.ts";

/** What a series of durations did, group by group; the same index is the same group. */
export interface DurationView {
  readonly groups: Groups;
  readonly count: Float64Array;
  /** Seconds. */
  readonly sum: Float64Array;
  /** Seconds; infinite where a group is empty. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** The lowest bucket that anything is in. */
  readonly lowest: number;
  /** From the lowest bucket to behind the highest. */
  readonly height: number;
  /** Durations by group and bucket, at `group * height + bucket - lowest`. */
  readonly cells: Float64Array;
}

/** Puts the bins of some processes together. */
export function viewDurations(data: DurationData, { pids }: Pick<Selection, "pids">, groups: Groups): DurationView {
  const parts = data.processes.flatMap(({ pid, cells }) => cells !== undefined && pids.has(pid) ? [cells] : []);
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
  };
  for (const part of parts) {
    forEachInGroups(part.bin, groups, (index, group) => {
      view.sum[group] = (view.sum[group] ?? 0) + (part.sum[index] ?? 0);
      view.min[group] = Math.min(view.min[group] ?? 0, part.min[index] ?? Infinity);
      view.max[group] = Math.max(view.max[group] ?? 0, part.max[index] ?? -Infinity);
      const pairs = part.buckets[index] ?? [];
      for (let at = 0; at < pairs.length; at += 2) {
        const cell = group * height + (pairs[at] ?? 0) - lowest;
        const count = pairs[at + 1] ?? 0;
        view.cells[cell] = (view.cells[cell] ?? 0) + count;
        view.count[group] = (view.count[group] ?? 0) + count;
      }
    });
  }
  return view;
}

function bucketsOf(parts: readonly DurationCells[], groups: Groups): { lowest: number; height: number } {
  let lowest = Infinity;
  let highest = -Infinity;
  for (const { bin, buckets } of parts) {
    forEachInGroups(bin, groups, (index) => {
      const pairs = buckets[index] ?? [];
      lowest = Math.min(lowest, pairs[0] ?? Infinity);
      highest = Math.max(highest, pairs.at(-2) ?? -Infinity);
    });
  }
  return highest < lowest ? { lowest: 0, height: 0 } : { lowest, height: highest - lowest + 1 };
}

/** A quantile of a group in seconds, off by half a bucket at most; `null` if the group is empty. */
export function quantileOf(view: DurationView, group: number, quantile: number): number | null {
  const { cells, height, lowest: first } = view;
  const counts = cells.subarray(group * height, (group + 1) * height);
  const value = DURATION_BUCKETS.quantile(counts, quantile, { first, min: view.min[group], max: view.max[group] });
  return Number.isNaN(value) ? null : value;
}

/** A quantile of each group. */
export function quantilesOf(view: DurationView, quantile: number): (number | null)[] {
  return Array.from({ length: view.groups.count }, (_, group) => quantileOf(view, group, quantile));
}

/** Whether there are bins to draw a series of. */
export function hasCells(data: DurationData): boolean {
  return data.processes.some(({ cells }) => cells !== undefined);
}
