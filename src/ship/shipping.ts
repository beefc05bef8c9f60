/**
 * Shipping: directories on their way to stores, one {@linkcode Lane} for each pair.
 *
 * Lanes do not wait for each other. Each second all look for new files; what dead programs left is
 * recovered every ten seconds, and files that programs append to are rotated then. What all stores of
 * a directory have had for some time is let go.
 *
 * @module
 */

import { CsvEncoder } from "../csv/encode.ts";
import { fileError, KymoError, quotePath } from "../errors.ts";
import { MonitoringDirectory } from "../files/directory.ts";
import { Recovery } from "../files/recovery.ts";
import { FileError, type FileHandle, type Runtime } from "../runtime.ts";
import { NANOSECONDS_PER_MS } from "../series.ts";
import { Lane, sleepUnless } from "./lane.ts";
import { type LetGoOptions, LettingGo } from "./letting_go.ts";
import { Shipper } from "./shipper.ts";
import { ShippingDirectory } from "./shipping_directory.ts";
import { type LaneStatus, statusOf } from "./shipping_status.ts";
import type { Target } from "./targets/target.ts";

/** ms between two looks at a directory, and the part of the time that listing it may take. */
const LOOK_INTERVAL = 1_000;
const LISTING_SHARE = 0.05;

/** ms between two recoveries and rotations. */
const RECOVERY_INTERVAL = 10_000;

/** ms between two writings of the status. */
const STATUS_INTERVAL = 2_000;

/** Failures in a row after which a lane that need not follow gives up: some 30 s. */
const MOST_FAILURES = 7;

/** What is shipped where, and how. */
export interface ShippingOptions extends LetGoOptions {
  readonly directories: readonly string[];
  readonly targets: readonly ShippingTarget[];
  /** Whether it goes on until the signal. */
  readonly follow: boolean;
  /** ms that it may still ship after the signal. */
  readonly grace: number;
  readonly signal: AbortSignal;
  /** Called about twice a second, after changes. */
  readonly onChange?: (status: readonly LaneStatus[]) => void;
}

/** A store, which each directory has a connection of its own to. */
export interface ShippingTarget {
  readonly id: string;
  readonly connect: () => Target;
}

/** A directory with its lanes. */
interface Place {
  readonly directory: MonitoringDirectory;
  readonly lanes: readonly { readonly lane: Lane; readonly shipping: ShippingDirectory; readonly target: Target }[];
  readonly lettingGo: LettingGo;
}

/** Ships directories to stores. */
export class Shipping {
  readonly #runtime: Runtime;
  readonly #options: ShippingOptions;
  readonly #places: readonly Place[];
  #drainUntil = Infinity;

  private constructor(runtime: Runtime, options: ShippingOptions, places: readonly Place[]) {
    this.#runtime = runtime;
    this.#options = options;
    this.#places = places;
  }

  /**
   * Takes the locks of all directories. Connects to nothing yet.
   *
   * @throws {KymoError} `"invalid-state"` if another program ships one of the directories to one of
   * the targets; else as a failed operation on files.
   */
  static open(runtime: Runtime, options: ShippingOptions): Shipping {
    const places: Place[] = [];
    try {
      for (const path of options.directories) places.push(openPlace(runtime, path, options));
      return new Shipping(runtime, options, places);
    } catch (error) {
      for (const { lanes } of places) for (const { lane } of lanes) void lane.close();
      throw error;
    }
  }

  /** What each lane has done. */
  get status(): readonly LaneStatus[] {
    const { clock } = this.#runtime;
    return this.#places.flatMap(({ directory, lanes, lettingGo }) =>
      lanes.map(({ lane, shipping, target }) => statusOf({ directory, lane, shipping, target, lettingGo, clock }))
    );
  }

  /**
   * Ships until nothing is left, or with `follow` until the signal; then what is still there, for up
   * to `grace` ms. Returns whether everything was shipped.
   *
   * @throws {KymoError} if a package is missing.
   */
  async run(): Promise<boolean> {
    const { clock } = this.#runtime;
    const { signal, grace } = this.#options;
    const noteStop = (): void => void (this.#drainUntil = clock.now() + grace * NANOSECONDS_PER_MS);
    signal.addEventListener("abort", noteStop, { once: true });
    try {
      const done = await Promise.all(this.#places.map((place) => this.#runPlace(place)));
      return done.every((isDone) => isDone);
    } finally {
      signal.removeEventListener("abort", noteStop);
      this.#writeStatus(this.#places);
      await Promise.all(this.#places.flatMap(({ lanes }) => lanes.map(({ lane }) => lane.close())));
    }
  }

  async #runPlace(place: Place): Promise<boolean> {
    const { directory, lettingGo, lanes } = place;
    const { clock, timers } = this.#runtime;
    const { follow, signal } = this.#options;
    const stores = lanes.map(({ lane }) => lane.shipper.files);
    let nextRecovery = -Infinity;
    let nextStatus = -Infinity;
    const retryAt = new Map<Lane, number>();
    for (;;) {
      const isLast = !follow || signal.aborted;
      const begin = clock.now();
      const rotates = begin >= nextRecovery || isLast;
      if (rotates) {
        await this.#recover(directory);
        nextRecovery = clock.now() + RECOVERY_INTERVAL * NANOSECONDS_PER_MS;
      }
      const due = lanes.filter(({ lane }) => isLast || (retryAt.get(lane) ?? -Infinity) <= clock.now());
      // After the signal looks are not cut short, but by the end of the grace.
      const cut = new AbortController();
      const cancel = isLast && signal.aborted ? timers.after(this.#graceLeft(), () => cut.abort()) : () => {};
      const stop = (): void => cut.abort();
      if (!signal.aborted) signal.addEventListener("abort", stop, { once: true });
      const delays = await Promise.all(due.map(async ({ lane }) => {
        const { interval } = lane.shipper;
        // One that seldom looks may miss the looks at which files are rotated.
        const delay = await lane.look(rotates || interval > RECOVERY_INTERVAL, cut.signal);
        retryAt.set(lane, clock.now() + (delay ?? interval) * NANOSECONDS_PER_MS);
        return delay;
      }));
      signal.removeEventListener("abort", stop);
      cancel();
      lettingGo.run(stores);
      if (clock.now() >= nextStatus || isLast) {
        this.#writeStatus([place]);
        nextStatus = clock.now() + STATUS_INTERVAL * NANOSECONDS_PER_MS;
      }
      if (isLast) {
        const failed = lanes.filter(({ lane }) => lane.failure !== undefined);
        if (failed.length === 0 && !cut.signal.aborted) {
          return lanes.every(({ lane }) => lane.shipper.files.waiting.files === 0);
        }
        if (signal.aborted && this.#graceLeft() <= 0) return false;
        const isHopeless = failed.some(({ lane }) => lane.state === "blocked" || lane.retries >= MOST_FAILURES);
        if (!signal.aborted && isHopeless) return false;
      }
      const delay = Math.max(0, ...delays.map((one) => one ?? 0));
      const took = (clock.now() - begin) / NANOSECONDS_PER_MS;
      const pause = isLast ? Math.min(delay, this.#graceLeft()) : Math.max(LOOK_INTERVAL, took * LISTING_SHARE);
      await sleepUnless(timers, pause, isLast ? NEVER : signal);
    }
  }

  #graceLeft(): number {
    return (this.#drainUntil - this.#runtime.clock.now()) / NANOSECONDS_PER_MS;
  }

  /** Publishes what dead programs left. What fails is tried again, and told by `kymo recover`. */
  async #recover(directory: MonitoringDirectory): Promise<void> {
    const { clock, timers } = this.#runtime;
    const recovery = new Recovery({ directory, encoder: new CsvEncoder(), clock });
    let sliceStart = clock.now();
    for (const delay of recovery.run()) {
      if (delay === 0 && clock.now() - sliceStart < 10 * NANOSECONDS_PER_MS) continue;
      await timers.sleep(delay);
      sliceStart = clock.now();
    }
  }

  #writeStatus(places: readonly Place[]): void {
    const { clock } = this.#runtime;
    for (const { directory, lanes, lettingGo } of places) {
      for (const { lane, shipping, target } of lanes) {
        try {
          shipping.writeStatus(statusOf({ directory, lane, shipping, target, lettingGo, clock }));
        } catch (error) {
          if (!(error instanceof FileError)) throw error; // rows matter more
        }
      }
    }
    this.#options.onChange?.(this.status);
  }
}

const NEVER = new AbortController().signal;

function openPlace(runtime: Runtime, path: string, { targets, ...options }: ShippingOptions): Place {
  const { files, clock } = runtime;
  const opened: FileHandle[] = [];
  try {
    const directory = new MonitoringDirectory(files, files.resolve(path), { syncs: true });
    const lanes = targets.map(({ id, connect }) => {
      const shipping = new ShippingDirectory(directory, id);
      shipping.make();
      const target = connect();
      const lock = shipping.lock();
      if (!lock.ok) {
        const code = lock.kind === "locked" ? "invalid-state" : "unsupported";
        throw new KymoError(code, `Cannot ship: ${quotePath(path)}: ${lock.reason}: ${target.name}`);
      }
      opened.push(lock.value);
      const source = { id: shipping.source(), path: directory.path, host: runtime.programFacts().host };
      return {
        lane: new Lane(new Shipper({ directory, shipping, clock, target, source }), lock.value),
        shipping,
        target,
      };
    });
    return { directory, lanes, lettingGo: new LettingGo(directory, clock, options) };
  } catch (error) {
    for (const handle of opened) handle.close();
    throw error instanceof KymoError ? error : fileError("Cannot ship", path, error);
  }
}
