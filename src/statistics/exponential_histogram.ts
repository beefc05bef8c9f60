/**
 * Exponential histograms: the bounds of their buckets grow by a constant factor, so every bucket
 * has the same relative width. With `n` buckets per octave (from a value to its double) the factor
 * is 2^(1/n).
 *
 * | user | per octave | width | a value counts as |
 * | --- | --- | --- | --- |
 * | report: the cells of its page | 16 | 4.4 % | spread between the smallest and largest value of its bucket, by rank |
 * | compare: its bootstrap | 64 | 1.1 % | spread uniformly over its bucket, so that resampled quantiles have no steps |
 *
 * The report's buckets of durations are `DURATION_BUCKETS` in `report/shared/report_buckets.ts`;
 * which bucket a duration is in, {@linkcode ExponentialBuckets.indexOf} decides here.
 *
 * {@linkcode ExponentialBuckets.quantile} follows the first rule: a constant is drawn as a straight
 * line, whatever else is in the cell, and neither it nor a slow drift jumps from bucket to bucket.
 * Between ranks it interpolates as `quantiles.ts` does. The second rule is that of `TimedHistogram`
 * in `compare`, which resamples stretches of time.
 *
 * @module
 */

/**
 * The buckets of an exponential histogram: which bucket a value is in, and which values a bucket
 * holds.
 */
export class ExponentialBuckets {
  readonly #perOctave: number;
  readonly #origin: number;
  readonly #lowest: number;
  readonly #infinite: number;

  /**
   * Bucket 0 begins at `origin` (1 by default). Bucket `lowest` also holds all values below it,
   * zero and negative ones among them; `infinite` is the bucket of infinity, which must be above
   * that of the largest double.
   */
  constructor(
    { perOctave, origin = 1, lowest, infinite }: {
      readonly perOctave: number;
      readonly origin?: number;
      readonly lowest: number;
      readonly infinite: number;
    },
  ) {
    this.#perOctave = perOctave;
    this.#origin = origin;
    this.#lowest = lowest;
    this.#infinite = infinite;
  }

  /** The bucket of a value, which must not be NaN. */
  indexOf(value: number): number {
    if (!(value > this.lowerBound(this.#lowest))) return this.#lowest;
    return value === Infinity ? this.#infinite : Math.floor(Math.log2(value / this.#origin) * this.#perOctave);
  }

  /**
   * SQL of the bucket of an expression, a DOUBLE that must not be NaN; the same bucket, as a
   * DOUBLE.
   */
  indexInSql(value: string): string {
    const relative = this.#origin === 1 ? value : `${value} / ${this.#origin}`;
    return `CASE WHEN NOT ${value} > ${this.lowerBound(this.#lowest)} THEN ${this.#lowest}
      WHEN isinf(${value}) THEN ${this.#infinite} ELSE floor(log2(${relative}) * ${this.#perOctave}) END`;
  }

  /** The value at which a bucket begins. */
  lowerBound(index: number): number {
    return this.#origin * 2 ** (index / this.#perOctave);
  }

  /**
   * The natural logarithm of the value at a position among the buckets. Position 1.5 is the
   * geometric middle of bucket 1.
   */
  logAt(position: number): number {
    return Math.log(this.#origin) + position / this.#perOctave * Math.LN2;
  }

  /** The position of a value, which is given by its natural logarithm: the inverse of `logAt`. */
  positionOfLog(logValue: number): number {
    return (logValue - Math.log(this.#origin)) / Math.LN2 * this.#perOctave;
  }

  /**
   * The `q`-quantile of counted values: `counts[i]` values are in bucket `first + i`. NaN if there
   * are none. The values of a bucket count as spread between its smallest and its largest one, which
   * are at the positions `first + i + lows[i]` and `first + i + highs[i]` (0 to 1); without them, over
   * the bucket. No value counts as less than `min` or more than `max`, which are those of the
   * smallest and the largest rank. Between ranks it interpolates linearly.
   */
  quantile(counts: ArrayLike<number>, q: number, { first = 0, min, max, lows, highs }: QuantileBounds = {}): number {
    let count = 0;
    for (let i = 0; i < counts.length; i++) count += counts[i] ?? 0;
    if (count === 0) return NaN;
    const valueAt = (rank: number): number => {
      if (rank === 0 && min !== undefined) return min;
      if (rank === count - 1 && max !== undefined) return max;
      let place = 0;
      let below = 0;
      while (below + (counts[place] ?? 0) <= rank && place < counts.length - 1) below += counts[place++] ?? 0;
      const [low, high, inBucket] = [lows?.[place], highs?.[place], counts[place] ?? 1];
      const isKnown = low !== undefined && high !== undefined && inBucket > 1;
      const share = isKnown ? (rank - below) / (inBucket - 1) : (rank - below + 0.5) / inBucket;
      const value = this.lowerBound(first + place + (low ?? 0) + ((high ?? 1) - (low ?? 0)) * share);
      return Math.min(max ?? Infinity, Math.max(min ?? -Infinity, value));
    };
    const rank = q * (count - 1);
    const low = valueAt(Math.floor(rank));
    const weight = rank % 1;
    return weight === 0 ? low : low + (valueAt(Math.ceil(rank)) - low) * weight;
  }
}

/** What is known of counted values beyond their buckets. */
export interface QuantileBounds {
  /** The bucket of the first count. */
  readonly first?: number;
  /** The smallest of all values. */
  readonly min?: number | undefined;
  /** The largest of all values. */
  readonly max?: number | undefined;
  /** How far the smallest value of each bucket is above its beginning, as a part of the bucket. */
  readonly lows?: ArrayLike<number> | undefined;
  /** The same of the largest value. */
  readonly highs?: ArrayLike<number> | undefined;
}
