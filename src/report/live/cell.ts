import { DURATION_BUCKETS, partOfBucket } from "../shared/report_buckets.ts";

/** Durations in one bucket, and in which of its parts the smallest and the largest are. */
export interface Bucket {
  count: number;
  low: number;
  high: number;
}

/** What was recorded of one series in one bin of time; it can be added to others. */
export class Cell {
  min = Infinity;
  max = -Infinity;
  /** Of the values; of a rate by how much its counter has increased. */
  sum = 0;
  /** What `sum` is divided by to be the mean: the count; of a rate the seconds. */
  weight = 0;
  count = 0;
  /** Of durations: how many there are in each exponential bucket. */
  readonly buckets = new Map<number, Bucket>();

  /** Adds a duration that stands for `weight` durations, s. */
  addDuration(value: number, weight: number): void {
    this.addValue(value, weight);
    const bucket = DURATION_BUCKETS.indexOf(value);
    const part = partOfBucket(bucket, value);
    this.addBucket(bucket, weight, part, part);
  }

  /** Adds a value that stands for `weight` values. */
  addValue(value: number, weight: number): void {
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.sum += value * weight;
    this.weight += weight;
    this.count += weight;
  }

  /** Adds a step of a counter. */
  addStep(increase: number, seconds: number): void {
    const rate = increase / seconds;
    if (rate < this.min) this.min = rate;
    if (rate > this.max) this.max = rate;
    this.sum += increase;
    this.weight += seconds;
    this.count++;
  }

  /** Adds what another cell holds. */
  addCell(other: Cell): void {
    if (other.min < this.min) this.min = other.min;
    if (other.max > this.max) this.max = other.max;
    this.sum += other.sum;
    this.weight += other.weight;
    this.count += other.count;
    for (const [bucket, { count, low, high }] of other.buckets) this.addBucket(bucket, count, low, high);
  }

  /** Adds durations of one bucket. */
  addBucket(bucket: number, count: number, low: number, high: number): void {
    const known = this.buckets.get(bucket);
    if (known === undefined) this.buckets.set(bucket, { count, low, high });
    else {
      known.count += count;
      if (low < known.low) known.low = low;
      if (high > known.high) known.high = high;
    }
  }
}

/** Adds cells up by bins that are `size` times as wide. */
export function coarser(cells: ReadonlyMap<number, Cell>, size: number): Map<number, Cell> {
  const result = new Map<number, Cell>();
  for (const [bin, cell] of cells) {
    const at = Math.floor(bin / size);
    let known = result.get(at);
    if (known === undefined) result.set(at, known = new Cell());
    known.addCell(cell);
  }
  return result;
}
