/** Where a duration sampler puts what it measured. */
export interface DurationSink {
  /** Keeps a duration of `value` ns that ended at `timepoint`, a reading of the isolate's clock in ns. Arguments are not checked. */
  add(label: string, value: number, timepoint: number): void;
}

/** What `start` gives when nothing is recorded; never the id of a sample. */
export const NOT_RECORDING = 0;

/** How many of the latest ids are remembered as used; a power of two. An id's place is told by its low bits. */
const REMEMBERED = 1024;
const SLOTS = REMEMBERED - 1;

/**
 * Measures how long something takes. A sample's id is the time at which it started, so that a running sample needs no memory.
 *
 * Ids are checked when they come back: one that is no whole number between the first and the latest that was given out, or that was stopped
 * before, is counted as invalid and yields no observation. (Of stopped ids about the last thousand are remembered. One reused after that, or a
 * made-up one that happens to lie in between, yields the true time since the moment that it names.)
 */
export class DurationSampler {
  readonly #now: () => number;
  readonly #sink: DurationSink;
  readonly #first: number;
  readonly #stopped = new Float64Array(REMEMBERED);
  readonly #last = new Float64Array(1); // where a number that changes needs no box
  #invalid = 0;

  /** Reads the clock by `now`, and gives durations in whole nanoseconds to `sink`. */
  constructor(now: () => number, sink: DurationSink) {
    this.#now = now;
    this.#sink = sink;
    this.#first = now() + 1;
    this.#last[0] = this.#first;
  }

  /** Samples that were refused. */
  get invalid(): number {
    return this.#invalid;
  }

  /** Starts a sample: returns its id, the clock's time in ns, or a little later where two would be the same. */
  start(): number {
    const now = this.#now();
    const last = this.#last[0]!;
    return this.#last[0] = now > last ? now : last + 1;
  }

  /** Ends the sample `id` and keeps its duration under `label`. */
  stop(label: string, id: number): void {
    const now = this.#now();
    if (typeof label !== "string" || !this.#isRunning(id)) {
      this.#invalid++;
      return;
    }
    this.#stopped[id & SLOTS] = id;
    this.#sink.add(label, now > id ? now - id : 0, now);
  }

  /** Callers may pass anything; NaN fails the comparisons. */
  #isRunning(id: number): boolean {
    return typeof id === "number" && id >= this.#first && id <= this.#last[0]! && Math.floor(id) === id &&
      this.#stopped[id & SLOTS] !== id;
  }
}
