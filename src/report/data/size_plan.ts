/**
 * What a report shows over time, and how finely, so that its page stays below 4 MB, and below 3 MB
 * unless it has thousands of series: some 170 kB of script, and the data as JSON, compressed and
 * then written as base64. All bytes here are bytes after compression, measured on the data of ten
 * million rows.
 *
 * @module
 */

import type { Bins } from "./time_axis.ts";

/** Bytes for the durations over time, besides what the others leave to them. */
const DURATION_BYTES = 750_000;

/** Bytes for the quantities over time. */
export const QUANTITY_BYTES = 500_000;

/** Maximum number of statistics: one for each series, and one for each of its processes. */
export const MAX_STATISTICS = 18_000;

/** Bytes of one of them, with a short label. */
const STATISTICS_BYTES = 55;

/** Bytes for the parts of labels beyond the length of a short one. */
export const LONG_LABEL_BYTES = 100_000;

/** Bytes of a label that count as part of its statistics; a longer label costs more. */
const SHORT_LABEL = 64;

/** Maximum number of functions in all flame graphs together; each takes some 20 bytes. */
export const MAX_FLAME_NODES = 10_000;

/**
 * Maximum number of entries of what ran when in all profiles together, and of what ran while the
 * slowest durations were under way; each takes some 3 bytes.
 */
export const MAX_MOMENTS = 40_000;
export const MAX_SLOW_SAMPLES = 12_000;

/**
 * The part of the bytes left by quantities that durations may use: many rare series take up to half
 * as much again as estimated.
 */
const REUSED = 0.6;

/** Bytes of a bucket of a duration cell, with its count and the range of its values. */
export const BUCKET_BYTES = 3.6;

/** Bytes of the rest of a duration cell. */
export const DURATION_CELL_BYTES = 12;

/** Bytes of a quantity cell. */
export const QUANTITY_CELL_BYTES = 14;

/**
 * The axis is as fine as it can be while this many of the weightiest series of either kind are
 * shown.
 */
const IMPORTANT = 50;

/**
 * Returns the bytes that a label costs beyond a short one. In the worst case compression saves no
 * more than base64 adds.
 */
export function longLabelBytes(label: string): number {
  return Math.max(0, new TextEncoder().encode(JSON.stringify(label)).length - SHORT_LABEL);
}

/**
 * Returns the bytes for durations over time, besides this many statistics and bytes of quantities.
 */
export function durationRoom(statistics: number, quantityBytes: number): number {
  const left = STATISTICS_BYTES * Math.max(0, MAX_STATISTICS - statistics) + REUSED * (QUANTITY_BYTES - quantityBytes);
  return DURATION_BYTES + left;
}

/**
 * Estimates how many of `bins` bins hold any of `rows` rows, if each row may be in any of them: a
 * bin stays empty with a probability of (1 - 1 / bins)^rows.
 */
export function filledBins(rows: number, bins: number): number {
  return bins * (1 - (1 - 1 / bins) ** rows);
}

/** The same in SQL. */
export function filledBinsInSql(rows: string, bins: number): string {
  return `(${bins} * (1 - (1 - 1 / ${bins}) ** ${rows}))`;
}

/** Rounds a number to some significant digits, so that it takes less room in the page. */
export function toDigits(digits: number, value: number): number {
  return Number(value.toPrecision(digits));
}

/** A series, and what it would cost to show it over time. */
export interface SeriesCost {
  /** Heavier series are chosen first. */
  readonly weight: number;
  /** Bytes on each of the possible axes. */
  readonly bytes: readonly number[];
}

/** What is shown over time, and how finely. */
export interface SizePlan {
  readonly bins: Bins;
  /** Indices of the duration series. */
  readonly durations: ReadonlySet<number>;
  /** Indices of the quantity series. */
  readonly quantities: ReadonlySet<number>;
}

/**
 * Chooses the finest axis on which the important series fit, and then as many of the others as
 * possible, besides this many `statistics` of durations.
 */
export function makeSizePlan(
  axes: readonly Bins[],
  durations: readonly SeriesCost[],
  quantities: readonly SeriesCost[],
  statistics: number = MAX_STATISTICS,
): SizePlan {
  const plans = [...axes.keys()].map((axis) => {
    const others = choose(quantities, axis, QUANTITY_BYTES);
    const taken = [...others].reduce((sum, i) => sum + quantities[i]!.bytes[axis]!, 0);
    const shown = choose(durations, axis, durationRoom(statistics, taken));
    return { bins: axes[axis]!, durations: shown, quantities: others };
  });
  const isEnough = (plan: SizePlan): boolean =>
    hasImportant(plan.durations, durations) && hasImportant(plan.quantities, quantities);
  return plans.find(isEnough) ?? plans.at(-1)!;
}

/** Chooses what fits into `room` bytes, the heaviest first. */
function choose(series: readonly SeriesCost[], axis: number, room: number): Set<number> {
  const chosen = new Set<number>();
  for (const i of byWeight(series)) {
    const bytes = series[i]!.bytes[axis]!;
    if (bytes > room) continue;
    room -= bytes;
    chosen.add(i);
  }
  return chosen;
}

function hasImportant(chosen: ReadonlySet<number>, series: readonly SeriesCost[]): boolean {
  return byWeight(series).slice(0, IMPORTANT).every((i) => chosen.has(i));
}

function byWeight(series: readonly SeriesCost[]): number[] {
  return [...series.keys()].sort((a, b) => series[b]!.weight - series[a]!.weight || a - b);
}
