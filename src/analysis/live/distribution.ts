/**
 * Values that are kept; of more, a random choice: nineteen times in twenty the p99 of that lies between the p98.9 and the p99.1 of all, and the
 * median between p49.5 and p50.5.
 */
const LIMIT = 32_768;

/** How the measurements of a series are distributed within an interval. */
export class Distribution {
  /** Rows, those included that others stand for. */
  count = 0;
  /** The largest value that was read; `undefined` if there is none. */
  max: number | undefined;
  #values = new Float64Array(64);
  #read = 0;
  #numbers = 0;
  #sum = 0;

  /** The mean of the values; `undefined` if there is none. */
  get mean(): number | undefined {
    return this.#numbers === 0 ? undefined : this.#sum / this.#numbers;
  }

  /** Whether quantiles are those of a random choice. */
  get isChoice(): boolean {
    return this.#read > LIMIT;
  }

  /** Adds a row that stands for `weight` rows. NaN is counted, and has no part in the rest. */
  add(value: number, weight: number): void {
    this.count += weight;
    if (Number.isNaN(value)) return;
    this.#numbers += weight;
    this.#sum += value * weight;
    if (this.max === undefined || value > this.max) this.max = value;
    const at = this.#read++;
    if (at < LIMIT) {
      if (at === this.#values.length) this.#grow();
      this.#values[at] = value;
      return;
    }
    // Each of the values so far stays with the same probability (Vitter's algorithm R).
    const other = Math.floor(Math.random() * this.#read);
    if (other < LIMIT) this.#values[other] = value;
  }

  /** Quantiles, linear between neighbours; none if there is no value. */
  quantiles(of: readonly number[]): (number | undefined)[] {
    const sorted = this.#values.subarray(0, Math.min(this.#read, LIMIT)).sort();
    return of.map((quantile) => {
      const position = quantile * (sorted.length - 1);
      const below = sorted[Math.floor(position)];
      const above = sorted[Math.ceil(position)];
      if (below === undefined || above === undefined) return undefined;
      return below === above ? below : below + (above - below) * (position - Math.floor(position));
    });
  }

  /** Forgets all. */
  clear(): void {
    this.count = 0;
    this.#numbers = 0;
    this.#sum = 0;
    this.max = undefined;
    this.#read = 0;
  }

  #grow(): void {
    const larger = new Float64Array(this.#values.length * 4);
    larger.set(this.#values);
    this.#values = larger;
  }
}
