/**
 * The processes of a report: which isolates recorded, who they were, and when they lived.
 *
 * @module
 */

import { literal } from "../../analysis/duckdb/sql.ts";
import {
  beginOf,
  lastSeenOf,
  type Program,
  programNames,
  programsOf,
  serviceKey,
  shortName,
  withoutWorkers,
} from "../../analysis/programs/program.ts";
import { Pauses } from "../../analysis/programs/pauses.ts";
import type { ProgramRecords } from "../../analysis/programs/program_records.ts";
import { endInWords, stateInWords } from "../../analysis/programs/remarks.ts";
import { counted, formatInteger } from "../../display/numbers.ts";
import { type ProcessId, processKey } from "../../files/names.ts";
import { CHANNELS } from "../../series.ts";
import type { LifeEnd, LineData, LivesData, ProcessData } from "../shared/report_data.ts";
import { type OffTimes, offTimesOf } from "./pauses.ts";
import type { ReportSelection, Source } from "./source.ts";
import type { ShownTime } from "./time_axis.ts";

/** Most entries of a report. The page has room for these, and nobody reads more. */
export const MAX_PROCESSES = 200;

/** Most stretches of time in which the entries that stand for several processes lived. */
const MAX_STRETCHES = 2_000;

/** The processes of a report, and the rows that belong to each. */
export interface ReportProcesses {
  readonly processes: readonly ProcessData[];
  readonly lines: readonly LineData[];
  /** The programs that lived within the time shown. */
  readonly programs: readonly Program[];
  /** The rows, with the index of the process in the column `process`. */
  readonly source: Source;
  /** The index of a process in the report. */
  readonly indexOf: (process: ProcessId) => number | undefined;
  /**
   * Whether rows of an entry come from several processes of one PID that ran at the same time, which
   * rows of layout `append` do not tell apart: their counters would be nonsense.
   */
  readonly isMixed: (process: number) => boolean;
  /** When recording of an entry, or of a series in it, was off while it lived. */
  readonly offTimes: OffTimes;
  /** What is not shown and why, one sentence each. */
  readonly problems: readonly string[];
}

/** Rows of one process. */
interface RecordedRows extends ProcessId {
  readonly rows: number;
  /** Epoch ns. */
  readonly first: bigint;
  readonly last: bigint;
  /** Whether samples of the runtime are among them. */
  readonly sampled: boolean;
}

/** A process before it is decided how it is shown. */
interface Process extends ProcessId {
  readonly rows: number;
  readonly sampled: boolean;
  /** Its program; one of several if rows do not tell them apart. */
  readonly program: Program;
  readonly lives: readonly LivesData[];
  readonly isMixed: boolean;
}

/** Reads who recorded the rows. Without a record of a process, its rows say when it lived. */
export async function readProcesses(
  source: Source,
  range: ShownTime,
  readRecords: (wanted: readonly ProcessId[]) => ProgramRecords,
  { pids, isolates, to: cut }: ReportSelection,
  pauses = Pauses.none,
): Promise<ReportProcesses> {
  const rows = await source.rows<RecordedRows>(`
    SELECT PID::DOUBLE AS pid, Isolate AS isolate, count(*)::DOUBLE AS rows,
      min(Timepoint) AS first, max(Timepoint) AS last, bool_or(Channel = '${CHANNELS.runtime}') AS sampled
    FROM ${source.relation} GROUP BY PID, Isolate ORDER BY first, PID, Isolate`);
  const records = readRecords(rows);
  const byKey = new Map(rows.map((of) => [processKey(of), of]));
  const isSelected = ({ pid, isolate }: ProcessId): boolean =>
    (pids?.includes(pid) ?? true) && (isolates?.includes(isolate) ?? true);
  const programs = programsOf(records, { processes: rows, pauses }).map((program): Program => {
    const own = byKey.get(processKey(program));
    return own === undefined ? program : { ...program, rows: { first: own.first, last: own.last } };
  }).filter((program) => isSelected(program) && (program.rows !== undefined || livedWithin(program, range)));
  const arranged = arrange(source, processesOf(rows, programs, { ...range, cut }), programs, { ...range, pauses });
  return { ...arranged, problems: [...aboutRecords(records), ...arranged.problems] };
}

function aboutRecords({ problems, skipped }: ProgramRecords): string[] {
  return [
    ...problems.map(({ path, reason }) => `${path}: ignored: ${reason}`),
    ...skipped === 0
      ? []
      : [`${counted(skipped, "program record")} without observations were not read: there are too many`],
  ];
}

/** Whether a program lived within the time shown, as far as its record says. */
function livedWithin(program: Program, { from, to }: ShownTime): boolean {
  const [begin, seen] = [beginOf(program), lastSeenOf(program)];
  return begin !== undefined && seen !== undefined && begin <= to && seen >= from;
}

/** Brings rows and records together. */
function processesOf(rows: readonly RecordedRows[], programs: readonly Program[], range: CutTime): Process[] {
  const found = new Map(rows.map((of) => [processKey(of), of]));
  const processes: Process[] = [];
  const taken = new Set<Program>();
  for (const program of programs.filter(({ isolate, rows }) => isolate === "" && rows !== undefined)) {
    // In layout `append` the rows of a PID may be of any program that had it.
    const possible = programs.filter(({ pid, record, rows }) =>
      pid === program.pid && record !== undefined && rows === undefined
    );
    for (const one of [program, ...possible]) taken.add(one);
    const mains = possible.filter(({ record }) => record!.kind === "main");
    // Of a program without an end nobody knows whether the last rows are its own.
    const untilLast = (one: Program): Program =>
      one.record!.end === undefined && program.rows!.last > one.record!.started
        ? { ...one, rows: { first: one.record!.started, last: program.rows!.last } }
        : one;
    const lives = mains.length === 1
      ? [lifeOf({ ...mains[0]!, rows: program.rows! }, range)]
      : mains.length > 0
      ? mains.map((one) => lifeOf(untilLast(one), range)).sort(byStart)
      : [lifeOf(program, range)];
    const { rows: count, sampled } = found.get(processKey(program))!;
    const named = new Set(mains.map(programKey)).size === 1 ? { ...mains[0]!, ...pick(program) } : program;
    processes.push({
      ...pick(program),
      rows: count,
      sampled,
      program: named,
      lives,
      isMixed: lives.some(({ start }, i) => i > 0 && start < lives[i - 1]!.end),
    });
  }
  for (const program of programs) {
    if (taken.has(program)) continue;
    const { rows: count = 0, sampled = false } = found.get(processKey(program)) ?? {};
    // A program that ended before it recorded anything has a life too.
    processes.push({
      ...pick(program),
      rows: count,
      sampled,
      program,
      lives: [lifeOf(program, range)],
      isMixed: false,
    });
  }
  return processes.sort((a, b) => byStart(a.lives[0]!, b.lives[0]!));
}

function pick({ pid, isolate, rows }: Program): Pick<Program, "pid" | "isolate" | "rows"> {
  return { pid, isolate, ...rows === undefined ? {} : { rows } };
}

function byStart(a: LivesData, b: LivesData): number {
  return a.start - b.start;
}

/** The time shown, and where it was cut off, if it was. */
interface CutTime extends ShownTime {
  readonly cut: bigint | undefined;
}

/** The life of a program within the time shown. */
function lifeOf(program: Program, { from, to, cut }: CutTime): LivesData {
  const { record, liveness } = program;
  const span = Number(to - from);
  const within = (time: bigint | undefined): number => Math.min(span, Math.max(0, Number((time ?? from) - from)));
  const [begin, seen] = [beginOf(program), lastSeenOf(program)];
  const isRecording = record !== undefined && record.end === undefined && liveness === "alive";
  const ends = endOf(program);
  // What ends after the selected time, or at a time that only rows beyond it would tell, has not ended
  // in it.
  const hasEnded = cut === undefined || record?.end !== undefined && seen !== undefined && seen < cut;
  return {
    start: within(begin),
    end: isRecording ? span : within(seen),
    begins: begin !== undefined && begin >= from,
    count: 1,
    ends: isRecording || hasEnded ? { [ends]: 1 } : {},
    ...(record === undefined
      ? {}
      : { words: record.end === undefined ? stateInWords(liveness) : endInWords(record.end) }),
  };
}

/** How the life of a program ended. */
export function endOf({ record, liveness }: Pick<Program, "record" | "liveness">): LifeEnd {
  const { end } = record ?? {};
  if (end === undefined) return liveness === "alive" ? "recording" : liveness === "dead" ? "dead" : "unknown";
  return end.how === "exit" && (end.exitCode ?? 0) !== 0 ? "failed" : end.how;
}

/** Identifies a program: processes with the same key are lives, workers or copies of it. */
export function programKey({ pid, record }: Pick<Program, "pid" | "record">): string {
  if (record === undefined) return `PID ${pid}`;
  return JSON.stringify([serviceKey(record), record.script]);
}

/** What is shown as one entry. */
interface Entry {
  readonly members: readonly Process[];
  readonly lives: readonly LivesData[];
  readonly key: string;
  /** What it is called if it stands for several programs. */
  readonly name?: string;
}

/** Decides what is shown as one entry, and on which line. */
function arrange(
  source: Source,
  all: readonly Process[],
  programs: readonly Program[],
  range: ShownTime & { readonly pauses: Pauses },
): ReportProcesses {
  const entries = entriesOf(all, Number(range.to - range.from));
  const { lines, lineOf } = linesOf(entries);
  const index = new Map<string, number>();
  const livesOnLine = new Map<number, number>();
  const processes = entries.map(({ members, lives }, i): ProcessData => {
    for (const member of members) index.set(processKey(member), i);
    const [first] = members;
    const line = lineOf[i]!;
    const nth = (livesOnLine.get(line) ?? 0) + 1;
    livesOnLine.set(line, nth);
    const { record } = first!.program;
    const isOne = members.length === 1;
    return {
      pid: first!.pid,
      isolate: isOne ? first!.isolate : "",
      name: `${lines[line]!.name}${nth === 1 || !isOne ? "" : ` (life ${nth})`}`,
      runtime: record === undefined ? "" : `${record.runtime} ${record.runtimeVersion}`.trim(),
      line,
      rows: members.reduce((sum, { rows }) => sum + rows, 0),
      lives,
    };
  });
  const owners = new Set(withoutWorkers(all.filter(({ sampled }) => sampled), programs).map(processKey));
  const rows = all.filter(({ rows }) => rows > 0).map((process) => {
    const key = processKey(process);
    return { ...process, process: index.get(key)!, isOwner: !process.sampled || owners.has(key) };
  });
  const mixed = new Set(rows.filter(({ isMixed }) => isMixed).map(({ process }) => process));
  return {
    processes,
    lines,
    programs,
    source: source.ofProcesses(mapInSql(source, rows)),
    indexOf: (process) => index.get(processKey(process)),
    isMixed: (process) => mixed.has(process),
    offTimes: (process, series) => offTimesOf(entries[process]?.members ?? [], range, series),
    problems: problemsOf(entries, rows),
  };
}

/** A relation with the rows of `source` and the columns `process` and `isOwner`. */
function mapInSql(
  { relation }: Source,
  rows: readonly { pid: number; isolate: string; process: number; isOwner: boolean }[],
): string {
  if (rows.length === 1) return `(SELECT *, 0 + ${rows[0]!.process} AS process, true AS isOwner FROM ${relation})`;
  const values = rows.map(({ pid, isolate, process, isOwner }) =>
    `(${pid}::BIGINT,${literal(isolate)},${process},${isOwner})`
  );
  return `(SELECT rows.*, process, isOwner FROM ${relation} AS rows JOIN (VALUES ${values.join(",")})
    AS processes(PID, Isolate, process, isOwner) USING (PID, Isolate))`;
}

/**
 * Shows each process by itself, if there is room. Otherwise the programs with the most processes are
 * shown as one entry each, and then those with the fewest rows together.
 */
function entriesOf(all: readonly Process[], span: number): Entry[] {
  const byProgram = Map.groupBy(all, ({ program }) => programKey(program));
  const bySize = [...byProgram.values()].sort((a, b) => b.length - a.length);
  const groups: (readonly Process[])[] = [];
  let count = all.length;
  for (const members of bySize) {
    if (count > MAX_PROCESSES && members.length > 1) {
      groups.push(members);
      count -= members.length - 1;
    } else groups.push(...members.map((member) => [member]));
  }
  if (groups.length > MAX_PROCESSES) {
    const rowsOf = (members: readonly Process[]): number => members.reduce((sum, { rows }) => sum + rows, 0);
    groups.sort((a, b) => rowsOf(b) - rowsOf(a));
    groups.splice(MAX_PROCESSES - 1, Infinity, groups.slice(MAX_PROCESSES - 1).flat());
  }
  const large = groups.filter(({ length }) => length > 1).length;
  return groups.map((members): Entry => {
    const [first] = members;
    const keys = new Set(members.map(({ program }) => programKey(program)));
    const lives = members.flatMap((member) => member.lives).sort(byStart);
    return {
      members,
      lives: merged(lives, span, Math.floor(MAX_STRETCHES / Math.max(1, large))),
      key: keys.size === 1 ? programKey(first!.program) : "",
      ...(keys.size === 1 ? {} : { name: `${keys.size} other programs` }),
    };
  }).sort((a, b) => byStart(a.lives[0]!, b.lives[0]!));
}

/** Joins lives that begin within the same one of `most` parts of the time, if there are more. */
export function merged(lives: readonly LivesData[], span: number, most: number): readonly LivesData[] {
  if (lives.length <= most) return lives;
  const width = Math.max(1, span / most);
  return [...Map.groupBy(lives, ({ start }) => Math.floor(start / width)).values()].map((near): LivesData => {
    const ends: Partial<Record<LifeEnd, number>> = {};
    for (const life of near) {
      for (const [how, count] of Object.entries(life.ends) as [LifeEnd, number][]) ends[how] = (ends[how] ?? 0) + count;
    }
    return {
      start: Math.round(near[0]!.start),
      end: Math.round(Math.max(...near.map(({ end }) => end))),
      begins: near[0]!.begins,
      count: near.reduce((sum, { count }) => sum + count, 0),
      ends,
    };
  });
}

/** Puts lives of one program that do not overlap on one line, and gives lines different names. */
function linesOf(entries: readonly Entry[]): { lines: LineData[]; lineOf: number[] } {
  const lines: { entry: Entry; end: number }[] = [];
  const ofProgram = new Map<string, number[]>();
  const lineOf = entries.map((entry) => {
    const { key, lives } = entry;
    const own = ofProgram.get(key) ?? [];
    const free = key === "" ? undefined : own.find((line) => lines[line]!.end <= lives[0]!.start);
    const line = free ?? lines.push({ entry, end: 0 }) - 1;
    if (free === undefined) ofProgram.set(key, [...own, line]);
    lines[line]!.end = lives.reduce((last, { end }) => Math.max(last, end), 0);
    return line;
  });
  const names = lineNames(lines.map(({ entry }) => entry.members[0]!.program));
  return {
    lines: lines.map(({ entry: { name } }, i) => name === undefined ? names[i]! : { name, short: name }),
    lineOf,
  };
}

/** What lines are called, by a program of each. */
export function lineNames(firsts: readonly Program[]): LineData[] {
  const names = programNames(firsts);
  const shorts = distinct(firsts.map((program) => [shortName(program), names.get(processKey(program))!]));
  return firsts.map((program, i) => ({ name: names.get(processKey(program))!, short: shorts[i]! }));
}

/** The short text of each, or the long one where another has the same short text. */
function distinct(choices: readonly (readonly [short: string, long: string])[]): string[] {
  const counts = Map.groupBy(choices, ([short]) => short);
  return choices.map(([short, long]) => counts.get(short)!.length === 1 ? short : long);
}

function problemsOf(
  entries: readonly Entry[],
  rows: readonly { readonly pid: number; readonly lives: readonly LivesData[]; readonly isMixed: boolean }[],
): string[] {
  const together = entries.filter(({ members }) => members.length > 1);
  const count = together.reduce((sum, { members }) => sum + members.length, 0);
  const mixed = rows.filter(({ isMixed }) => isMixed).map(({ pid, lives }) =>
    `Rows in layout append have no isolate: the figures of PID ${pid} are those of ${lives.length} programs together, ` +
    "and rates of its counters are left out"
  );
  return [
    ...count > 0
      ? [`${formatInteger(count)} processes of the same programs are shown together: there are too many`]
      : [],
    ...mixed,
  ];
}
