import type { Room } from "../../control/retention/room.ts";
import type { KymoError } from "../../errors.ts";
import { LOCK_RETRY } from "../../files/append_file.ts";
import { Recovery, type RecoveryDeps } from "../../files/recovery.ts";
import { TimeSlicer, type TimeSlicerDeps } from "../buffers/time_slicer.ts";

/** How a {@linkcode BackgroundRecovery} works. */
export interface BackgroundRecoveryOptions extends RecoveryDeps, TimeSlicerDeps {
  /** ms between recoveries; 0 for only one, at the start. */
  readonly interval: number;
  /** Asked for room before each piece of work. */
  readonly room: Room;
  /** Called with each failure, once. Must not throw. */
  readonly report: (error: KymoError) => void;
}

/**
 * Recovers the spools of dead programs while this program runs: at the start, and then at
 * intervals, since other programs or workers of this one may die meanwhile. It blocks the event
 * loop for at most the time of reading one spool.
 */
export class BackgroundRecovery {
  readonly #options: BackgroundRecoveryOptions;
  readonly #reported = new Set<string>();
  /** Spools that it has dealt with and may not remove. */
  readonly #left = new Set<string>();
  #current: Generator<number, void> | undefined;
  #recovery: Recovery | undefined;
  #rows = 0;
  #damaged = 0;
  readonly #slicer: TimeSlicer;
  #cancelNext = (): void => {};

  /** Does nothing before `start`. */
  constructor(options: BackgroundRecoveryOptions) {
    this.#options = options;
    this.#slicer = new TimeSlicer(options, () => this.#slice());
  }

  /** Rows that were published. */
  get rows(): number {
    return this.#rows + (this.#recovery?.summary.rows ?? 0);
  }

  /** Rows that were found damaged. */
  get damaged(): number {
    return this.#damaged + (this.#recovery?.summary.damaged ?? 0);
  }

  /** Starts with the next turn of the event loop. */
  start(): void {
    const { timers, interval } = this.#options;
    this.#begin();
    if (interval > 0) this.#cancelNext = timers.every(interval, () => this.#begin());
  }

  /** Finishes the recovery that is running, and starts no other. */
  async finish(): Promise<void> {
    this.#cancelNext();
    await this.#slicer.finish();
  }

  /** Ends at once; a recovery that is running is left to the next one. */
  abandon(): void {
    this.#cancelNext();
    this.#slicer.cancel();
    this.#current?.return();
    this.#end();
  }

  #begin(): void {
    if (this.#current !== undefined) return;
    this.#recovery = new Recovery({ ...this.#options, left: this.#left });
    this.#current = this.#recovery.run();
    this.#slicer.schedule(0);
  }

  #slice(): number | undefined {
    if (this.#current !== undefined && !this.#options.room.settle()) return LOCK_RETRY;
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
