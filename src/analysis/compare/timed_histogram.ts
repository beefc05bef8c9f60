import { ExponentialBuckets } from "../../statistics/exponential_histogram.ts";

/** Cells of equal length that the time of a series is divided into. */
export const CELLS = 100;

/**
 * The buckets. The lowest holds zero and negative values; it is below the bucket of the smallest
 * double.
 */
export const BUCKETS = new ExponentialBuckets({ perOctave: 64, lowest: -80_000, infinite: 80_000 });

/** Numbers of values by cell and bucket; the three arrays are parallel. */
export interface BucketCounts {
  /** Cell of each count, from 0 to `CELLS` - 1. */
  readonly cells: ArrayLike<number>;
  /** Bucket of each count, of {@linkcode BUCKETS}. */
  readonly buckets: ArrayLike<number>;
  /** Number of values. */
  readonly counts: ArrayLike<number>;
}

/**
 * The distribution of a series in each cell of its time: quantiles of resampled cells are computed
 * from it.
 */
export class TimedHistogram {
  /** Buckets in use, ascending. */
  readonly #buckets: Int32Array;
  /** For each cell and bucket in use, the number of values in that bucket or below. */
  readonly #below: Float64Array;

  /** Counts may come in any order. */
  constructor({ cells, buckets, counts }: BucketCounts) {
    this.#buckets = Int32Array.from(new Set(Array.from(buckets))).sort();
    const places = new Map(Array.from(this.#buckets, (bucket, place) => [bucket, place]));
    const below = this.#below = new Float64Array(CELLS * this.#width);
    for (let i = 0; i < counts.length; i++) below[cells[i]! * this.#width + places.get(buckets[i]!)!]! += counts[i]!;
    for (let i = 0; i < below.length; i++) if (i % this.#width > 0) below[i]! += below[i - 1]!;
  }

  get #width(): number {
    return this.#buckets.length;
  }

  /**
   * A histogram whose every cell is the sum of `length` successive cells beginning with it; the
   * first cell follows the last.
   */
  runs(length: number): TimedHistogram {
    const runs = new TimedHistogram({ cells: [], buckets: this.#buckets, counts: [] });
    const width = this.#width;
    for (let cell = 0; cell < CELLS; cell++) {
      for (let i = 0; i < length; i++) {
        const from = (cell + i) % CELLS * width;
        for (let place = 0; place < width; place++) runs.#below[cell * width + place]! += this.#below[from + place]!;
      }
    }
    return runs;
  }

  /** The number of values in a cell. */
  count(cell: number): number {
    return this.#below[(cell + 1) * this.#width - 1] ?? 0;
  }

  /**
   * Natural logarithm of the `q`-quantile of the values in some cells; a cell that is listed twice
   * counts twice. Values count as uniformly distributed within their bucket. NaN if there are none.
   */
  logQuantile(q: number, cells: ArrayLike<number>): number {
    const last = this.#width - 1;
    const wanted = q * this.#sum(cells, last);
    if (!(wanted > 0)) return NaN;
    let low = 0;
    for (let high = last; low < high;) {
      const middle = (low + high) >> 1;
      if (this.#sum(cells, middle) >= wanted) high = middle;
      else low = middle + 1;
    }
    const below = low === 0 ? 0 : this.#sum(cells, low - 1);
    const inBucket = (wanted - below) / (this.#sum(cells, low) - below);
    return BUCKETS.logAt(this.#buckets[low]! + inBucket);
  }

  /** The number of values of a cell below a value, which is given by its natural logarithm. */
  countBelow(logValue: number, cell: number): number {
    const position = BUCKETS.positionOfLog(logValue);
    let place = 0; // the last bucket that begins below the value
    while (place + 1 < this.#width && this.#buckets[place + 1]! < position) place++;
    const below = place === 0 ? 0 : this.#below[cell * this.#width + place - 1]!;
    const inBucket = Math.min(1, Math.max(0, position - this.#buckets[place]!));
    return below + inBucket * (this.#below[cell * this.#width + place]! - below);
  }

  #sum(cells: ArrayLike<number>, place: number): number {
    let sum = 0;
    for (let i = 0; i < cells.length; i++) sum += this.#below[cells[i]! * this.#width + place]!;
    return sum;
  }
}
