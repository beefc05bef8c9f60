import { CsvEncoder } from "../csv/encode.ts";
import { KymoError } from "../errors.ts";
import { MonitoringDirectory } from "../files/directory.ts";
import type { ProgramEnd, ProgramRecord } from "../files/program_record.ts";
import { VERSION } from "../version.ts";
import type { ExitCause, Runtime } from "../runtime.ts";
import { BackgroundRecovery } from "./background_recovery.ts";
import { Channels } from "./channels.ts";
import { Failures } from "./failures.ts";
import type { CheckedWriteOptions, Durability } from "./options.ts";
import { OwnProgramRecord } from "./own_program_record.ts";
import { sumCounts } from "./status.ts";

/** ms between recoveries of the spools that dead programs left in the directory. */
const RECOVERY_INTERVAL = 60_000;

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
  #record: OwnProgramRecord | undefined;
  /** Counts of the recording that are not of a channel. */
  #otherCounts = (): Readonly<Record<string, number>> => ({});
  #removeExitHook = (): void => {};
  /** Whether there were spools when it was closed, and if not, why. */
  #whyNotSpoolAtEnd: { readonly reason: string | undefined } | undefined;

  /**
   * Creates the directory. Channels are made when they are first asked for.
   *
   * @throws {KymoError} if the directory cannot be created or written.
   */
  constructor(runtime: Runtime, options: CheckedWriteOptions) {
    const { clock, timers, files, pid } = runtime;
    const { layout, flushInterval, memoryThreshold, durability, monitoringDir } = options;
    this.#runtime = runtime;
    this.#options = options;
    this.isolate = runtime.isolateId();
    const spools = durability !== "memory" && files.map !== undefined;
    this.directory = MonitoringDirectory.create(files, monitoringDir, { syncs: durability === "fsync", spools });
    this.failures = new Failures(options.onError);
    const report = (error: KymoError): void => this.failures.report(error);
    const shared = { directory: this.directory, encoder: new CsvEncoder(), clock, timers, report };
    this.recovery = new BackgroundRecovery({ ...shared, interval: RECOVERY_INTERVAL });
    const { isolate } = this;
    this.channels = new Channels({ ...shared, layout, flushInterval, memoryThreshold, spools }, { pid, isolate });
  }

  /**
   * Begins to flush at exit and to recover, and publishes the program record. `beforeExitFlush` is
   * called at exit, before the flush, with whether the program will probably not go on; `otherCounts` for the counts in the record that are not of a
   * channel.
   */
  begin(
    beforeExitFlush: (isEnd: boolean) => void = () => {},
    otherCounts: () => Readonly<Record<string, number>> = () => ({}),
  ): void {
    const { exitHooks, files, timers, unavailable } = this.#runtime;
    this.channels.begin();
    this.recovery.start();
    this.#otherCounts = otherCounts;
    const report = (error: KymoError): void => this.failures.report(error);
    const record = new OwnProgramRecord({ directory: this.directory, timers, report }, this.#describe());
    this.#record = record;
    record.publish();
    this.#removeExitHook = exitHooks.add((last, cause) => {
      beforeExitFlush(cause !== undefined);
      this.channels.flushNow(last);
      if (last) this.recovery.abandon();
      if (cause !== undefined && last) record.publish(this.#end(cause));
      else if (cause !== undefined) record.publishProbable(this.#end(cause));
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
    await Promise.all([this.channels.close(), this.recovery.finish()]);
    this.#record?.publish(this.#end({ how: "stop" }));
    this.#removeExitHook();
  }

  /** The program record, without its end. */
  #describe(): Omit<ProgramRecord, "end"> {
    const { clock, name: runtime, pid, version: runtimeVersion } = this.#runtime;
    const { kind, script, host, timeZone, serviceName } = this.#runtime.programFacts();
    const { name, monitoringDir: _monitoringDir, ...options } = this.#options;
    const scalars = Object.entries({ ...options, durability: this.durability })
      .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value));
    return {
      kymo: VERSION,
      runtime,
      runtimeVersion,
      pid,
      isolate: this.isolate,
      kind,
      name: name ?? serviceName ?? script ?? runtime,
      ...script === undefined ? {} : { script },
      ...host === undefined ? {} : { host },
      ...timeZone === undefined ? {} : { timeZone },
      clock: clock.name,
      started: clock.epoch(),
      options: Object.fromEntries(scalars) as ProgramRecord["options"],
    };
  }

  #end(cause: ExitCause | { readonly how: "stop" }): ProgramEnd {
    const { channels, failures } = this;
    const counts = {
      ...sumCounts(Object.values(channels.counts())),
      invalidObservations: channels.sum(({ invalid }) => invalid),
      labelsCut: channels.sum(({ labelsCut }) => labelsCut),
      ...this.#otherCounts(),
      errors: failures.count,
    };
    return { ...cause, at: this.#runtime.clock.epoch(), counts };
  }
}
