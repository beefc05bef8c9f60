/** What a {@linkcode DurationSampler} gives its durations to. */
export interface DurationSink {
  /**
   * Records a duration of `value` ns that ended at `timepoint`, a reading of the isolate's clock in
   * ns. Arguments are not checked.
   */
  add(label: string, value: number, timepoint: number): void;
}

/** The id that a monitor returns while it does not record. No sample has it. */
export const NOT_RECORDING = 0;

/**
 * Number of stopped ids that are remembered: a power of two, since the low bits of an id choose its
 * slot.
 */
const REMEMBERED = 1024;
const SLOTS = REMEMBERED - 1;

/**
 * Measures durations. The id of a sample is its start time, so that a running sample needs no
 * memory.
 *
 * `stop` checks the id: it must be a whole number between the first and the latest id returned by
 * `start`, and not be stopped already. Otherwise nothing is recorded, and the sample is counted as
 * invalid, unless its id is {@linkcode NOT_RECORDING}: it began while nothing was recorded. About
 * the last thousand stopped ids are remembered. An older id that is used again, or an invented one
 * in the valid range, records the time since that id, which is never negative.
 */
export class DurationSampler {
  readonly #now: () => number;
  #sink: DurationSink;
  readonly #first: number;
  readonly #stopped = new Float64Array(REMEMBERED);
  readonly #last = new Float64Array(1); // V8 allocates nothing when a number in it changes
  #invalid = 0;

  /** `now` reads the clock in ns; `sink` receives the durations. */
  constructor(now: () => number, sink: DurationSink) {
    this.#now = now;
    this.#sink = sink;
    this.#first = now() + 1;
    this.#last[0] = this.#first;
  }

  /** From now on gives the durations to another sink. */
  giveTo(sink: DurationSink): void {
    this.#sink = sink;
  }

  /** Samples refused because the id or the label was invalid. */
  get invalid(): number {
    return this.#invalid;
  }

  /**
   * Starts a sample and returns its id: the time in ns, or the next free number if another sample
   * has that id.
   */
  start(): number {
    const now = this.#now();
    const last = this.#last[0]!;
    return this.#last[0] = now > last ? now : last + 1;
  }

  /** Ends the sample `id` and records its duration with `label`. */
  stop(label: string, id: number): void {
    const now = this.#now();
    if (typeof label !== "string" || !this.#isRunning(id)) {
      // A sample that began while recording was switched off has no start.
      if (typeof label !== "string" || id !== NOT_RECORDING) this.#invalid++;
      return;
    }
    this.#stopped[id & SLOTS] = id;
    this.#sink.add(label, now > id ? now - id : 0, now);
  }

  /**
   * Whether `id` can be that of a running sample. Callers may pass anything; NaN fails the
   * comparisons.
   */
  #isRunning(id: number): boolean {
    return typeof id === "number" && id >= this.#first && id <= this.#last[0]! && Math.floor(id) === id &&
      this.#stopped[id & SLOTS] !== id;
  }
}
