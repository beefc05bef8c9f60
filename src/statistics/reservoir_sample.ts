import { quantileOfSorted } from "./quantiles.ts";

/**
 * Values kept by default. If there are more, a reservoir sample of them is kept: with 95 % probability its p99
 * is between the p98.9 and the p99.1 of all values, and its median between their p49.5 and p50.5.
 */
const LIMIT = 32_768;

/**
 * Count, mean, largest value and quantiles of values that arrive one by one, in bounded memory: by
 * default 256 KiB.
 */
export class ReservoirSample {
  /** Rows, including those that others represent. */
  count = 0;
  /** The largest value added; `undefined` if there is none. */
  max: number | undefined;
  #values = new Float64Array(64);
  #added = 0;
  #numbers = 0;
  #sum = 0;
  readonly #limit: number;

  /** Keeps at most `limit` values, 8 bytes each. */
  constructor(limit: number = LIMIT) {
    this.#limit = limit;
  }

  /** The mean of the values; `undefined` if there is none. */
  get mean(): number | undefined {
    return this.#numbers === 0 ? undefined : this.#sum / this.#numbers;
  }

  /** Whether the quantiles are those of a reservoir sample, and not of all values. */
  get isSampled(): boolean {
    return this.#added > this.#limit;
  }

  /** Adds a row that represents `weight` rows. NaN is counted as a row, and ignored otherwise. */
  add(value: number, weight: number): void {
    this.count += weight;
    if (Number.isNaN(value)) return;
    this.#numbers += weight;
    this.#sum += value * weight;
    if (this.max === undefined || value > this.max) this.max = value;
    const at = this.#added++;
    if (at < this.#limit) {
      if (at === this.#values.length) this.#grow();
      this.#values[at] = value;
      return;
    }
    // Every value so far stays with the same probability: algorithm R of Vitter, "Random Sampling
    // with a Reservoir" (1985).
    const place = Math.floor(Math.random() * this.#added);
    if (place < this.#limit) this.#values[place] = value;
  }

  /**
   * The quantiles of the values; all `undefined` if there is no value. Call it once no more values
   * are added: it sorts them.
   */
  quantiles(of: readonly number[]): (number | undefined)[] {
    const sorted = this.#values.subarray(0, Math.min(this.#added, this.#limit)).sort();
    return of.map((q) => sorted.length === 0 ? undefined : quantileOfSorted(sorted, q));
  }

  /** Starts anew, without values. */
  clear(): void {
    this.count = 0;
    this.#numbers = 0;
    this.#sum = 0;
    this.max = undefined;
    this.#added = 0;
  }

  #grow(): void {
    const larger = new Float64Array(Math.min(this.#limit, this.#values.length * 4));
    larger.set(this.#values);
    this.#values = larger;
  }
}
