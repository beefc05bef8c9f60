/**
 * Whether a program's memory grew all the time, as with a leak.
 *
 * @module
 */

import { median } from "./quantiles.ts";

/**
 * A shorter recording shows no trend: programs fill their caches and their heap at first. In
 * seconds.
 */
const MIN_SECONDS = 120;

/** In a shorter recording only growth by this factor … */
const SHORT_GROWTH = 2;

/** … and by this many bytes is told. */
const SHORT_GROWTH_BYTES = 100e6;

/** The share of the recording at its beginning that is left out, for that reason. */
const WARM_UP = 0.1;

/** Growth that is told: this share of the memory at the beginning, … */
const GROWTH = 0.2;

/** … and this many bytes. A young generation alone takes some of them. */
const GROWTH_BYTES = 10e6;

/**
 * Minimum of Kendall's τ: of all pairs of points, the share that rises minus the share that falls.
 * It is 0 for a sawtooth that ends where it began, 1 for a line, and about 0.6 for a line with as
 * much noise as rise.
 */
const MONOTONE = 0.6;

/** Least number of points that show a trend. */
const MIN_POINTS = 10;

/** Maximum number of points that are compared, each with each. */
const MAX_POINTS = 120;

/** A time in seconds, and the memory then in bytes. */
export type MemoryPoint = readonly [seconds: number, bytes: number];

/** Growth of a program's memory. */
export interface MemoryGrowth {
  /** First and last value of the straight line through it, bytes. */
  readonly from: number;
  readonly to: number;
  /** First and last time of the line, in seconds as in the points. */
  readonly first: number;
  readonly last: number;
  /** Whether the recording is so short that the growth may be that of a program that starts. */
  readonly isShort: boolean;
}

/**
 * The growth of a program's memory, from points in order of time; `undefined` unless it is long,
 * large and steady enough. `paused`: seconds between the points in which recording was off. The
 * line is that of Theil and Sen, the median of the slopes of all pairs, which up to 29 % of
 * outliers do not move.
 */
export function memoryGrowth(points: readonly MemoryPoint[], paused = 0): MemoryGrowth | undefined {
  const thinned = thinOut(points);
  const begin = thinned[0]?.[0] ?? 0;
  const last = thinned.at(-1)?.[0] ?? 0;
  const warm = thinned.filter(([time]) => time >= begin + WARM_UP * (last - begin));
  if (warm.length < MIN_POINTS) return undefined;
  const { slope, level, tau } = theilSen(warm);
  const first = warm[0]![0];
  const from = Math.max(level + slope * first, 0);
  const to = level + slope * last;
  const isShort = last - begin - paused < MIN_SECONDS;
  const [bytes, share] = isShort ? [SHORT_GROWTH_BYTES, SHORT_GROWTH - 1] : [GROWTH_BYTES, GROWTH];
  return tau >= MONOTONE && to - from >= Math.max(bytes, share * from) ? { from, to, first, last, isShort } : undefined;
}

/** Replaces neighbours by their means, so that few points are left. */
function thinOut(points: readonly MemoryPoint[]): readonly MemoryPoint[] {
  const each = Math.ceil(points.length / MAX_POINTS);
  if (each <= 1) return points;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return Array.from({ length: Math.ceil(points.length / each) }, (_, i) => {
    const part = points.slice(i * each, (i + 1) * each);
    return [mean(part.map(([time]) => time)), mean(part.map(([, value]) => value))];
  });
}

/** Fits a straight line, and computes Kendall's τ. */
function theilSen(points: readonly MemoryPoint[]): { slope: number; level: number; tau: number } {
  const slopes: number[] = [];
  let concordance = 0;
  for (const [i, [x1, y1]] of points.entries()) {
    for (const [x2, y2] of points.slice(i + 1)) {
      slopes.push((y2 - y1) / (x2 - x1));
      concordance += Math.sign(y2 - y1);
    }
  }
  const slope = median(slopes);
  return { slope, level: median(points.map(([x, y]) => y - slope * x)), tau: concordance / slopes.length };
}
