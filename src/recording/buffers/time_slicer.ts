import type { Clock, Timers } from "../../runtime.ts";

/** How long the work may hold up one turn of the event loop, ns. */
const SLICE_BUDGET = 300_000;

/** What a {@linkcode TimeSlicer} runs on. */
export interface TimeSlicerDeps {
  /** Measures slices. */
  readonly clock: Clock;
  /** Schedule slices. */
  readonly timers: Timers;
}

/**
 * Runs work beside a program, in slices of at most 0.3 ms, each in its own turn of the event loop.
 */
export class TimeSlicer {
  readonly #deps: TimeSlicerDeps;
  readonly #work: () => number | undefined;
  #cancel = (): void => {};

  /**
   * `work` does a piece and returns the ms to wait before the next; `undefined` if there is none.
   */
  constructor(deps: TimeSlicerDeps, work: () => number | undefined) {
    this.#deps = deps;
    this.#work = work;
  }

  /**
   * Schedules the next slice in `delay` ms, in place of the one that is scheduled. The rest follows
   * by itself.
   */
  schedule(delay: number): void {
    this.#cancel();
    this.#cancel = this.#deps.timers.after(delay, () => {
      const next = this.#slice();
      if (next !== undefined) this.schedule(next);
    });
  }

  /** Cancels the slice that is scheduled. */
  cancel(): void {
    this.#cancel();
  }

  /**
   * Runs all of the work, with pauses; stops early if `goOn`, called before each pause, returns
   * `false`.
   */
  async finish(goOn: () => boolean = () => true): Promise<void> {
    this.#cancel();
    for (let delay = this.#slice(); delay !== undefined && goOn(); delay = this.#slice()) {
      this.#cancel(); // what the work has scheduled
      await this.#deps.timers.sleep(delay);
    }
    this.#cancel();
  }

  #slice(): number | undefined {
    const { clock } = this.#deps;
    const end = clock.now() + SLICE_BUDGET;
    for (;;) {
      const delay = this.#work();
      if (delay === undefined || delay > 0 || clock.now() >= end) return delay;
    }
  }
}
