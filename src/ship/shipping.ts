/**
 * Shipping: directories on their way to stores, one {@linkcode Lane} for each pair.
 *
 * Lanes do not wait for each other: each looks every second for new files, or backs off while its
 * store fails. Beside them, what dead programs left is recovered, what all stores of a directory have
 * had for some time is let go, and the status is written.
 *
 * **The end.** After the signal each lane ends its batch; what dead programs left is recovered once
 * more, and what is there then is shipped. When the grace is over, connections are cut wherever they
 * are: the ledger tells the next shipper what arrived.
 *
 * @module
 */

import { CsvEncoder } from "../csv/encode.ts";
import { fileError, KymoError, quotePath } from "../errors.ts";
import { MonitoringDirectory } from "../files/directory.ts";
import { Recovery } from "../files/recovery.ts";
import { FileError, type FileHandle, type Runtime, sleepUnless } from "../runtime.ts";
import { NANOSECONDS_PER_MS } from "../series.ts";
import { jsonText } from "../small_json.ts";
import { Garbage } from "./files/garbage.ts";
import { Lane } from "./lane.ts";
import { type LetGoOptions, LettingGo } from "./files/letting_go.ts";
import { Shipper } from "./shipper.ts";
import { digestBy } from "./pieces/piece.ts";
import { ShippingDirectory } from "./shipping_directory.ts";
import { type LaneStatus, statusOf } from "./shipping_status.ts";
import type { Target } from "./targets/target.ts";

/** ms between two looks at a directory, and the part of the time that listing it may take. */
const LOOK_INTERVAL = 1_000;
const LISTING_SHARE = 0.2;

/** ms between two recoveries. */
const RECOVERY_INTERVAL = 10_000;

/** ms for which recovery may hold the thread up. */
const SLICE = 10;

/** ms between two rounds of what is done beside shipping. */
const CARE_INTERVAL = 500;

/** ms between two writings of the status, if it has changed or not. Failures are written at once. */
const STATUS_INTERVAL = 2_000;
const IDLE_STATUS_INTERVAL = 10_000;

/** Failures in a row after which a lane that need not follow gives up: some 30 s. */
const MOST_FAILURES = 7;

/** Looks in a row that may leave something to the next one, before a lane that need not follow gives up. */
const MOST_PARTIAL_LOOKS = 30;

/** What is shipped where, and how. */
export interface ShippingOptions extends LetGoOptions {
  readonly directories: readonly string[];
  readonly targets: readonly ShippingTarget[];
  /** Whether it goes on until the signal. */
  readonly follow: boolean;
  /** ms that it may still ship after the signal. */
  readonly grace: number;
  readonly signal: AbortSignal;
  /** Called twice a second, and when something has failed or passes again. */
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
  readonly lanes: readonly PlacedLane[];
  readonly lettingGo: LettingGo;
  /** Spools that cannot be removed. */
  readonly left: Set<string>;
  /** What cannot be recovered, if there is something. */
  unrecovered: string | undefined;
  /** The recovery that is under way, or was the last one. */
  recovery: Promise<void>;
}

interface PlacedLane {
  readonly lane: Lane;
  readonly shipping: ShippingDirectory;
  readonly target: Target;
}

/** Ships directories to stores. */
export class Shipping {
  readonly #runtime: Runtime;
  readonly #options: ShippingOptions;
  readonly #places: readonly Place[];
  /** Given when all is to end at once. */
  readonly #end = new AbortController();

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
    return this.#places.flatMap((place) => place.lanes.map((lane) => this.#statusOf(place, lane)));
  }

  /**
   * Ships until nothing is left, or with `follow` until the signal; then what is still there, for up
   * to `grace` ms. Returns whether everything was shipped.
   *
   * @throws {KymoError} if a package is missing.
   */
  async run(): Promise<boolean> {
    const { signal, grace } = this.#options;
    let cancel = (): void => {};
    const drain = (): void => void (cancel = this.#runtime.timers.after(grace, () => this.#end.abort()));
    signal.addEventListener("abort", drain, { once: true });
    if (signal.aborted) drain();
    const places = this.#places.map(async (place) => {
      try {
        return await this.#runPlace(place);
      } catch (error) {
        this.#end.abort(); // of the others
        throw error;
      }
    });
    const stopTelling = this.#runtime.timers.every(CARE_INTERVAL, () => this.#options.onChange?.(this.status));
    try {
      await Promise.allSettled(places);
      return (await Promise.all(places)).every((isDone) => isDone);
    } finally {
      stopTelling();
      signal.removeEventListener("abort", drain);
      cancel();
      await Promise.all(this.#places.flatMap(({ lanes }) => lanes.map(({ lane }) => lane.close())));
    }
  }

  async #runPlace(place: Place): Promise<boolean> {
    const over = new AbortController();
    await this.#recover(place);
    const care = this.#care(place, over.signal);
    try {
      const done = await Promise.all(place.lanes.map(async ({ lane }) => {
        const isDone = await this.#runLane(place, lane);
        lane.hasEnded = true;
        return isDone;
      }));
      return done.every((isDone) => isDone);
    } finally {
      over.abort();
      await care;
      place.lettingGo.run(place.lanes.map(({ lane }) => lane.shipper));
      this.#writeStatus(place);
    }
  }

  /** Looks again and again; returns whether everything was shipped. */
  async #runLane(place: Place, lane: Lane): Promise<boolean> {
    const { timers } = this.#runtime;
    const { follow, signal } = this.#options;
    const end = this.#end.signal;
    const stop = AbortSignal.any([signal, end]);
    let partialLooks = 0;
    for (let isDraining = false; !end.aborted;) {
      if (signal.aborted && !isDraining) {
        isDraining = true;
        lane.hurry();
        await this.#recover(place);
      }
      const isLast = isDraining || !follow;
      const hadFailed = lane.failure !== undefined;
      const result = await lane.look({ cut: isDraining ? end : stop, end, isLast });
      if (result === "ended") return false;
      if (signal.aborted && !isDraining) continue;
      if (isLast && result === "whole") return lane.shipper.files.waiting.files === 0;
      if (isLast && lane.state === "blocked") return false;
      partialLooks = result === "again" ? partialLooks + 1 : 0;
      if (!follow && (lane.failures >= MOST_FAILURES || partialLooks > MOST_PARTIAL_LOOKS)) return false;
      if (hadFailed || lane.failure !== undefined) this.#options.onChange?.(this.status);
      const pause = typeof result === "number" ? result : isLast ? CARE_INTERVAL : intervalOf(lane);
      await sleepUnless(timers, pause, isDraining ? end : stop);
    }
    return false;
  }

  /** What is done beside shipping, until the signal. */
  async #care(place: Place, over: AbortSignal): Promise<void> {
    const { clock, timers } = this.#runtime;
    const after = (ms: number): number => clock.now() + ms * NANOSECONDS_PER_MS;
    let nextRecovery = after(RECOVERY_INTERVAL);
    let nextStatus = 0;
    let nextIdleStatus = 0;
    let written = "";
    let writtenStates = "";
    let wake = (): void => {};
    const stop = timers.every(CARE_INTERVAL, () => wake());
    over.addEventListener("abort", () => wake(), { once: true }); // who has shipped everything waits for this
    while (!over.aborted) {
      if (clock.now() >= nextRecovery) {
        await this.#recover(place);
        nextRecovery = after(RECOVERY_INTERVAL);
      }
      place.lettingGo.run(place.lanes.map(({ lane }) => lane.shipper));
      const states = place.lanes.map(({ lane }) => lane.failure?.message ?? "").join("\n");
      const status = place.lanes.map((lane) => withoutTime(this.#statusOf(place, lane))).join("\n");
      const isDue = clock.now() >= nextStatus && status !== written || clock.now() >= nextIdleStatus;
      if (isDue || states !== writtenStates) {
        this.#writeStatus(place);
        [written, writtenStates] = [status, states];
        nextStatus = after(STATUS_INTERVAL);
        nextIdleStatus = after(IDLE_STATUS_INTERVAL);
      }
      if (over.aborted) break; // while something was recovered: nobody wakes it
      const { promise: next, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await next;
    }
    stop();
  }

  /** Publishes what dead programs left, once what is under way is done. What fails is tried again. */
  #recover(place: Place): Promise<void> {
    place.recovery = place.recovery.then(async () => {
      const { clock, timers } = this.#runtime;
      const { directory, left } = place;
      const recovery = new Recovery({ directory, encoder: new CsvEncoder(), clock, left });
      let sliceStart = clock.now();
      for (const delay of recovery.run()) {
        if (this.#end.signal.aborted) break;
        if (delay === 0 && clock.now() - sliceStart < SLICE * NANOSECONDS_PER_MS) continue;
        await timers.sleep(delay);
        sliceStart = clock.now();
      }
      const { failures, refused } = recovery.summary;
      place.unrecovered = failures[0]?.message ??
        (refused > 0 ? `the rows of ${refused} dead programs may not be read by this user` : undefined);
    });
    return place.recovery;
  }

  #statusOf({ directory, lettingGo, unrecovered }: Place, { lane, target }: PlacedLane): LaneStatus {
    return statusOf({ directory, lane, target, lettingGo, unrecovered, clock: this.#runtime.clock });
  }

  #writeStatus(place: Place): void {
    for (const lane of place.lanes) {
      try {
        lane.shipping.writeStatus(this.#statusOf(place, lane));
        lane.shipping.markShipped(lane.lane.shipper.shippedBefore);
      } catch (error) {
        if (!(error instanceof FileError)) throw error; // rows matter more
      }
    }
  }
}

/** ms until the next look after one that has not failed. */
function intervalOf({ shipper: { interval, files: { listingTime } } }: Lane): number {
  return Math.max(LOOK_INTERVAL, interval, listingTime / NANOSECONDS_PER_MS / LISTING_SHARE);
}

/** A status without its time, to be compared. */
function withoutTime({ at: _, oldestUnshippedSeconds: __, ...status }: LaneStatus): string {
  return jsonText(status);
}

function openPlace(runtime: Runtime, path: string, { targets, keep, archive }: ShippingOptions): Place {
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
      const garbage = new Garbage(runtime.memory);
      const source = { id: shipping.source(), path: directory.path, host: runtime.programFacts().host };
      return {
        lane: new Lane(
          new Shipper({
            directory,
            shipping,
            runtime,
            target,
            source,
            keep,
            digest: digestBy(runtime.sha256),
            garbage,
          }),
          lock.value,
        ),
        shipping,
        target,
      };
    });
    const ids = targets.map(({ id }) => id);
    return {
      directory,
      lanes,
      lettingGo: new LettingGo(directory, clock, { keep, archive, targets: ids }),
      left: new Set(),
      unrecovered: undefined,
      recovery: Promise.resolve(),
    };
  } catch (error) {
    for (const handle of opened) handle.close();
    throw error instanceof KymoError ? error : fileError("Cannot ship", path, error);
  }
}
