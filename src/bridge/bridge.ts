/**
 * The bridge: counts what the programs of a monitoring directory record, beside them, and tells the sums
 * in the forms that others read.
 *
 * Counters never fall and no row counts twice: what was counted is stored together with the sums (see
 * `bridge_directory.ts`), and what was told since the state was last written is counted again before
 * anything is told again.
 *
 * @module
 */

import { fileError, KymoError, quotePath } from "../errors.ts";
import { MonitoringDirectory, release } from "../files/directory.ts";
import { FileError, type FileHandle, type Runtime, sleepUnless } from "../runtime.ts";
import { canSync, recoverOn } from "../recording/recovery/recover.ts";
import { NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND } from "../series.ts";
import { type Fields, timepoint } from "../small_json.ts";
import { BridgeDirectory } from "./bridge_directory.ts";
import { CompactedRows } from "./compacted_rows.ts";
import { DirectoryRows } from "./directory_rows.ts";
import { type Metric, numberMetric } from "./metric.ts";
import {
  DROPPED,
  ERRORS,
  LAST_LOOK,
  PROGRAMS,
  PUSHES,
  REJECTED_POINTS,
  STATE_FAILURES,
  UNCOUNTED,
} from "./metric_kinds.ts";
import { KnownPrograms } from "./programs.ts";
import { RowCounts, type RowCountsOptions } from "./row_counts.ts";

/** The version of the stored state. */
const FORMAT = 2;

/** ms between two writings of the state. */
const STATE_INTERVAL = 10_000;

/** ms between two recoveries, and two looks at who is alive. */
const RECOVERY_INTERVAL = 10_000;
const LIVING_INTERVAL = 2_000;

/**
 * ms by which a file's time may be earlier than that at which it was there: it is published after its
 * last row was written, and clocks are set.
 */
const FILE_TIME_MARGIN = 10_000;

/** The part of the time that looking may take. */
const LOOK_SHARE = 0.2;

/** How a bridge works. */
export interface BridgeOptions extends Omit<RowCountsOptions, "programs"> {
  /** The monitoring directory, as resolved. */
  readonly path: string;
  /** ms between two looks. */
  readonly interval: number;
  readonly signal: AbortSignal;
  /** Called when something fails, and with `undefined` when that is over. */
  readonly onFailure?: (message: string | undefined) => void;
}

/** What a push over OTLP has counted. */
export interface PushCounts {
  readonly ok: number;
  readonly partial: number;
  readonly failed: number;
  readonly rejectedPoints: number;
}

/** Counts the rows of one directory. */
export class Bridge {
  /** What was pushed, for its own metrics. */
  pushes: PushCounts | undefined;
  readonly #runtime: Runtime;
  readonly #options: BridgeOptions;
  readonly #place: BridgeDirectory;
  readonly #lock: FileHandle;
  readonly #programs: KnownPrograms;
  readonly #rows: DirectoryRows;
  readonly #compacted: CompactedRows;
  readonly #counts: RowCounts;
  /** When counting began, ns since 1970: of all restarts the first. */
  #began: bigint;
  #failures = 0;
  /** What fails now, with the messages. */
  readonly #failing = new Map<"reading" | "writing", string>();
  #lastLook = 0;
  /** When the last look began that has read everything, ns since 1970. */
  #lastWholeLook: number | undefined;
  #cached: readonly Metric[] | undefined;

  private constructor(runtime: Runtime, options: BridgeOptions, directory: MonitoringDirectory, lock: FileHandle) {
    this.#runtime = runtime;
    this.#options = options;
    this.#lock = lock;
    this.#place = new BridgeDirectory(directory);
    this.#programs = new KnownPrograms(directory);
    this.#counts = new RowCounts({ ...options, programs: this.#programs });
    const deps = { runtime, directory, programs: this.#programs, take: this.#counts.take };
    this.#rows = new DirectoryRows(deps);
    this.#compacted = new CompactedRows(deps);
    this.#began = runtime.clock.epoch();
  }

  /**
   * Takes the lock of the directory and reads the state.
   *
   * @throws {KymoError} `"invalid-state"` if another program is the bridge of this directory,
   * `"invalid-data"` if the state is damaged; else as a failed operation on files.
   */
  static open(runtime: Runtime, options: BridgeOptions): Bridge {
    const { path } = options;
    const { files } = runtime;
    try {
      const denied = files.denied(path);
      if (denied !== undefined) throw new FileError("DENIED", denied);
      const directory = new MonitoringDirectory(files, path, { syncs: canSync(files, path) });
      const place = new BridgeDirectory(directory);
      if (files.status(place.path)?.kind === "file") {
        throw fileError("Cannot serve", place.path, new FileError("ENOTDIR", "not a directory"));
      }
      const locked = place.lock();
      if (!locked.ok) {
        throw new KymoError(
          locked.kind === "locked" ? "invalid-state" : "unsupported",
          `Cannot serve: ${quotePath(path)}: ${
            locked.kind === "locked" ? "another program is its bridge" : locked.reason
          }`,
        );
      }
      const bridge = new Bridge(runtime, options, directory, locked.value);
      try {
        bridge.#restore();
        return bridge;
      } catch (error) {
        release(locked.value);
        throw error;
      }
    } catch (error) {
      throw error instanceof FileError ? fileError("Cannot serve", path, error) : error;
    }
  }

  /** When counting began, ns since 1970; restarts do not change it. */
  get began(): bigint {
    return this.#began;
  }

  /** Everything as of the last look. */
  get metrics(): readonly Metric[] {
    return this.#cached ??= this.#makeMetrics();
  }

  /** Counts what is there now, and writes the state. Must be called before anything is told. */
  async begin(): Promise<void> {
    await this.#recover();
    await this.#look();
    this.#programs.lookAtLiving();
    this.#writeState();
  }

  /** Goes on until the signal; then counts what is there, and writes the state. */
  async run(): Promise<void> {
    const { clock, timers } = this.#runtime;
    const { signal, interval } = this.#options;
    const after = (ms: number): number => clock.now() + ms * NANOSECONDS_PER_MS;
    let [nextState, nextRecovery, nextLiving] = [after(STATE_INTERVAL), after(RECOVERY_INTERVAL), 0];
    let lookTime = 0;
    while (!signal.aborted) {
      await sleepUnless(timers, Math.max(interval, lookTime / LOOK_SHARE), signal);
      const begin = clock.now();
      if (begin >= nextRecovery) {
        await this.#recover();
        nextRecovery = after(RECOVERY_INTERVAL);
      }
      await this.#look();
      if (begin >= nextLiving) {
        this.#programs.lookAtLiving();
        nextLiving = after(LIVING_INTERVAL);
      }
      lookTime = (clock.now() - begin) / NANOSECONDS_PER_MS;
      if (begin < nextState) continue;
      this.#writeState();
      nextState = after(STATE_INTERVAL);
    }
    await this.#look();
    this.#writeState();
  }

  /** Gives the lock back. */
  close(): void {
    release(this.#lock);
  }

  async #look(): Promise<void> {
    this.#lastLook = Number(this.#runtime.clock.epoch());
    this.#counts.begin(this.#lastLook);
    try {
      await this.#rows.look();
      await this.#compacted.look(this.#rows.compacted);
      this.#lastWholeLook = this.#lastLook;
      this.#tell("reading", undefined);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#failures++;
      this.#tell("reading", fileError("Cannot read", this.#options.path, error).message);
    }
    this.#counts.end();
    this.#cached = undefined;
  }

  /** Tells what fails, reading first, and that nothing does any more. */
  #tell(what: "reading" | "writing", failure: string | undefined): void {
    const hadFailed = this.#failing.size > 0;
    if (failure === undefined) this.#failing.delete(what);
    else this.#failing.set(what, failure);
    const first = this.#failing.get("reading") ?? this.#failing.get("writing");
    if (hadFailed || first !== undefined) this.#options.onFailure?.(first);
  }

  /** Publishes what dead programs left, as others would; what cannot be recovered stays for them. */
  async #recover(): Promise<void> {
    try {
      await recoverOn(this.#runtime, this.#options.path);
    } catch (error) {
      if (!(error instanceof KymoError)) throw error;
    }
  }

  #makeMetrics(): Metric[] {
    const { alive, counts } = this.#programs;
    const recording = alive.filter(({ isRecording }) => isRecording).length;
    const uncounted = { ...this.#rows.uncounted, compacted: this.#compacted.uncounted };
    const { rejectedPoints, ...pushes } = this.pushes ?? {};
    return [
      ...this.#counts.metrics,
      numberMetric(DROPPED, [[{}, counts.get("dropped") ?? 0]]),
      numberMetric(ERRORS, [[{}, counts.get("errors") ?? 0]]),
      numberMetric(PROGRAMS, [[{ state: "recording" }, recording], [{ state: "off" }, alive.length - recording]]),
      numberMetric(UNCOUNTED, Object.entries(uncounted).map(([reason, files]) => [{ reason }, files])),
      numberMetric(LAST_LOOK, [[{}, this.#lastLook / NANOSECONDS_PER_SECOND]]),
      numberMetric(STATE_FAILURES, [[{}, this.#failures]]),
      ...rejectedPoints === undefined ? [] : [
        numberMetric(PUSHES, Object.entries(pushes).map(([result, count]) => [{ result }, count])),
        numberMetric(REJECTED_POINTS, [[{}, rejectedPoints]]),
      ],
    ];
  }

  /** Writes the state, and tells that it has the rows of all files that were there. */
  #writeState(): void {
    try {
      if (this.#counts.isChanged) this.#place.writeState(`${JSON.stringify(this.#state)}\n`);
      this.#counts.isChanged = false;
      if (this.#lastWholeLook !== undefined) {
        this.#place.markCounted(this.#lastWholeLook / NANOSECONDS_PER_MS - FILE_TIME_MARGIN);
      }
      this.#tell("writing", undefined);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#failures++;
      this.#tell("writing", fileError("Cannot write", this.#place.statePath, error).message);
    }
  }

  get #state(): Fields {
    return {
      format: FORMAT,
      began: String(this.#began),
      ...this.#counts.stored,
      programs: this.#programs.stored,
      appended: this.#rows.stored,
      compacted: this.#compacted.stored,
    };
  }

  #restore(): void {
    const read = this.#place.readState();
    if (read.ok && read.value === undefined) return;
    const reason = !read.ok ? read.reason : this.#restoreFrom(read.value!);
    if (reason === undefined) return;
    throw new KymoError(
      "invalid-data",
      `Cannot serve: ${quotePath(this.#place.statePath)}: ${reason}; who removes it lets all counters begin anew`,
    );
  }

  /** Takes a state; returns what is wrong with it. */
  #restoreFrom(state: Fields): string | undefined {
    const { format, began } = state;
    if (format !== FORMAT) return "it is of another version of Kymo";
    const isRead = this.#programs.restore(state["programs"]) && this.#rows.restore(state["appended"]) &&
      this.#compacted.restore(state["compacted"]) && this.#counts.restore(state);
    const time = timepoint(began);
    if (!isRead || time === undefined) return "it is damaged";
    this.#began = time;
    return undefined;
  }
}
