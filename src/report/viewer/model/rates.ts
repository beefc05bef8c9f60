/**
 * How many durations there are per second of the time in which their programs recorded.
 *
 * @module
 */

import { countOf } from "../../shared/report_buckets.ts";
import type { DurationCells } from "../../shared/report_data.ts";
import { offGroups, type Recorder } from "./recorded.ts";
import { forEachInGroups, type Groups } from "./selection.ts";
import type { ViewStore } from "./view_store.ts";

/** Returns the number of durations in each group. */
export function countsOf({ bin, buckets }: DurationCells, groups: Groups): number[] {
  const counted: number[] = new Array(groups.count).fill(0);
  forEachInGroups(bin, groups, (index, group) => counted[group]! += countOf(buckets[index]));
  return counted;
}

/** Adds up numbers group by group. */
export function addUp(parts: readonly (readonly number[])[], { count }: Groups): number[] {
  return Array.from({ length: count }, (_, group) => parts.reduce((sum, part) => sum + (part[group] ?? 0), 0));
}

/** A life that begins or ends within a group counts as at least this part of it, against noise. */
const LEAST_LIFE = 0.1;

/** Returns the seconds of each group in which some recorders recorded; never 0. */
export function secondsOf(store: ViewStore, recorders: readonly Recorder[], groups: Groups): number[] {
  const { from, to, size, count } = groups;
  const areOff = offGroups(store.recordedTimes(recorders).off, groups, store.data.bins.width);
  return Array.from({ length: count }, (_, group) => {
    const [first, last] = [from + group * size, Math.min(to, from + (group + 1) * size)];
    // What comes although recording is off is on its way, and no high rate of a short time.
    return areOff[group]
      ? store.seconds(first, last)
      : Math.max(store.recordedSeconds(recorders, first, last), LEAST_LIFE * store.seconds(first, last));
  });
}
