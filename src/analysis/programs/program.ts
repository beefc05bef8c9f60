/**
 * Programs: who recorded. The analysis knows a process by its rows, and by its program record if
 * there is one.
 *
 * @module
 */

import { type ProcessId, processKey } from "../../files/names.ts";
import type { Liveness } from "../../files/liveness.ts";
import type { ProgramRecords } from "./program_records.ts";
import type { ProgramRecord } from "../../files/program_record.ts";
import { type Pause, Pauses } from "./pauses.ts";

/** A process that recorded, or began to. */
export interface Program extends ProcessId {
  /** Its record; absent in layout `append`, of foreign files, and if it was deleted. */
  readonly record?: ProgramRecord;
  /**
   * Whether it lives, by the locks of its spools; absent if its record has its end, or it has none.
   */
  readonly liveness?: Liveness;
  /**
   * The times in which nothing of it was recorded, since recording was off; absent if there are
   * none.
   */
  readonly pauses?: readonly Pause[];
  /** Its first and last row, ns since 1970; absent if it has none. */
  readonly rows?: { readonly first: bigint; readonly last: bigint };
}

/** The name of a service, without regard to who ran it. */
export function serviceOf({ pid, record }: Program): string {
  return record?.name || `PID ${pid}`;
}

/** Identifies who ran: records with the same key are lives, workers or copies of one program. */
export function serviceKey({ name, instance = "", host = "", kind }: ProgramRecord): string {
  return JSON.stringify([name, instance, host, kind]);
}

/** When a program began to record: as its record says, or with its first row. */
export function beginOf({ record, rows }: Program): bigint | undefined {
  if (record === undefined || rows === undefined) return record?.started ?? rows?.first;
  return record.started < rows.first ? record.started : rows.first;
}

/**
 * When a program was last seen: at its end, or with its last row. A row may be later than an end
 * that others wrote.
 */
export function lastSeenOf({ record, rows }: Program): bigint | undefined {
  const end = record?.end?.at;
  if (end === undefined || rows === undefined) return end ?? rows?.last ?? record?.started;
  return end > rows.last ? end : rows.last;
}

/**
 * The programs of a selection: those of the processes that have rows, in their order, and then
 * those of which there is only a record. Rows in layout `append`, which have the PID alone, are of
 * the program with that PID and layout, if there is only one.
 */
export function programsOf(
  records: Pick<ProgramRecords, "byProcess" | "liveness">,
  { processes, pauses = Pauses.none }: { readonly processes: readonly ProcessId[]; readonly pauses?: Pauses },
): Program[] {
  const recordOf = (id: ProcessId): ProgramRecord | undefined => {
    if (id.isolate !== "") return records.byProcess.get(processKey(id));
    const appending = appendersOf([...records.byProcess.values()], id.pid);
    return appending.length === 1 ? appending[0] : undefined;
  };
  const programOf = ({ pid, isolate }: ProcessId): Program => {
    const record = recordOf({ pid, isolate });
    const liveness = record && records.liveness.get(processKey(record));
    const own = pauses.of({ pid, isolate });
    // In files the rows of a program in layout `append` have the PID alone.
    const off = own.length === 0 && record?.options.layout === "append" ? pauses.of({ pid, isolate: "" }) : own;
    return {
      pid,
      isolate,
      ...record && { record },
      ...liveness && { liveness },
      ...off.length > 0 && { pauses: off },
    };
  };
  const withRows = processes.map(programOf);
  const known = new Set(withRows.map(({ record }) => record));
  const others = [...records.byProcess.values()].filter((record) => !known.has(record)).map(programOf);
  return [...withRows, ...others];
}

/** The programs that appended rows with a PID. */
export function appendersOf(records: readonly ProgramRecord[], pid: number): ProgramRecord[] {
  return records.filter((record) => record.pid === pid && record.options.layout === "append");
}

/**
 * Of figures of whole processes, those that stand for a process of their own: a worker measures the
 * memory and CPU time of its whole process, which its main isolate does too if it records.
 */
export function withoutWorkers<T extends ProcessId>(figures: readonly T[], programs: readonly Program[]): T[] {
  const records = new Map(programs.map((program) => [processKey(program), program.record]));
  const recordOf = (figure: T): ProgramRecord | undefined => records.get(processKey(figure));
  // Of processes with one PID, host and instance tell containers apart.
  const processOf = (figure: T): string => {
    const { host = "", instance = "" } = recordOf(figure) ?? {};
    return JSON.stringify([figure.pid, host, instance]);
  };
  const mains = new Set(figures.filter((figure) => recordOf(figure)?.kind === "main").map(processOf));
  return figures.filter((figure) => recordOf(figure)?.kind !== "worker" || !mains.has(processOf(figure)));
}

/**
 * What each program is called, by its key: `bun 1.4.5 · orders@web-2`, a worker ` worker` behind
 * it, and `PID 7579` without a record. Where two would have one name, the PID follows, and the
 * isolate if that is not enough.
 */
export function programNames(programs: readonly Program[]): Map<string, string> {
  const plain = programs.map((program) => ({ program, name: plainName(program) }));
  const names = new Map<string, string>();
  for (const [name, same] of Map.groupBy(plain, ({ name }) => name)) {
    const pids = new Set(same.map(({ program }) => program.pid));
    for (const { program } of same) {
      const which = same.length === 1
        ? undefined
        : pids.size === same.length
        ? `PID ${program.pid}`
        : program.isolate === ""
        ? "isolate unknown"
        : processKey(program);
      const hasPid = program.record === undefined;
      names.set(
        processKey(program),
        which === undefined || hasPid && pids.size === same.length ? name : `${name} (${which})`,
      );
    }
  }
  return names;
}

/** What the programs of some records are called, each name once, in the order of their starts. */
export function distinctNames(records: Iterable<ProgramRecord>): string[] {
  const programs = Array.from(records, (record): Program => ({ pid: record.pid, isolate: record.isolate, record }))
    .sort((one, other) => one.record!.started < other.record!.started ? -1 : 1);
  return [...new Set(programs.map(plainName))];
}

/** What each program is called, by its key, though several may be called alike. */
export function plainNames(programs: readonly Program[]): Map<string, string> {
  return new Map(programs.map((program) => [processKey(program), plainName(program)]));
}

/**
 * What a program is called without its runtime: `orders@web-2`, or `orders/b@web-2` if its instance
 * is not called as the host, which it is in a container; a worker ` worker` behind it.
 */
export function shortName(program: Program): string {
  const { pid, record } = program;
  if (record === undefined) return `PID ${pid}`;
  const { host = "", instance = "", kind } = record;
  const isHost = host === "" || instance === "" || `${host}.`.startsWith(`${instance}.`);
  const place = host === "" ? instance : host;
  return serviceOf(program) + (isHost ? "" : `/${instance}`) + (place === "" ? "" : `@${place}`) +
    (kind === "worker" ? " worker" : "");
}

function plainName(program: Program): string {
  const { runtime = "", runtimeVersion = "" } = program.record ?? {};
  const by = [runtime, runtimeVersion].filter((part) => part !== "").join(" ");
  return by === "" ? shortName(program) : `${by} · ${shortName(program)}`;
}
