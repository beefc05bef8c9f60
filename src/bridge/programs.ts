import type { MonitoringDirectory } from "../files/directory.ts";
import { pathOf, ProgramOwners } from "../files/liveness.ts";
import { countOf, readAnswer } from "../control/answer_file.ts";
import { type ProcessId, processKey, programFileName } from "../files/names.ts";
import { type ProgramRecord, readProgramRecord } from "../files/program_record.ts";
import { unlessUnreadable } from "../runtime.ts";
import { isFields } from "../small_json.ts";
import { ChannelPosition } from "./positions.ts";

/** The counts that are added up. */
const COUNTS = ["dropped", "errors"] as const;

/** One of {@linkcode COUNTS}. */
export type ProgramCount = typeof COUNTS[number];

/** An isolate that has recorded into the directory, as long as something of it lies there. */
export class KnownProgram {
  /** Its PID and isolate. */
  readonly id: ProcessId;
  /** What of its channels was counted. */
  readonly positions: Map<string, ChannelPosition> = new Map();
  /** What of its counts was added up. */
  readonly counted: Map<ProgramCount, number> = new Map();
  /** The host, by which processes with the same PID are told apart; empty if it is unknown. */
  host = "";
  /** Name and instance of the service. */
  name: string | undefined;
  instance: string | undefined;
  /** Whether its end is known, so that its record does not change any more. */
  hasEnded = false;
  /** Whether its record was read at all. */
  hasRecord = false;
  /** Size and identity of the record that was read. */
  recordIdentity = "";
  /** When it was found that nothing of it is there, ns since 1970; 0 while something is. */
  goneSince = 0;
  /** The look that has found something of it, and the one that has looked for its record. */
  seenIn = 0;
  recordLookedForIn = 0;

  constructor(id: ProcessId) {
    this.id = id;
  }

  /** Identifies the isolate. */
  get key(): string {
    return processKey(this.id);
  }

  /** Identifies the process. */
  get processKey(): string {
    return `${this.id.pid}@${this.host}`;
  }

  /** What was counted of a channel. */
  position(channel: string): ChannelPosition {
    let position = this.positions.get(channel);
    if (position === undefined) this.positions.set(channel, position = new ChannelPosition());
    return position;
  }

  /** As it is stored. */
  get stored(): unknown {
    return [
      this.id.pid,
      this.id.isolate,
      Array.from(this.positions, ([channel, { stored }]) => [channel, stored]),
      [...this.counted],
      this.host,
      this.hasEnded,
      this.goneSince,
      this.name ?? "",
      this.instance ?? "",
    ];
  }

  /** Takes what was stored; `undefined` if it is none. */
  static of(value: unknown): KnownProgram | undefined {
    if (!Array.isArray(value)) return undefined;
    const [pid, isolate, positions, counted, host, hasEnded, goneSince, name, instance] = value;
    const isValid = Number.isSafeInteger(pid) && typeof isolate === "string" && Array.isArray(positions) &&
      Array.isArray(counted) && typeof host === "string" && typeof goneSince === "number";
    if (!isValid) return undefined;
    const program = new KnownProgram({ pid, isolate });
    Object.assign(program, { host, goneSince, hasEnded: hasEnded === true, hasRecord: hasEnded === true });
    if (typeof name === "string" && name !== "") program.name = name;
    if (typeof instance === "string" && instance !== "") program.instance = instance;
    for (const entry of positions) {
      const [channel, stored] = Array.isArray(entry) ? entry : [];
      const position = ChannelPosition.of(stored);
      if (typeof channel !== "string" || position === undefined) return undefined;
      program.positions.set(channel, position);
    }
    for (const entry of counted) {
      const [count, held] = Array.isArray(entry) ? entry : [];
      if (!COUNTS.includes(count) || !Number.isSafeInteger(held)) return undefined;
      program.counted.set(count, held);
    }
    return program;
  }
}

/** ns after which a program is forgotten of which nothing is there any more. */
const MEMORY = 3_600_000_000_000;

/**
 * The isolates that have recorded into the directory. As long as something of one lies there, or did
 * within the last hour, it is known what of it was counted.
 */
export class KnownPrograms {
  /** By PID and isolate. */
  readonly all: Map<string, KnownProgram> = new Map();
  /** What programs could not keep, and failures: as far as they have said. */
  readonly counts: Map<ProgramCount, number> = new Map();
  /** Isolates that are alive, at the last look. */
  alive: { readonly program: KnownProgram; readonly isRecording: boolean }[] = [];
  readonly #directory: MonitoringDirectory;
  #look = 0;

  constructor(directory: MonitoringDirectory) {
    this.#directory = directory;
  }

  /** The program, of which something was found now. */
  get({ pid, isolate }: ProcessId): KnownProgram {
    const key = processKey({ pid, isolate });
    let program = this.all.get(key);
    if (program === undefined) this.all.set(key, program = new KnownProgram({ pid, isolate }));
    this.seen(program);
    if (!program.hasRecord && program.recordLookedForIn !== this.#look) {
      program.recordLookedForIn = this.#look;
      this.readRecord(program);
    }
    return program;
  }

  /** The only program with this PID; `undefined` if there are several, or none. */
  only(pid: number): KnownProgram | undefined {
    let only: KnownProgram | undefined;
    for (const program of this.all.values()) {
      if (program.id.pid !== pid || program.id.isolate === "") continue;
      if (only !== undefined) return undefined;
      only = program;
    }
    return only;
  }

  /** Something of a known program is there still. */
  seen(program: KnownProgram): void {
    program.seenIn = this.#look;
    program.goneSince = 0;
  }

  /** Begins a look. */
  begin(): void {
    this.#look++;
  }

  /** Reads the record of a program, if that has changed; and takes what it counted at its end. */
  readRecord(program: KnownProgram): void {
    const path = this.#directory.pathOf(programFileName(program.id));
    const record = unlessUnreadable((): ProgramRecord | undefined => {
      const status = this.#directory.files.status(path);
      const identity = `${status?.identity} ${status?.size}`;
      if (status?.kind !== "file" || identity === program.recordIdentity) return undefined;
      program.recordIdentity = identity;
      const read = readProgramRecord(this.#directory.files, path);
      return read.ok ? read.value : undefined;
    });
    if (record === undefined) return;
    program.hasRecord = true;
    program.host = record.host ?? "";
    program.name = record.name;
    program.instance = record.instance;
    program.hasEnded = record.end !== undefined;
    for (const count of COUNTS) this.#count(program, count, record.end?.counts?.[count]);
  }

  /** Finds who is alive, and what they say of themselves. */
  lookAtLiving(): void {
    const owners = new ProgramOwners(this.#directory);
    this.alive = [];
    for (const id of owners.processes) {
      if (owners.liveness(id) !== "alive") continue;
      const program = this.get(id);
      const answer = unlessUnreadable(() => readAnswer(this.#directory.files, pathOf(this.#directory, id, "answer")));
      if (answer?.ok) { for (const count of COUNTS) this.#count(program, count, countOf(answer.value, count)); }
      this.alive.push({ program, isRecording: answer?.ok ? answer.value.recording.on : true });
    }
  }

  /** A count of a program only grows; a killed one says nothing at its end. */
  #count({ counted }: KnownProgram, count: ProgramCount, value: number | undefined): void {
    const before = counted.get(count) ?? 0;
    if (value === undefined || !Number.isSafeInteger(value) || value <= before) return;
    counted.set(count, value);
    this.counts.set(count, (this.counts.get(count) ?? 0) + value - before);
  }

  /** Ends a look: forgets programs of which nothing has been there for an hour. `now` is in ns since 1970. */
  end(now: number): void {
    for (const [key, program] of this.all) {
      if (program.seenIn === this.#look) continue;
      if (program.goneSince === 0) program.goneSince = now;
      else if (now - program.goneSince > MEMORY) this.all.delete(key);
    }
  }

  /** As it is stored. */
  get stored(): unknown {
    return { counts: [...this.counts], all: Array.from(this.all.values(), ({ stored }) => stored) };
  }

  /** Takes what was stored; `false` if it is none. */
  restore(value: unknown): boolean {
    if (!isFields(value) || !Array.isArray(value["counts"]) || !Array.isArray(value["all"])) return false;
    for (const [count, held] of value["counts"] as [ProgramCount, number][]) this.counts.set(count, held);
    for (const stored of value["all"]) {
      const program = KnownProgram.of(stored);
      if (program === undefined) return false;
      this.all.set(program.key, program);
    }
    return true;
  }
}
