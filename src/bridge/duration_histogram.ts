/**
 * Histograms of durations that only grow, in the two forms that collectors ask for, from the same
 * values:
 *
 * - *classic*: counts by upper bounds, inclusive. The bounds are those that the semantic conventions
 *   advise for the duration of HTTP requests, and five below them: half of the requests of a fast
 *   server take less than 5 ms.
 * - *exponential*, called native by Prometheus: bucket `i` holds the values above 2^(i/16) and up to
 *   2^((i + 1)/16), so each is 4.4 % wide. That is OpenTelemetry's scale 4 and Prometheus' schema 4. A
 *   value that is a bound belongs below it, other than in `ExponentialBuckets`, whose buckets hold
 *   their lower bound.
 *
 * @module
 */

import { NANOSECONDS_PER_SECOND } from "../series.ts";
import { isFields } from "../small_json.ts";

/** Upper bounds of the classic buckets, s; the last bucket has none. */
export const CLASSIC_BOUNDS: readonly number[] = [
  ...[0.0001, 0.00025, 0.0005, 0.001, 0.0025],
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
];

/** Exponential buckets are 2^(1 / 2^scale) wide. */
export const EXPONENTIAL_SCALE = 4;

const PER_OCTAVE = 2 ** EXPONENTIAL_SCALE;

/** A histogram as it is stored. */
export interface StoredHistogram {
  readonly count: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly zero: number;
  readonly classic: readonly number[];
  /** Pairs of a bucket and its count. */
  readonly buckets: readonly (readonly [index: number, count: number])[];
}

/** Counts durations. Memory grows with the buckets that hold something, of which there are some 800. */
export class DurationHistogram {
  /** How many. */
  count = 0;
  /** Those of 0 s, which no exponential bucket can hold. */
  zero = 0;
  /** Counts by {@linkcode CLASSIC_BOUNDS}, not cumulated; the last is of what is above them. */
  readonly classic: number[] = new Array<number>(CLASSIC_BOUNDS.length + 1).fill(0);
  /** Counts by exponential bucket. */
  readonly buckets: Map<number, number> = new Map();
  /** All together, in whole numbers, whose sum does not depend on the order in which rows are read. */
  #seconds = 0;
  #nanoseconds = 0;

  /** All together, s. */
  get sum(): number {
    return this.#seconds + this.#nanoseconds / NANOSECONDS_PER_SECOND;
  }

  /** Adds a duration, s. What is no duration (negative, not a number, infinite) counts as 0 s. */
  add(seconds: number): void {
    const value = seconds > 0 && seconds < Infinity ? seconds : 0;
    this.count++;
    this.#addToSum(value);
    let place = 0;
    while (place < CLASSIC_BOUNDS.length && value > CLASSIC_BOUNDS[place]!) place++;
    this.classic[place]!++;
    if (value === 0) {
      this.zero++;
      return;
    }
    const index = Math.ceil(Math.log2(value) * PER_OCTAVE) - 1;
    this.buckets.set(index, (this.buckets.get(index) ?? 0) + 1);
  }

  #addToSum(value: number): void {
    const whole = Math.floor(value);
    this.#seconds += whole;
    this.#nanoseconds += Math.round((value - whole) * NANOSECONDS_PER_SECOND);
    if (this.#nanoseconds < NANOSECONDS_PER_SECOND) return;
    this.#nanoseconds -= NANOSECONDS_PER_SECOND;
    this.#seconds++;
  }

  /** As it is stored. */
  get stored(): StoredHistogram {
    const { count, zero, classic } = this;
    return {
      count,
      seconds: this.#seconds,
      nanoseconds: this.#nanoseconds,
      zero,
      classic,
      buckets: [...this.buckets],
    };
  }

  /** Takes what was stored; `undefined` if it is no histogram with the same bounds. */
  static of(value: unknown): DurationHistogram | undefined {
    if (!isFields(value)) return undefined;
    const { count, seconds, nanoseconds, zero, classic, buckets } = value;
    const areCounts = (list: unknown): list is number[] =>
      Array.isArray(list) && list.every((item) => Number.isSafeInteger(item) && item >= 0);
    if (!areCounts([count, zero, nanoseconds]) || typeof seconds !== "number") return undefined;
    if (!areCounts(classic) || !Array.isArray(buckets)) return undefined;
    if (classic.length !== CLASSIC_BOUNDS.length + 1) return undefined;
    const histogram = new DurationHistogram();
    Object.assign(histogram, { count, zero });
    histogram.#seconds = seconds;
    histogram.#nanoseconds = nanoseconds as number;
    for (const [place, held] of classic.entries()) histogram.classic[place] = held;
    for (const pair of buckets) {
      if (!Array.isArray(pair) || !Number.isSafeInteger(pair[0]) || !areCounts([pair[1]])) return undefined;
      histogram.buckets.set(pair[0], pair[1]);
    }
    return histogram;
  }
}

/** Consecutive exponential buckets. */
export interface DenseBuckets {
  readonly scale: number;
  /** The index of the first. */
  readonly offset: number;
  readonly counts: readonly number[];
}

/** Most exponential buckets, as the SDKs of OpenTelemetry have; 160 of the widest that Prometheus takes hold everything. */
const MOST_BUCKETS = 160;

/**
 * The exponential buckets one after the other. While there are more than {@linkcode MOST_BUCKETS}, each
 * two become one, which lowers the scale by one.
 */
export function denseBuckets({ buckets }: DurationHistogram): DenseBuckets {
  if (buckets.size === 0) return { scale: EXPONENTIAL_SCALE, offset: 0, counts: [] };
  let [low, high] = [Infinity, -Infinity];
  for (const index of buckets.keys()) [low, high] = [Math.min(low, index), Math.max(high, index)];
  let shift = 0;
  while ((high >> shift) - (low >> shift) >= MOST_BUCKETS) shift++;
  const offset = low >> shift;
  const counts = new Array<number>((high >> shift) - offset + 1).fill(0);
  for (const [index, count] of buckets) counts[(index >> shift) - offset]! += count;
  return { scale: EXPONENTIAL_SCALE - shift, offset, counts };
}
