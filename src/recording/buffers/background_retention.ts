import type { PrunedCounts } from "../../control/retention/pruned_counts.ts";
import { Retention, type RetentionDeps } from "../../control/retention/retention.ts";
import type { Room } from "../../control/retention/room.ts";
import { TimeSlicer, type TimeSlicerDeps } from "./time_slicer.ts";

/** ms between looks whether it is time to count the directory. */
const INTERVAL = 10_000;

/** ms to wait for the lock of the ledger. */
const LOCK_RETRY = 5;

/** Keeps the directory of a program that runs below its limits, in slices. */
export class BackgroundRetention implements Room {
  readonly #retention: Retention;
  readonly #slicer: TimeSlicer;
  readonly #timers: TimeSlicerDeps["timers"];
  #cancelNext = (): void => {};
  #isRunning = false;

  /** Does nothing before `start`. */
  constructor(deps: RetentionDeps & TimeSlicerDeps) {
    this.#retention = new Retention(deps);
    this.#timers = deps.timers;
    this.#slicer = new TimeSlicer(deps, () => this.#slice());
  }

  /** What was removed. */
  get pruned(): PrunedCounts {
    return this.#retention.pruned;
  }

  /** Starts with the next turn of the event loop. */
  start(): void {
    this.#cancelNext();
    this.#isRunning = true;
    this.#cancelNext = this.#timers.every(INTERVAL, () => this.#look());
    this.#look();
  }

  /** Ends. What is still too much is left to others. */
  stop(): void {
    this.#isRunning = false;
    this.#cancelNext();
    this.#slicer.cancel();
  }

  /** {@linkcode Room.settle}. Does not throw. */
  settle(mayCount?: boolean): boolean {
    const hasRoom = this.#retention.settle(mayCount);
    if (this.#retention.wantsCount) this.#look();
    else if (this.#retention.isBusy) this.#goOn();
    return hasRoom;
  }

  #look(): void {
    void this.#retention.beginCount().then(() => this.#goOn());
  }

  #goOn(): void {
    if (this.#isRunning && this.#retention.isBusy) this.#slicer.schedule(0);
  }

  #slice(): number | undefined {
    if (!this.#retention.work()) return LOCK_RETRY;
    if (this.#retention.isBusy) return 0;
    if (this.#retention.wantsCount) this.#look();
    return undefined;
  }
}
