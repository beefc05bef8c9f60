import { NO_LIMITS } from "../control/retention/room.ts";
import { CsvEncoder } from "../csv/encode.ts";
import type { RecordingState, RequestAnswer } from "../control/answer_file.ts";
import type { ControlRequest, ProfileKind } from "../control/control_file.ts";
import { fileError, KymoError, reason } from "../errors.ts";
import { MonitoringDirectory } from "../files/directory.ts";
import { LifeLock } from "../files/liveness.ts";
import type { Runtime } from "../runtime.ts";
import { CHANNELS } from "../series.ts";
import { BackgroundRecovery } from "./recovery/background_recovery.ts";
import { BackgroundRetention } from "./buffers/background_retention.ts";
import { Channels } from "./channels.ts";
import { Failures } from "./failures.ts";
import type { CheckedWriteOptions, Durability } from "./options.ts";
import { describeProgram, OwnProgramRecord, type ProgramDescription } from "./own_program_record.ts";
import { RecordingGate, type SwitchRow } from "./switching/recording_gate.ts";
import { RemoteControl } from "./switching/remote_control.ts";
import { sumCounts } from "./status.ts";

/** ms between recoveries of the spools that dead programs left in the directory. */
const RECOVERY_INTERVAL = 60_000;

/** ms after which a program has not ended whose exit hooks have run for the last time. */
const SURVIVAL = 500;

/** ms between looks at the wall clock and at the control file. */
const LOOK_INTERVAL = 1_000;

/** What a recording does with its store. */
export interface StoreHooks {
  /**
   * Called at exit, before the flush, with whether the program will probably not go on. Default:
   * nothing is done.
   */
  readonly beforeExitFlush?: (isEnd: boolean) => void;
  /** Returns the counts in the program record that are not of a channel. Default: none. */
  readonly otherCounts?: () => Readonly<Record<string, number>>;
  /** Called before the recording is switched off, and after it is switched on. */
  readonly switched?: (on: boolean) => void;
  /** Called when channels take other observations than before. */
  readonly ruled?: () => void;
  /** Flushes as the program would. Default: what the channels hold. */
  readonly flush?: () => Promise<void>;
  /** Takes a profile of some kind for some ms. Default: refuses. */
  readonly profile?: (kind: ProfileKind, duration: number) => Promise<Omit<RequestAnswer, "id">>;
}

/**
 * Where a recording's observations are kept and written: its channels in a monitoring directory,
 * with what they share. It flushes when the program ends, and recovers spools that dead programs
 * left there.
 */
export class Store {
  /** Its part of all file names, beside the PID. */
  readonly isolate: string;
  readonly directory: MonitoringDirectory;
  readonly channels: Channels;
  readonly failures: Failures;
  readonly recovery: BackgroundRecovery;
  /** Absent without limits. */
  readonly retention?: BackgroundRetention;
  readonly #runtime: Runtime;
  readonly #options: CheckedWriteOptions;
  readonly #program: ProgramDescription;
  readonly #gate: RecordingGate;
  readonly #remote: RemoteControl;
  /** Since when nothing is recorded. */
  #offSince: bigint | undefined;
  readonly #lifeLock: LifeLock;
  #hooks: StoreHooks = {};
  #record: OwnProgramRecord | undefined;
  #cancelLooks = (): void => {};
  #hasLifeLockFailed = false;
  #removeExitHook = (): void => {};
  #cancelResume = (): void => {};
  /** Whether there were spools when it was closed, and if not, why. */
  #whyNotSpoolAtEnd: { readonly reason: string | undefined } | undefined;

  /**
   * Creates the directory. Channels are made when they are first asked for. Until
   * {@linkcode Store.begin} they take everything.
   *
   * @param byDefault Whether everything is recorded where no rule of the control file says otherwise.
   * @throws {KymoError} if the directory cannot be created or written.
   */
  constructor(runtime: Runtime, options: CheckedWriteOptions, byDefault = true) {
    const { clock, timers, files, pid } = runtime;
    const { layout, flushInterval, memoryThreshold, durability, monitoringDir, fileMode } = options;
    this.#runtime = runtime;
    this.#options = options;
    this.isolate = runtime.isolateId();
    this.#program = describeProgram(runtime, this.isolate, options);
    const spools = durability !== "memory" && files.map !== undefined;
    this.failures = new Failures(options.onError, clock.now);
    const report = (error: KymoError): void => this.failures.report(error);
    const directoryOptions = { syncs: durability === "fsync", fileMode };
    try {
      this.directory = MonitoringDirectory.create(files, monitoringDir, { ...directoryOptions, spools });
    } catch (error) {
      if (!options.optional || !(error instanceof KymoError)) throw error;
      // As for a program whose directory is taken away while it records.
      this.directory = new MonitoringDirectory(files, files.resolve(monitoringDir), directoryOptions);
      report(error);
    }
    const shared = { directory: this.directory, encoder: new CsvEncoder(), clock, timers, report };
    const { retention: limits } = options;
    if (Object.values(limits).some((limit) => typeof limit === "number")) {
      this.retention = new BackgroundRetention({ ...shared, limits });
    }
    const room = this.retention ?? NO_LIMITS;
    this.recovery = new BackgroundRecovery({ ...shared, room, interval: RECOVERY_INTERVAL });
    const { isolate } = this;
    const onSeal = (): void => this.#remote.check();
    const flushing = { ...shared, room, layout, flushInterval, memoryThreshold, spools, onSeal };
    this.channels = new Channels(flushing, { pid, isolate }, { strict: !options.optional });
    const me = { pid, isolate, name: this.name };
    this.#lifeLock = new LifeLock(this.directory, me);
    this.#remote = new RemoteControl({
      ...shared,
      me,
      byDefault,
      follow: (rules) => this.#gate.follow(rules),
      serve: (request) => this.#serve(request),
      tell: () => {
        const { last: lastError, lastAt: lastErrorAt } = this.failures;
        return {
          recording: this.recording,
          offSince: this.#offSince,
          counts: this.#counts(),
          lastError,
          lastErrorAt,
        };
      },
    });
    this.#gate = new RecordingGate({
      follow: (ruleOf) => {
        this.channels.follow(ruleOf);
        this.#hooks.ruled?.();
      },
      record: (rows) => this.#recordSwitch(rows),
      switched: (on) => {
        this.#offSince = on ? undefined : clock.epoch();
        this.#hooks.switched?.(on);
      },
    }, this.#remote.rules);
  }

  /** Whether it records, and why not, or not all. */
  get recording(): RecordingState {
    return this.#gate.state;
  }

  /** Records nothing from now on, until {@linkcode Store.resume}. */
  pause(): void {
    this.#gate.pause();
  }

  /** Records again, unless it is switched off from outside. */
  resume(): void {
    this.#gate.resume();
  }

  /** The name of the service. */
  get name(): string {
    return this.#program.name;
  }

  /**
   * Begins to flush at exit and to recover, publishes the program record, and follows the control
   * file.
   */
  begin(hooks: StoreHooks = {}): void {
    const { exitHooks, files, timers, unavailable } = this.#runtime;
    const { beforeExitFlush = () => {}, otherCounts = () => ({}) } = hooks;
    this.#hooks = hooks;
    this.channels.begin();
    this.recovery.start();
    this.retention?.start();
    this.#checkMinFree();
    const record = new OwnProgramRecord(
      {
        directory: this.directory,
        runtime: this.#runtime,
        counts: () => ({ ...this.#counts(), ...otherCounts() }),
        report: (error) => this.failures.report(error),
      },
      { ...this.#program, options: { ...this.#program.options, durability: this.durability } },
    );
    this.#record = record;
    record.begin();
    this.#showLife();
    this.#gate.follow(this.#remote.rules);
    this.#remote.check();
    this.#cancelLooks = timers.every(LOOK_INTERVAL, () => {
      this.channels.followWallClock();
      this.#showLife();
      this.#remote.check();
      this.#remote.tick();
    });
    this.#removeExitHook = exitHooks.add((last, cause) => {
      beforeExitFlush(cause !== undefined);
      // While the spools are there: a program that is killed meanwhile is found dead by them.
      this.channels.flushNow(last, () => cause && record.exit(cause));
      if (cause !== undefined) this.#hideLife();
      if (last) this.#retire();
      this.failures.deliver();
    });
    if (this.#options.layout === "append" && !files.locks) {
      const why = unavailable.locks ?? "files cannot be locked";
      this.failures.report(
        new KymoError("unsupported", `Cannot append, so separate files are written: ${why}`),
      );
    }
  }

  /**
   * Why rows recorded now do not outlive the process, if they should; `undefined` if they do, or
   * need not.
   */
  get whyNotSpool(): string | undefined {
    if (this.#whyNotSpoolAtEnd !== undefined) return this.#whyNotSpoolAtEnd.reason;
    const { files, unavailable } = this.#runtime;
    if (files.map === undefined) return unavailable.spool ?? "files cannot be mapped";
    return this.#options.durability === "memory" ? undefined : this.channels.whyNotSpool;
  }

  /** The durability in force: `"memory"` where `"spool"` was asked for and is not available. */
  get durability(): Durability {
    const { durability } = this.#options;
    return durability === "spool" && this.whyNotSpool !== undefined ? "memory" : durability;
  }

  /**
   * Flushes all rows without blocking the event loop, finishes a recovery that has begun, and ends.
   * Never rejects.
   */
  async close(): Promise<void> {
    this.#whyNotSpoolAtEnd = { reason: this.whyNotSpool };
    this.#cancelResume();
    this.#cancelLooks();
    this.#remote.end();
    await Promise.all([this.channels.close(() => this.#record?.stop()), this.recovery.finish()]);
    this.#lifeLock.end();
    this.retention?.stop();
    this.#removeExitHook();
  }

  /**
   * Shows that the program lives, if it has no spools that do. It is tried each second while it
   * fails, and reported once.
   */
  #showLife(): void {
    const hasSpools = this.#options.durability !== "memory" && this.whyNotSpool === undefined;
    if (hasSpools || this.#whyNotSpoolAtEnd !== undefined) return;
    try {
      this.#lifeLock.hold();
    } catch (error) {
      if (this.#hasLifeLockFailed) return;
      this.#hasLifeLockFailed = true;
      this.failures.report(fileError("Cannot show that the program lives", this.directory.programs, error));
    }
  }

  /**
   * Takes back what shows life: this may be the last code that runs, as in the workers of Node. If
   * the program goes on, {@linkcode Store.#showLife} shows it within a second.
   */
  #hideLife(): void {
    this.#lifeLock.end();
    this.#remote.withdraw();
  }

  /** Records rows about a switch, whatever the channels take. */
  #recordSwitch(rows: readonly SwitchRow[]): void {
    try {
      this.channels.get(CHANNELS.runtime).observeMany(rows);
    } catch (error) {
      const why = reason(error);
      this.failures.report(new KymoError("out-of-memory", `Cannot record the switch: ${why}`, { cause: error }));
    }
  }

  async #serve({ what, duration }: ControlRequest): Promise<Omit<RequestAnswer, "id">> {
    const { flush, profile } = this.#hooks;
    switch (what) {
      case "status":
        return { state: "done" };
      case "flush":
        return await this.#flushOnRequest(flush ?? (() => this.channels.flush()));
      case "cpu-profile":
      case "heap-profile":
        return await profile?.(what, duration ?? 0) ??
          { state: "refused", reason: "it is a channel without a monitor" };
    }
  }

  /** Tells what could not be written. */
  async #flushOnRequest(flush: () => Promise<void>): Promise<Omit<RequestAnswer, "id">> {
    const { failures } = this;
    const before = failures.count;
    await flush();
    return failures.count === before
      ? { state: "done" }
      : { state: "failed", reason: failures.last?.message ?? "files cannot be written" };
  }

  /** Ends what goes on in the background, unless the program survives its end. */
  #retire(): void {
    this.recovery.abandon();
    this.#remote.end();
    this.#lifeLock.end();
    this.retention?.stop();
    this.#cancelResume();
    if (this.#whyNotSpoolAtEnd !== undefined) return; // it is being closed
    this.#cancelResume = this.#runtime.timers.after(SURVIVAL, () => {
      this.channels.resume();
      this.recovery.start();
      this.#showLife();
      this.#remote.goOn();
      this.retention?.start();
    });
  }

  #checkMinFree(): void {
    const { files, unavailable } = this.#runtime;
    if (this.#options.retention.minFree === undefined || files.freeBytes !== undefined) return;
    const why = unavailable.freeSpace ?? "it cannot be told how much is free";
    this.failures.report(new KymoError("unsupported", `Cannot keep the limit minFree of retention: ${why}`));
  }

  /** The counts of all channels, and failures. */
  #counts(): Record<string, number> {
    const { channels, failures } = this;
    return {
      ...sumCounts(Object.values(channels.counts())),
      invalidObservations: channels.sum(({ invalid }) => invalid),
      labelsCut: channels.sum(({ labelsCut }) => labelsCut),
      errors: failures.count,
    };
  }
}
