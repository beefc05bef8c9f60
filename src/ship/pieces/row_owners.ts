import type { MonitoringDirectory } from "../../files/directory.ts";
import { parseProgramFileName, type ProcessId, processKey, programFileName } from "../../files/names.ts";
import { type ProgramRecord, readProgramRecord } from "../../files/program_record.ts";
import { unlessUnreadable } from "../../runtime.ts";
import { NANOSECONDS_PER_SECOND } from "../../series.ts";
import type { RowOwner } from "./row_buffer.ts";
import { programId } from "./program_id.ts";
import type { ShippedProgram } from "../targets/target.ts";

/** Clocks may be set, and an end may be noted before the last rows are, s. */
const TOLERANCE = 2;

const BILLION = BigInt(NANOSECONDS_PER_SECOND);

interface Life {
  readonly id: ProcessId;
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Who recorded the rows of a monitoring directory, by its program records. */
export class RowOwners {
  readonly #directory: MonitoringDirectory;
  readonly #source: string;
  readonly #lives = new Map<number, Life[]>();
  readonly #known = new Set<string>();
  /** The programs that have records, in the order in which these were found. */
  readonly programs: ProcessId[] = [];
  readonly #ids = new Map<string, bigint>();
  readonly #unknowns = new Map<number, ProcessId>();

  /** `source` is the id of the directory. Reads nothing yet. */
  constructor(directory: MonitoringDirectory, source: string) {
    this.#directory = directory;
    this.#source = source;
  }

  /** There is a name in the directory. Program records tell whose the rows are of files that all append to. */
  found(name: string): void {
    const owner = parseProgramFileName(name);
    if (owner === undefined || this.#known.has(name)) return;
    this.#known.add(name);
    this.programs.push(owner);
    this.#lives.set(owner.pid, [...this.#lives.get(owner.pid) ?? [], {
      id: owner,
      name,
      from: -Infinity,
      to: Infinity,
    }]);
  }

  /** The owner of all rows of a file, or of each by its PID and time. */
  of(owner: ProcessId | undefined): RowOwner {
    const idOf = (program: ProcessId): bigint => this.idOf(program);
    if (owner === undefined) return { of: ({ pid, seconds }) => this.#ownerOf(pid, seconds), idOf };
    return { of: ({ pid }) => pid === owner.pid ? owner : this.#unknown(pid), idOf };
  }

  /** The number of a program. */
  idOf(program: ProcessId): bigint {
    const key = processKey(program);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = programId(this.#source, program);
      this.#ids.set(key, id);
    }
    return id;
  }

  /** A program with what its record says now. */
  describe(program: ProcessId): ShippedProgram {
    const id = this.idOf(program);
    if (program.isolate === "") return { ...program, id };
    const record = this.#record(program);
    return record === undefined ? { ...program, id } : { ...program, id, record };
  }

  #record(program: ProcessId): ProgramRecord | undefined {
    const path = this.#directory.pathOf(programFileName(program));
    const read = unlessUnreadable(() => readProgramRecord(this.#directory.files, path));
    return read?.ok ? read.value : undefined;
  }

  /** The only program with this PID, or the only one that lived then; without an isolate if there are several. */
  #ownerOf(pid: number, seconds: number): ProcessId {
    const lives = this.#lives.get(pid) ?? [];
    if (lives.length === 1) return lives[0]!.id;
    const then = lives.filter((life, i) => {
      const { from, to } = lives[i] = this.#dated(life);
      return seconds >= from - TOLERANCE && seconds <= to + TOLERANCE;
    });
    return then.length === 1 ? then[0]!.id : this.#unknown(pid);
  }

  /** One of several programs with this PID. */
  #unknown(pid: number): ProcessId {
    let program = this.#unknowns.get(pid);
    if (program === undefined) {
      program = { pid, isolate: "" };
      this.#unknowns.set(pid, program);
    }
    return program;
  }

  /** A program that has ended does not begin again; one that has not may have ended since it was looked at. */
  #dated(life: Life): Life {
    if (life.to !== Infinity) return life;
    const record = this.#record(life.id);
    if (record === undefined) return life;
    const end = record.end === undefined ? Infinity : Number(record.end.at / BILLION) + 1;
    return { ...life, from: Number(record.started / BILLION), to: end };
  }
}
