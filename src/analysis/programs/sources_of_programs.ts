import type { ProgramRecord } from "../../files/program_record.ts";
import { matchesLabel } from "../../label_pattern.ts";
import type { Files } from "../../runtime.ts";
import { literal } from "../duckdb/sql.ts";
import type { Reading } from "../source/reading_report.ts";
import type { Sources } from "../source/reopened_sources.ts";
import { appendersOf } from "./program.ts";
import { readAllProgramRecords } from "./program_records.ts";

/**
 * The observations of sources that certain programs recorded: those of a service whose name matches one
 * of some patterns. Rows of which no record tells who recorded them are left out. In layout `append`,
 * whose rows have the PID alone, all programs with that PID must match.
 */
export class SourcesOfPrograms implements Sources {
  readonly #sources: Sources;
  readonly #condition: string;

  /** Reads all program records of the sources. */
  constructor(sources: Sources, patterns: readonly string[], files: Files) {
    this.#sources = sources;
    const records = [...readAllProgramRecords(files, sources.directories).byProcess.values()];
    const meant = new Set(records.filter((record) => isOfProgram(record, patterns)));
    const processes = new Set<string>();
    for (const { pid, isolate } of meant) {
      processes.add(`(${pid}, ${literal(isolate)})`);
      if (appendersOf(records, pid).every((one) => meant.has(one))) processes.add(`(${pid}, '')`);
    }
    this.#condition = processes.size === 0 ? "false" : `(PID, Isolate) IN (${[...processes].join(", ")})`;
  }

  get reading(): Reading {
    return this.#sources.reading;
  }

  get relations(): ReadonlyMap<string, string> {
    const of = (relation: string): string => `(SELECT * FROM ${relation} WHERE ${this.#condition})`;
    return new Map(Array.from(this.#sources.relations, ([channel, relation]) => [channel, of(relation)]));
  }

  get areOrdered(): boolean {
    return this.#sources.areOrdered;
  }

  get directories(): readonly string[] {
    return this.#sources.directories;
  }

  check(failure?: unknown): Promise<boolean> {
    return this.#sources.check(failure);
  }

  close(): void {
    this.#sources.close();
  }
}

/** Whether the name of a program's service matches one of some patterns. */
export function isOfProgram({ name }: ProgramRecord, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matchesLabel(pattern, name));
}
