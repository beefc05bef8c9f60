import { NANOSECONDS_PER_SECOND } from "../../series.ts";

/** How resident memory has grown in the last minute, or since the view began. */
export interface Growth {
  /** Bytes at its begin and end. */
  readonly from: number;
  readonly to: number;
  /** Its length, s. */
  readonly seconds: number;
}

/** Seconds that are kept. */
const KEPT_SECONDS = 60;

/** Seconds between two values that are kept: a program may sample much more often. */
const STEP_SECONDS = 0.5;

/** Seconds from which on growth is told. */
const LEAST_SECONDS = 5;

/** Growth that is told: by this part, and by so many bytes. */
const LEAST_PART = 0.2;
const LEAST_BYTES = 16e6;

interface Sample {
  readonly time: number;
  readonly bytes: number;
}

/** The resident memory of a process in the last minute. */
export class MemoryHistory {
  readonly #samples: Sample[] = [];
  #added: Sample[] = [];

  /** Adds a sample; `time` as in `RowSink`, in any order until the interval ends. */
  add(time: number, bytes: number): void {
    this.#added.push({ time, bytes });
  }

  /** Ends an interval. */
  endInterval(): void {
    for (const sample of this.#added.sort((one, other) => one.time - other.time)) {
      const last = this.#samples.at(-1)?.time ?? -Infinity;
      if (sample.time - last >= STEP_SECONDS * NANOSECONDS_PER_SECOND) this.#samples.push(sample);
    }
    this.#added = [];
    const newest = this.#samples.at(-1)?.time ?? 0;
    while (newest - (this.#samples[0]?.time ?? newest) > KEPT_SECONDS * NANOSECONDS_PER_SECOND) this.#samples.shift();
  }

  /**
   * How it has grown; `undefined` unless it is much and goes on. It goes up and down with each
   * garbage collection: so all values of the last third must be above all of the first, and those
   * of the middle must not be above the last.
   */
  growth(): Growth | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    const seconds = (last.time - first.time) / NANOSECONDS_PER_SECOND;
    const third = Math.floor(this.#samples.length / 3);
    if (seconds < LEAST_SECONDS || third < 2) return undefined;
    const bytes = this.#samples.map((sample) => sample.bytes);
    const [early, middle, late] = [bytes.slice(0, third), bytes.slice(third, -third), bytes.slice(-third)];
    const goesOn = Math.min(...late) > Math.max(...early) && Math.max(...late) > Math.max(...middle);
    const grown = last.bytes - first.bytes;
    if (!goesOn || grown < LEAST_BYTES || grown < LEAST_PART * first.bytes) return undefined;
    return { from: first.bytes, to: last.bytes, seconds };
  }
}
