import { fileError, type KymoError } from "../errors.ts";
import { replaceFile } from "../files/atomic_file.ts";
import type { MonitoringDirectory } from "../files/directory.ts";
import { programFileName } from "../files/names.ts";
import { encodeProgramRecord, type ProgramEnd, type ProgramRecord } from "../files/program_record.ts";
import type { Timers } from "../runtime.ts";

/** ms after which a program whose end was recorded has not ended. */
const SURVIVAL = 1_000;

/** What an {@linkcode OwnProgramRecord} needs. */
export interface OwnProgramRecordDeps {
  /** Where it is published. */
  readonly directory: MonitoringDirectory;
  readonly timers: Timers;
  /** Called with a failure. Must not throw. */
  readonly report: (error: KymoError) => void;
}

/** The record of this program: published when it starts to record, and replaced when it ends. */
export class OwnProgramRecord {
  readonly #deps: OwnProgramRecordDeps;
  readonly #record: Omit<ProgramRecord, "end">;
  #cancelCorrection = (): void => {};
  #hasFailed = false;

  /** Publishes nothing yet. */
  constructor(deps: OwnProgramRecordDeps, record: Omit<ProgramRecord, "end">) {
    this.#deps = deps;
    this.#record = record;
  }

  /**
   * Publishes the record, with or without an end. Does not throw. A failure is reported once: the
   * rows do not depend on it.
   */
  publish(end?: ProgramEnd): void {
    const { directory, report } = this.#deps;
    this.#cancelCorrection();
    const name = programFileName(this.#record);
    try {
      replaceFile(directory, name, encodeProgramRecord(end === undefined ? this.#record : { ...this.#record, end }));
    } catch (error) {
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      report(fileError("Cannot write the program record", directory.pathOf(name), error));
    }
  }

  /** Publishes an end that the program may yet survive. If it does, the end is taken back. */
  publishProbable(end: ProgramEnd): void {
    this.publish(end);
    this.#cancelCorrection = this.#deps.timers.after(SURVIVAL, () => this.publish());
  }
}
