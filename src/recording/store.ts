import { CsvEncoder } from "../csv/encode.ts";
import { KymoError } from "../errors.ts";
import { MonitoringDirectory } from "../files/directory.ts";
import type { Runtime } from "../runtime.ts";
import { BackgroundRecovery } from "./background_recovery.ts";
import { Channels } from "./channels.ts";
import { Failures } from "./failures.ts";
import type { CheckedWriteOptions, Durability } from "./options.ts";
import { describeProgram, OwnProgramRecord, type ProgramDescription } from "./own_program_record.ts";
import { sumCounts } from "./status.ts";

/** ms between recoveries of the spools that dead programs left in the directory. */
const RECOVERY_INTERVAL = 60_000;

/** ms after which a program has not ended whose exit hooks have run for the last time. */
const SURVIVAL = 500;

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
  readonly #runtime: Runtime;
  readonly #options: CheckedWriteOptions;
  readonly #program: ProgramDescription;
  #record: OwnProgramRecord | undefined;
  #removeExitHook = (): void => {};
  #cancelResume = (): void => {};
  /** Whether there were spools when it was closed, and if not, why. */
  #whyNotSpoolAtEnd: { readonly reason: string | undefined } | undefined;

  /**
   * Creates the directory. Channels are made when they are first asked for.
   *
   * @throws {KymoError} if the directory cannot be created or written.
   */
  constructor(runtime: Runtime, options: CheckedWriteOptions) {
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
    this.recovery = new BackgroundRecovery({ ...shared, interval: RECOVERY_INTERVAL });
    const { isolate } = this;
    const flushing = { ...shared, layout, flushInterval, memoryThreshold, spools };
    this.channels = new Channels(flushing, { pid, isolate }, { strict: !options.optional });
  }

  /** The name of the service. */
  get name(): string {
    return this.#program.name;
  }

  /**
   * Begins to flush at exit and to recover, and publishes the program record. `beforeExitFlush` is
   * called at exit, before the flush, with whether the program will probably not go on;
   * `otherCounts` for the counts in the record that are not of a channel.
   */
  begin(
    beforeExitFlush: (isEnd: boolean) => void = () => {},
    otherCounts: () => Readonly<Record<string, number>> = () => ({}),
  ): void {
    const { exitHooks, files, unavailable } = this.#runtime;
    this.channels.begin();
    this.recovery.start();
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
    this.#removeExitHook = exitHooks.add((last, cause) => {
      beforeExitFlush(cause !== undefined);
      // While the spools are there: a program that is killed meanwhile is found dead by them.
      this.channels.flushNow(last, () => cause && record.exit(cause));
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
    await Promise.all([this.channels.close(() => this.#record?.stop()), this.recovery.finish()]);
    this.#removeExitHook();
  }

  /** Ends what goes on in the background, unless the program survives its end. */
  #retire(): void {
    this.recovery.abandon();
    this.#cancelResume();
    if (this.#whyNotSpoolAtEnd !== undefined) return; // it is being closed
    this.#cancelResume = this.#runtime.timers.after(SURVIVAL, () => {
      this.channels.resume();
      this.recovery.start();
    });
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
