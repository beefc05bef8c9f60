import type { Clock, Timers } from "../runtime.ts";

/** How long one turn of a live event loop may be used, ns. */
const TURN_BUDGET = 300_000;

/** What runs work beside a program. */
export interface TimeSlicerDeps {
  /** Tells when a turn is over. */
  readonly clock: Clock;
  /** Calls for the next one. */
  readonly timers: Timers;
}

/** Work that is done beside a running program, a little in each turn of its event loop. */
export class TimeSlicer {
  readonly #deps: TimeSlicerDeps;
  readonly #piece: () => number | undefined;
  #cancel = (): void => {};

  /** `piece` does a piece of the work and returns after how many ms to do the next; `undefined` when there is nothing left to do. */
  constructor(deps: TimeSlicerDeps, piece: () => number | undefined) {
    this.#deps = deps;
    this.#piece = piece;
  }

  /** Begins, or goes on, after so many ms, and then by itself. */
  schedule(delay: number): void {
    this.#cancel();
    this.#cancel = this.#deps.timers.after(delay, () => {
      const again = this.#turn();
      if (again !== undefined) this.schedule(again);
    });
  }

  /** Does nothing by itself any more. */
  cancel(): void {
    this.#cancel();
  }

  /** Does all of it from here on; unless `goOn`, which is asked before each pause, says otherwise. */
  async finish(goOn: () => boolean = () => true): Promise<void> {
    this.#cancel();
    for (let delay = this.#turn(); delay !== undefined && goOn(); delay = this.#turn()) {
      this.#cancel(); // whatever the work has scheduled
      await this.#deps.timers.sleep(delay);
    }
    this.#cancel();
  }

  #turn(): number | undefined {
    const { clock } = this.#deps;
    const end = clock.now() + TURN_BUDGET;
    for (;;) {
      const delay = this.#piece();
      if (delay === undefined || delay > 0 || clock.now() >= end) return delay;
    }
  }
}
