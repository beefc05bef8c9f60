import { FileError, type FileHandle } from "../runtime.ts";
import { BackOff } from "./back_off.ts";
import type { Shipper } from "./shipper.ts";
import { StoreError } from "../stores/store_error.ts";

/**
 * What a shipper is doing:
 *
 * - `"idle"`: everything that was there is shipped.
 * - `"shipping"`: it ships.
 * - `"waiting"`: the store cannot be reached, or is busy; it is tried again by itself.
 * - `"blocked"`: something is wrong with the store, or it takes no rows, and somebody has to mend it.
 */
export type LaneState = "idle" | "shipping" | "waiting" | "blocked";

/** A look failed. */
export interface LaneFailure {
  readonly state: "waiting" | "blocked";
  readonly message: string;
  readonly code: string;
}

/** How a look is made. */
export interface LaneLook {
  /** Ends the look after the batch that is under way. */
  readonly cut: AbortSignal;
  /** Ends the look at once, whatever the store does. */
  readonly end: AbortSignal;
  readonly isLast: boolean;
}

/** One directory on its way to one store: looks again and again, and backs off after failures. */
export class Lane {
  readonly shipper: Shipper;
  state: LaneState = "shipping";
  /** Why the last look failed, if it did. */
  failure: LaneFailure | undefined;
  /** Looks that have failed. */
  retries = 0;
  /** Whether it will not look again. */
  hasEnded = false;
  readonly #lock: FileHandle;
  readonly #backOff = new BackOff();

  /** Gives `lock` back when it is closed. */
  constructor(shipper: Shipper, lock: FileHandle) {
    this.shipper = shipper;
    this.#lock = lock;
  }

  /** Looks that have failed in a row. */
  get failures(): number {
    return this.#backOff.failures;
  }

  /**
   * Looks once. `"ended"` if it was ended at once: what it did last may be in the store or not. Of a
   * look that failed, the ms to wait before the next one.
   *
   * @throws {KymoError} if a package is missing.
   */
  async look({ cut, end, isLast }: LaneLook): Promise<"whole" | "again" | "ended" | number> {
    if (this.failure === undefined) this.state = "shipping";
    try {
      const result = await unlessEnded(this.shipper.look({ signal: cut, isLast }), end);
      if (result === "ended") return result;
      this.failure = undefined;
      this.state = "idle";
      this.#backOff.reset();
      return result;
    } catch (error) {
      if (!(error instanceof StoreError || error instanceof FileError)) throw error;
      const passes = error instanceof StoreError && error.kind === "passing";
      this.state = passes ? "waiting" : "blocked";
      this.failure = { state: this.state, message: error.message, code: error.code };
      this.retries++;
      return this.#backOff.next(error instanceof StoreError ? error.retryAfter : 0);
    }
  }

  /** The next failure is the first one in a row. */
  hurry(): void {
    this.#backOff.reset();
  }

  /** Disconnects, and lets another program ship. Does not throw. */
  async close(): Promise<void> {
    await this.shipper.close();
    try {
      this.#lock.close();
    } catch {
      // It is closed.
    }
  }
}

/** What `work` results in, or `"ended"` if the signal is given before; then nobody hears of it any more. */
async function unlessEnded<T>(work: Promise<T>, signal: AbortSignal): Promise<T | "ended"> {
  work.catch(() => {});
  const { promise, resolve } = Promise.withResolvers<"ended">();
  const end = (): void => resolve("ended");
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
