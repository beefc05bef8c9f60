import type { LiveDirectory } from "../../analysis/live/live_directory.ts";
import type { Program } from "../../analysis/programs/program.ts";
import { Pauses, type SwitchRow } from "../../analysis/programs/pauses.ts";
import { endInWords, stateInWords } from "../../analysis/programs/remarks.ts";
import type { Liveness } from "../../files/liveness.ts";
import { type ProcessId, processKey } from "../../files/names.ts";
import type { ProgramRecord } from "../../files/program_record.ts";
import { offTimesOf, PauseLists } from "../data/pauses.ts";
import { endOf, lineNames, MAX_PROCESSES, merged, programKey } from "../data/processes.ts";
import type { LineData, LivesData, ProcessData } from "../shared/report_data.ts";

/** Most lives of an entry that are shown one by one. */
const MAX_LIVES = 200;

/** Most rows that switch recording; later ones take the place of the first. */
const MAX_SWITCHES = 10_000;

/** A process, as its rows and its record tell. */
class Member implements ProcessId {
  readonly pid: number;
  readonly isolate: string;
  rows = 0;
  /** Its first and last row, ns since the beginning; infinite if there are none. */
  first = Infinity;
  last = -Infinity;
  /** Whether it has recorded something since the last look. */
  hasRecorded = false;
  record: ProgramRecord | undefined;
  liveness: Liveness | undefined;

  constructor({ pid, isolate }: ProcessId, record: ProgramRecord | undefined) {
    this.pid = pid;
    this.isolate = isolate;
    this.record = record;
  }

  /** Notes a row at a time, ns since the beginning, that stands for `weight` rows. */
  noteRow(time: number, weight: number): void {
    this.rows += weight;
    this.hasRecorded = true;
    if (time < this.first) this.first = time;
    if (time > this.last) this.last = time;
  }
}

/** A process, and its index in what is shown. */
export interface LiveProgram {
  readonly index: number;
  readonly member: Pick<Member, "noteRow">;
}

/** What is shown as one process, at its index. */
interface Entry {
  readonly members: Member[];
  readonly line: number;
  /** Which life of its line it is. */
  readonly nth: number;
  /** What it is called if it stands for whatever had no room. */
  readonly name?: string;
}

/** The processes at the end of a look. */
export interface ShownPrograms {
  readonly processes: readonly ProcessData[];
  readonly lines: readonly LineData[];
  readonly lists: PauseLists;
  /** Whether recording of anything was ever switched. */
  readonly isSwitched: boolean;
}

/**
 * The programs that record: since following began, and those that began then or lived on. An index
 * stays that of the same process, and a line that of the same program.
 */
export class LivePrograms {
  readonly #directory: LiveDirectory;
  readonly #begin: number;
  readonly #wants: (id: ProcessId) => boolean;
  readonly #entries: Entry[] = [];
  /** A program of each line, by which it is called; `undefined` of what had no room. */
  readonly #lines: { readonly key: string; readonly first: Program | undefined }[] = [];
  readonly #members = new Map<string, { readonly index: number; readonly member: Member }>();
  #switches: SwitchRow[] = [];
  #pauses = Pauses.none;

  /**
   * None. `begin`: when following began, ns since the zero of times. `wants`: whether a process is
   * shown.
   */
  constructor(directory: LiveDirectory, begin: number, wants: (id: ProcessId) => boolean) {
    this.#directory = directory;
    this.#begin = begin;
    this.#wants = wants;
  }

  /** The process that has recorded rows. */
  find(id: ProcessId): LiveProgram {
    const key = processKey(id);
    const known = this.#members.get(key);
    if (known !== undefined) return known;
    const member = new Member(id, this.#recordOf(id));
    const found = { index: this.#place(member), member };
    this.#members.set(key, found);
    return found;
  }

  /** Notes a row that switches recording. */
  noteSwitch({ pid, isolate }: ProcessId, label: string, value: number, time: number): void {
    const timepoint = this.#directory.base + BigInt(Math.round(time));
    this.#switches.push({ pid, isolate, timepoint, label, value });
    if (this.#switches.length > MAX_SWITCHES) this.#switches = this.#switches.slice(-MAX_SWITCHES / 2);
    this.#pauses = Pauses.none;
  }

  /** Whether another isolate measures the memory and CPU time of the process of a worker. */
  isMeasuredElsewhere({ pid, isolate }: ProcessId): boolean {
    const { records } = this.#directory;
    const own = isolate === "" ? undefined : records.get({ pid, isolate });
    if (own?.kind !== "worker") return false;
    return records.ofPid(pid).some(({ kind, host, instance }) =>
      kind === "main" && host === own.host && instance === own.instance
    );
  }

  /** Whether rows of a process may be of several programs, whose counters are mixed. */
  isMixed({ pid, isolate }: ProcessId): boolean {
    return isolate === "" && this.#directory.records.ofPid(pid).length > 1;
  }

  /** Ends a look at `span` ns since the beginning. */
  endLook(span: number): ShownPrograms {
    this.#findOthers();
    for (const { member } of this.#members.values()) this.#update(member);
    if (this.#pauses.isEmpty && this.#switches.length > 0) this.#pauses = new Pauses(this.#switches);
    const shown = this.#entries.map((entry) => ({ entry, lives: this.#livesOf(entry, span) }));
    const [from, pauses] = [this.#directory.base, this.#pauses];
    const range = { from, to: from + BigInt(Math.round(span)), outside: 0, pauses };
    const lists = new PauseLists((index, series) => {
      const { entry, lives } = shown[index]!;
      return offTimesOf(entry.members.map(({ pid, isolate }) => ({ pid, isolate, lives })), range, series);
    });
    const known = this.#lines.flatMap(({ first }) => first ?? []);
    const names = new Map(lineNames(known).map((line, i) => [known[i]!, line]));
    const lines = this.#lines.map(({ first }) => (first && names.get(first)) ?? { name: OTHERS, short: OTHERS });
    const processes = shown.map(({ entry: { members, line, nth }, lives }, i): ProcessData => {
      const [{ pid, isolate, record } = NOBODY] = members;
      const isOne = members.length === 1;
      return {
        pid,
        isolate: isOne ? isolate : "",
        name: `${lines[line]!.name}${nth === 1 || !isOne ? "" : ` (life ${nth})`}`,
        runtime: record === undefined ? "" : `${record.runtime} ${record.runtimeVersion}`.trim(),
        line,
        rows: Math.round(members.reduce((sum, { rows }) => sum + rows, 0)),
        lives,
        ...pauses.isEmpty ? {} : lists.ofProcess(i),
      };
    });
    for (const { member } of this.#members.values()) member.hasRecorded = false;
    return { processes, lines, lists, isSwitched: !pauses.isEmpty };
  }

  /** Programs that live and have recorded nothing yet, and those that ended since following began. */
  #findOthers(): void {
    const { held, records, base } = this.#directory;
    const isNew = (id: ProcessId): boolean => !this.#members.has(processKey(id)) && this.#wants(id);
    for (const [spool] of held.values()) {
      if (isNew(spool!.owner) && this.#directory.isLocked(spool!)) this.find(spool!.owner);
    }
    for (const record of records.all) {
      const { end, options } = record;
      // Their rows have no isolate, unless they can be told apart.
      if (options["layout"] === "append" && records.ofPid(record.pid).length > 1 || !isNew(record)) continue;
      const lives = end === undefined ? this.#directory.isProgramLocked(record) === true : end.at >= base;
      if (lives) this.find(record);
    }
  }

  /** Where a new process is shown: by itself, or where there are too many, with earlier lives of its program. */
  #place(member: Member): number {
    const key = programKey(programOf(member));
    const isOver = ({ members }: Entry): boolean =>
      members.every((one) => one.record?.end !== undefined || one.liveness === "dead");
    const ofProgram = [...this.#entries.keys()].filter((i) => this.#lines[this.#entries[i]!.line]!.key === key);
    if (this.#entries.length >= MAX_PROCESSES) {
      const index = ofProgram.findLast((i) => isOver(this.#entries[i]!)) ?? this.#rest();
      this.#entries[index]!.members.push(member);
      return index;
    }
    const linesOf = [...new Set(ofProgram.map((i) => this.#entries[i]!.line))];
    const onLine = (line: number): Entry[] => this.#entries.filter((entry) => entry.line === line);
    const free = linesOf.find((line) => onLine(line).every(isOver));
    const line = free ?? this.#lines.push({ key, first: programOf(member) }) - 1;
    return this.#entries.push({ members: [member], line, nth: onLine(line).length + 1 }) - 1;
  }

  /** The entry of all for which there is no room. */
  #rest(): number {
    const known = this.#entries.findIndex(({ name }) => name !== undefined);
    if (known >= 0) return known;
    const line = this.#lines.push({ key: "", first: undefined }) - 1;
    return this.#entries.push({ members: [], line, nth: 1, name: OTHERS }) - 1;
  }

  #recordOf({ pid, isolate }: ProcessId): ProgramRecord | undefined {
    const { records } = this.#directory;
    if (isolate !== "") return records.get({ pid, isolate });
    const [record, ...others] = records.ofPid(pid);
    return others.length === 0 ? record : undefined;
  }

  #update(member: Member): void {
    member.record = this.#recordOf(member) ?? member.record;
    if (member.record?.end !== undefined) member.liveness = undefined;
    else if (member.hasRecorded) member.liveness = "alive";
    else member.liveness = this.#liveness(member.record ?? member);
  }

  #liveness(id: ProcessId): Liveness {
    const spools = this.#directory.held.get(processKey(id)) ?? [];
    const locks = spools.map((spool) => this.#directory.isLocked(spool));
    if (spools.length === 0) locks.push(this.#directory.isProgramLocked(id));
    return locks.includes(true) ? "alive" : locks.every((lock) => lock === false) ? "dead" : "unknown";
  }

  #livesOf({ members }: Entry, span: number): readonly LivesData[] {
    const lives = members.map((member) => this.#lifeOf(member, span));
    return lives.length === 1 ? lives : merged(lives.sort((one, other) => one.start - other.start), span, MAX_LIVES);
  }

  #lifeOf({ record, liveness, first, last }: Member, span: number): LivesData {
    const { base } = this.#directory;
    const within = (time: number): number => Math.round(Math.min(span, Math.max(this.#begin, time)));
    const started = record === undefined ? first : Math.min(first, Number(record.started - base));
    const end = record?.end === undefined ? last : Math.max(last, Number(record.end.at - base));
    const lives = liveness === "alive";
    return {
      start: within(started),
      end: lives ? Math.round(span) : within(Math.max(end, started)),
      begins: started >= this.#begin,
      count: 1,
      ends: { [lives ? "recording" : endOf({ ...record && { record }, ...liveness && { liveness } })]: 1 },
      ...record && { words: record.end === undefined ? stateInWords(liveness) : endInWords(record.end) },
    };
  }
}

const OTHERS = "other programs";

const NOBODY: Pick<Member, "pid" | "isolate" | "record"> = { pid: 0, isolate: "", record: undefined };

function programOf({ pid, isolate, record }: Member): Program {
  return { pid, isolate, ...record && { record } };
}
