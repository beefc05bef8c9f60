import type { KymoError } from "../errors.ts";
import { Recovery, type RecoveryDeps } from "../files/recovery.ts";
import { TimeSlicer, type TimeSlicerDeps } from "./time_slicer.ts";

/** What a recovery beside a running program needs. */
export interface BackgroundRecoveryOptions extends RecoveryDeps, TimeSlicerDeps {
  /** ms between two of them; 0 for one only. */
  readonly interval: number;
  /** Is told each failure, once. Does not throw. */
  readonly report: (error: KymoError) => void;
}

/**
 * Recovers what programs left that died: at the start, and then from time to time, since others, or workers of this program, may die while it
 * runs. It holds up the event loop for no longer than it takes to read one spool.
 */
export class BackgroundRecovery {
  readonly #options: BackgroundRecoveryOptions;
  readonly #reported = new Set<string>();
  #current: Generator<number, void> | undefined;
  #recovery: Recovery | undefined;
  #rows = 0;
  #damaged = 0;
  readonly #turns: TimeSlicer;
  #cancelNext = (): void => {};

  /** Begins nothing yet. */
  constructor(options: BackgroundRecoveryOptions) {
    this.#options = options;
    this.#turns = new TimeSlicer(options, () => this.#piece());
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
    await this.#turns.finish();
  }

  /** Lets everything go as it is. */
  abandon(): void {
    this.#cancelNext();
    this.#turns.cancel();
    this.#current?.return();
    this.#end();
  }

  #begin(): void {
    if (this.#current !== undefined) return;
    this.#recovery = new Recovery(this.#options);
    this.#current = this.#recovery.run();
    this.#turns.schedule(0);
  }

  #piece(): number | undefined {
    const { value: delay, done } = this.#current?.next() ?? { done: true };
    if (!done) return delay;
    this.#end();
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
