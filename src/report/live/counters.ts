import { SERIES } from "../../series.ts";
import { type Rate, RATES, SHORTEST_STEP } from "../data/quantities.ts";

/** A sample of a counter, or a time that no step spans. */
interface Sample {
  readonly label: string | undefined;
  /** ns since the zero of rows. */
  readonly time: number;
  readonly value: number;
}

/** A step of the counters of a rate, from one sample to the next. */
export interface Step {
  readonly rate: Rate;
  /** When it ended. */
  readonly time: number;
  readonly increase: number;
  readonly seconds: number;
}

/** Turns the counters of one process into rates, look by look. */
export class Counters {
  readonly #last = new Map<Rate, { readonly time: number; readonly total: number }>();
  #samples: Sample[] = [];
  #userTime: number | undefined;

  /** Adds a sample of a counter. */
  add(label: string, time: number, value: number): void {
    this.#samples.push({ label, time, value });
  }

  /** Recording was switched off or on: no step spans that time. */
  interrupt(time: number): void {
    this.#samples.push({ label: undefined, time, value: 0 });
  }

  /** The steps since the last look. One in which a counter has decreased is left out. */
  endLook(): Step[] {
    if (this.#samples.length === 0) return [];
    // Rows of files come after those of spools, which may be later.
    const samples = this.#samples.sort((one, other) => one.time - other.time);
    this.#samples = [];
    return samples.flatMap(({ label, time, value }) => {
      if (label === undefined) {
        this.#last.clear();
        this.#userTime = undefined;
        return [];
      }
      if (label === SERIES.userTime) this.#userTime = value;
      if (label === SERIES.userTime || label === SERIES.systemTime && this.#userTime === undefined) return [];
      const total = label === SERIES.systemTime ? this.#userTime! + value : value;
      const rate = RATES.find(({ counters }) => counters.includes(label));
      return rate === undefined ? [] : this.#step(rate, time, total);
    });
  }

  #step(rate: Rate, time: number, total: number): Step[] {
    const last = this.#last.get(rate);
    const seconds = last === undefined ? 0 : (time - last.time) / 1e9;
    if (last !== undefined && seconds < SHORTEST_STEP) return [];
    this.#last.set(rate, { time, total });
    const increase = last === undefined ? -1 : total - last.total;
    return increase < 0 ? [] : [{ rate, time, increase, seconds }];
  }
}
