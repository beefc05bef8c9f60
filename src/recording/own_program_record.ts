import { fileError, type KymoError } from "../errors.ts";
import { replaceFile } from "../files/atomic_file.ts";
import type { MonitoringDirectory } from "../files/directory.ts";
import { programFileName } from "../files/names.ts";
import { encodeProgramRecord, type ProgramEnd, type ProgramRecord } from "../files/program_record.ts";
import type { ExitCause, Runtime } from "../runtime.ts";
import { VERSION } from "../version.ts";
import type { CheckedWriteOptions } from "./options.ts";

/** ms after which a program whose end was recorded has not ended. */
const SURVIVAL = 1_000;

/** ms between attempts to publish the record while that fails. */
const RETRY = 5_000;

/** The record of a program without its end, which is known from the start. */
export type ProgramDescription = Omit<ProgramRecord, "end">;

/** Describes this program. Of the options, what is neither text nor number nor boolean is left out. */
export function describeProgram(
  runtime: Runtime,
  isolate: string,
  { name, instance, attributes, monitoringDir: _mayBePrivate, ...options }: CheckedWriteOptions,
): ProgramDescription {
  const { clock, pid } = runtime;
  const facts = runtime.programFacts();
  const inForce = Object.entries(options).filter(([, value]) => ["string", "number", "boolean"].includes(typeof value));
  return {
    kymo: VERSION,
    runtime: runtime.name,
    runtimeVersion: runtime.version,
    pid,
    isolate,
    name: name ?? facts.script ?? runtime.name,
    ...instance === undefined ? {} : { instance },
    ...Object.keys(attributes).length === 0 ? {} : { attributes },
    ...facts,
    clock: clock.name,
    started: clock.epoch(),
    options: Object.fromEntries(inForce) as ProgramRecord["options"],
  };
}

/** What an {@linkcode OwnProgramRecord} needs. */
export interface OwnProgramRecordDeps {
  /** Where it is published. */
  readonly directory: MonitoringDirectory;
  readonly runtime: Pick<Runtime, "clock" | "timers">;
  /** Returns the counts that are final at the end. */
  readonly counts: () => Readonly<Record<string, number>>;
  /** Called with a failure. Must not throw. */
  readonly report: (error: KymoError) => void;
}

/**
 * The record of this program: published when it starts to record, and replaced when it ends. No
 * method throws. A failure is reported once: the rows do not depend on the record.
 */
export class OwnProgramRecord {
  readonly #deps: OwnProgramRecordDeps;
  readonly #description: ProgramDescription;
  /** Cancels what is to be published later. */
  #cancelNext = (): void => {};
  #isStopped = false;
  #hasFailed = false;
  /** The end that was published last, but for its time. */
  #publishedEnd: string | undefined;

  /** Publishes nothing yet. */
  constructor(deps: OwnProgramRecordDeps, description: ProgramDescription) {
    this.#deps = deps;
    this.#description = description;
  }

  /** Publishes the record without an end. */
  begin(): void {
    this.#publish();
  }

  /**
   * Publishes the end of a program that exits. It may survive that, as it may survive an uncaught
   * error: then the end is taken back a second later. After {@linkcode OwnProgramRecord.stop} this
   * does nothing, nor if that end is published already: an exit may have two events.
   */
  exit(cause: ExitCause): void {
    if (this.#isStopped || JSON.stringify([cause, this.#deps.counts()]) === this.#publishedEnd) return;
    this.#publish(cause);
    this.#cancelNext = this.#deps.runtime.timers.after(SURVIVAL, () => this.#publish());
  }

  /** Publishes the end of a recording that was stopped. */
  stop(): void {
    this.#isStopped = true;
    this.#publish({ how: "stop" });
  }

  #publish(cause?: Pick<ProgramEnd, "how" | "exitCode" | "signal" | "error">): void {
    const { directory, runtime, counts, report } = this.#deps;
    this.#cancelNext();
    const name = programFileName(this.#description);
    try {
      this.#publishedEnd = undefined;
      const end = cause && { ...cause, at: runtime.clock.epoch(), counts: counts() };
      replaceFile(directory, name, encodeProgramRecord({ ...this.#description, ...end && { end } }));
      this.#publishedEnd = end && JSON.stringify([cause, end.counts]);
    } catch (error) {
      if (cause === undefined) this.#cancelNext = runtime.timers.after(RETRY, () => this.#publish());
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      report(fileError("Cannot write the program record", directory.pathOf(name), error));
    }
  }
}
