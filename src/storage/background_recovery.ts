import type { Clock, Timers } from "../runtime.ts";
import { Recovery, type RecoveryMeans } from "./recovery.ts";

/** How long one turn of a live event loop may be used, ns. */
const TURN_BUDGET = 300_000;

/** What a recovery beside a running program needs. */
export interface BackgroundRecoveryOptions extends RecoveryMeans {
  /** Tells when a turn is over. */
  readonly clock: Clock;
  /** Runs it beside the program. */
  readonly timers: Timers;
  /** ms between two of them; 0 for one only. */
  readonly interval: number;
  /** Is told each failure, once. Does not throw. */
  readonly report: (error: Error) => void;
}

/**
 * Recovers what programs left that died: at the start, and then from time to time, since others, or workers of this program, may die while it
 * runs. It never holds up the event loop for long.
 */
export class BackgroundRecovery {
  readonly #options: BackgroundRecoveryOptions;
  readonly #reported = new Set<string>();
  #current: Generator<number, void> | undefined;
  #recovery: Recovery | undefined;
  #rows = 0;
  #damaged = 0;
  #cancelStep = (): void => {};
  #cancelNext = (): void => {};

  /** Begins nothing yet. */
  constructor(options: BackgroundRecoveryOptions) {
    this.#options = options;
  }

  /** Rows that were published. */
  get rows(): number {
    return this.#rows + (this.#recovery?.summary.rows ?? 0);
  }

  /** Rows that were found damaged. */
  get damaged(): number {
    return this.#damaged + (this.#recovery?.summary.damaged ?? 0);
  }

  /** Begins with the next turn of the event loop. */
  start(): void {
    const { timers, interval } = this.#options;
    this.#begin();
    if (interval > 0) this.#cancelNext = timers.every(interval, () => this.#begin());
  }

  /** Finishes what is under way, and begins nothing any more. */
  async finish(): Promise<void> {
    this.#cancelNext();
    if (this.#current === undefined) return;
    const { timers } = this.#options;
    this.#cancelStep();
    for (let delay = this.#turn(); delay !== undefined; delay = this.#turn()) await timers.sleep(delay);
  }

  /** Lets everything go as it is. */
  abandon(): void {
    this.#cancelNext();
    this.#cancelStep();
    this.#current?.return();
    this.#end();
  }

  #begin(): void {
    if (this.#current !== undefined) return;
    this.#recovery = new Recovery(this.#options);
    this.#current = this.#recovery.run();
    this.#schedule(0);
  }

  #schedule(delay: number): void {
    this.#cancelStep = this.#options.timers.after(delay, () => {
      const again = this.#turn();
      if (again !== undefined) this.#schedule(again);
    });
  }

  /** Works for a short while, and returns after how many ms to go on; `undefined` when there is nothing left to do. */
  #turn(): number | undefined {
    const { clock } = this.#options;
    const end = clock.now() + TURN_BUDGET;
    while (this.#current !== undefined) {
      const { value: delay, done } = this.#current.next();
      if (done) this.#end();
      else if (delay > 0 || clock.now() >= end) return delay;
    }
    return undefined;
  }

  #end(): void {
    const { summary } = this.#recovery ?? {};
    this.#current = undefined;
    this.#recovery = undefined;
    if (summary === undefined) return;
    this.#rows += summary.rows;
    this.#damaged += summary.damaged;
    for (const failure of summary.failures) {
      if (this.#reported.has(failure.message)) continue;
      this.#reported.add(failure.message);
      this.#options.report(failure);
    }
  }
}
