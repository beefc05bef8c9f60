import { type ProcessId, processKey } from "../../files/names.ts";
import type { ProgramEnd, ProgramRecord } from "../../files/program_record.ts";
import { optional } from "../../small_json.ts";
import { programNames, serviceKey } from "../programs/program.ts";
import { NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND } from "../../series.ts";
import type { LiveDirectory } from "./live_directory.ts";
import { ENDED_SECONDS, type LiveEnd, type LiveFigures, type LiveProcess, ProcessFollower } from "./live_processes.ts";
import type { RowSource } from "./row_source.ts";
import type { SpooledSegment } from "./spooled_segments.ts";

/** Seconds after which CPU and lag of a process that records nothing are no longer told. */
const STALE_SECONDS = 3;

/** Names are given when all are known, so that they differ. */
type Unnamed = Omit<LiveProcess, "program">;

/** What is known of a process at the end of an interval. */
interface Listed {
  readonly shown: Unnamed;
  readonly record: ProgramRecord | undefined;
}

/**
 * The processes that a live view lists: those that record, those that have spools, and those that
 * have ended a short while ago. Who they are and how they ended is in their program records;
 * whether they live is told by the locks of their spools, not by their PIDs: those are of other
 * namespaces, or of strangers.
 */
export class LiveProcesses {
  readonly #followers = new Map<string, { readonly id: ProcessId; readonly follower: ProcessFollower }>();

  /** Adds a row. */
  add(source: RowSource, label: string, value: number, time: number, weight: number): void {
    this.#followerOf(source).add(source, label, value, time, weight);
  }

  /** Adds a row that switches recording, and that was published before all others. */
  addSwitch(source: RowSource, label: string, value: number, time: number): void {
    this.#followerOf(source).switches.add(label, value, time);
  }

  /** Ends an interval of `seconds` at the time `epoch`, ns since 1970. */
  endInterval(seconds: number, epoch: bigint, directory: LiveDirectory): LiveProcess[] {
    for (const [spool] of directory.held.values()) this.#followerOf(spool!.owner);
    for (const record of directory.records.all) {
      if (secondsBetween(record.end?.at ?? record.started, epoch) < patienceOf(record)) this.#followerOf(record);
    }
    const listed: Listed[] = [];
    for (const [key, { id, follower }] of this.#followers) {
      const one = describe(id, follower, { seconds, epoch, directory });
      if (one === undefined) this.#followers.delete(key);
      else listed.push(one);
    }
    const kept = withRestarts(listed);
    const names = programNames(kept.map(({ shown: { pid, isolate = "" }, record }) => ({
      pid,
      isolate,
      ...record === undefined ? {} : { record },
    })));
    return kept.map(({ shown }) => {
      const { pid, isolate = "" } = shown;
      return { ...withoutShared(shown, kept), program: names.get(processKey({ pid, isolate }))! };
    }).sort(byState);
  }

  #followerOf(id: ProcessId): ProcessFollower {
    const key = processKey(id);
    const known = this.#followers.get(key);
    if (known !== undefined) return known.follower;
    const follower = new ProcessFollower();
    this.#followers.set(key, { id: { pid: id.pid, isolate: id.isolate }, follower });
    return follower;
  }
}

/** When processes are described, and where from. */
interface ListingContext {
  /** Seconds of the interval. */
  readonly seconds: number;
  /** Its end, ns since 1970. */
  readonly epoch: bigint;
  readonly directory: LiveDirectory;
}

/** A process at the end of an interval; `undefined` if it is not listed any more. */
function describe(
  id: ProcessId,
  follower: ProcessFollower,
  { seconds, epoch, directory }: ListingContext,
): Listed | undefined {
  const record = id.isolate === "" ? undefined : directory.records.get(id);
  const spools = directory.held.get(processKey(id)) ?? [];
  const { hasRecorded, lastTime } = follower;
  const figures = follower.endInterval(seconds);
  const end = record?.end && endOf(record.end, epoch);
  const age = Math.max(0, (Number(epoch - directory.base) - lastTime) / NANOSECONDS_PER_SECOND);
  const sinceStart = record === undefined ? Infinity : secondsBetween(record.started, epoch);
  const off = offOf(id, follower, { hasRecorded, hasEnded: end !== undefined }, directory);
  const isLocked = off !== undefined && directory.isProgramLocked(id) === true;
  const isSilent = (end?.age ?? Math.min(age, sinceStart)) >= patienceOf(record);
  if (isSilent && spools.length === 0 && !hasRecorded && !isLocked) return undefined;
  const isOff = off !== undefined;
  const state = isOff && isLocked && end === undefined
    ? "off"
    : stateOf(end, { hasRecorded, isOff }, spools, directory);
  const isOver = state === "killed" || state === "ended";
  const programs = id.isolate === "" ? directory.records.ofPid(id.pid).length : 1;
  return {
    record,
    shown: {
      pid: id.pid,
      ...id.isolate === "" ? {} : { isolate: id.isolate },
      ...programs > 1 ? { programs } : {},
      ...record === undefined ? {} : whoOf(record),
      state,
      ...optional("off", off),
      ...switchedOf(follower),
      ...end === undefined ? {} : { end },
      ...isOver ? { unpublished: spools.reduce((sum, { count, published }) => sum + count - published, 0) } : {},
      ...Number.isFinite(age) ? { age } : {},
      ...meaningful(figures, {
        isShared: programs > 1,
        isStale: isOff || !hasRecorded && (isOver || age > STALE_SECONDS),
      }),
    },
  };
}

/**
 * Whether recording of a process is off, and since when: by its rows, or else by what it has
 * answered to who switched it.
 */
function offOf(
  id: ProcessId,
  { switches }: ProcessFollower,
  { hasRecorded, hasEnded }: { readonly hasRecorded: boolean; readonly hasEnded: boolean },
  directory: LiveDirectory,
): LiveProcess["off"] {
  const { offSince } = switches.state;
  if (offSince === undefined && (hasRecorded || hasEnded)) return undefined;
  const answered = hasEnded ? undefined : directory.recordingOf(id);
  if (offSince === undefined && answered?.on !== false) return undefined;
  const { reason, until } = answered?.on === false ? answered : {};
  return {
    ...optional("since", offSince === undefined ? undefined : msOf(offSince, directory)),
    ...optional("reason", reason),
    ...optional("until", until),
  };
}

function switchedOf({ switches }: ProcessFollower): Pick<LiveProcess, "switched"> {
  const { exceptions, restIsOn } = switches.state;
  return exceptions.length === 0 ? {} : { switched: { rest: restIsOn, exceptions } };
}

/** The time of a row in ms since 1970. */
function msOf(time: number, { base }: LiveDirectory): number {
  return Number(base / BigInt(NANOSECONDS_PER_MS)) + Math.round(time / NANOSECONDS_PER_MS);
}

/** The figures that mean something. */
function meaningful(
  figures: LiveFigures,
  { isShared, isStale }: { readonly isShared: boolean; readonly isStale: boolean },
): LiveFigures {
  const { cpu: _cpu, lag: _lag, growth: _growth, ...lasting } = figures;
  // Those of several programs, one after the other, say nothing.
  if (isShared) return { count: figures.count, rate: figures.rate };
  return isStale ? lasting : figures;
}

function stateOf(
  end: LiveEnd | undefined,
  { hasRecorded, isOff }: { readonly hasRecorded: boolean; readonly isOff: boolean },
  spools: readonly SpooledSegment[],
  directory: LiveDirectory,
): LiveProcess["state"] {
  if (end !== undefined) return end.how === "killed" ? "killed" : "ended";
  if (hasRecorded && !isOff) return "running";
  if (spools.length === 0) return "unknown";
  // A program that ends gives the locks of its spools back one after the other.
  return spools.every((spool) => directory.isLocked(spool) === false) ? "killed" : isOff ? "off" : "silent";
}

/**
 * Seconds for which a process without spools is listed after the last sign of it. While it has not
 * ended, it may record what it has not flushed yet.
 */
function patienceOf(record: ProgramRecord | undefined): number {
  const flushInterval = record?.end === undefined ? Number(record?.options.flushInterval ?? 0) : 0;
  return Math.max(ENDED_SECONDS, 2 * flushInterval / 1_000);
}

function whoOf(
  { name, runtime, runtimeVersion, host, kind, options: { durability } }: ProgramRecord,
): Pick<LiveProcess, "name" | "runtime" | "runtimeVersion" | "host" | "kind" | "durability"> {
  return {
    name,
    runtime,
    runtimeVersion,
    ...host === undefined ? {} : { host },
    kind,
    ...typeof durability === "string" ? { durability } : {},
  };
}

function endOf({ counts: _, at, ...end }: ProgramEnd, epoch: bigint): LiveEnd {
  return { ...end, age: Math.max(0, secondsBetween(at, epoch)) };
}

function secondsBetween(from: bigint, to: bigint): number {
  return Number((to - from) / BigInt(NANOSECONDS_PER_MS)) / 1_000;
}

/**
 * Lists a program that was started anew once: with its present life, or the last one, and how often
 * it has ended before. A program is the same if it has the same name and host.
 */
function withRestarts(listed: readonly Listed[]): Listed[] {
  const kept: Listed[] = [];
  const known = listed.filter(({ record }) => record !== undefined);
  for (const lives of Map.groupBy(known, ({ record }) => serviceKey(record!)).values()) {
    const [newest, ...others] = lives.toSorted((one, other) => one.record!.started > other.record!.started ? -1 : 1);
    const { started } = newest!.record!;
    const before = others.filter(({ shown, record }) =>
      shown.end !== undefined && shown.unpublished === 0 && record!.end!.at <= started
    );
    const last = before.map(({ shown }) => shown.end!).toSorted((one, other) => one.age - other.age)[0];
    const restarts = last === undefined ? {} : { restarts: { count: before.length, last } };
    kept.push({ record: newest!.record, shown: { ...newest!.shown, ...restarts } });
    kept.push(...others.filter((one) => !before.includes(one)));
  }
  return [...kept, ...listed.filter(({ record }) => record === undefined)];
}

/**
 * Resident memory and CPU time are of the whole process, so workers do not show them if their main
 * thread does.
 */
function withoutShared(shown: Unnamed, all: readonly Listed[]): Unnamed {
  if (shown.kind !== "worker") return shown;
  const hasMain = all.some(({ shown: { kind, pid, host } }) =>
    kind === "main" && pid === shown.pid && host === shown.host
  );
  if (!hasMain) return shown;
  const { rss: _rss, growth: _growth, cpu: _cpu, ...own } = shown;
  return own;
}

const STATES: readonly LiveProcess["state"][] = ["running", "silent", "off", "unknown", "killed", "ended"];

/** Those that live before those that have ended; then by name, host and PID, workers last. */
function byState(one: LiveProcess, other: LiveProcess): number {
  const isOver = ({ state }: LiveProcess): number => STATES.indexOf(state) < STATES.indexOf("killed") ? 0 : 1;
  return isOver(one) - isOver(other) || compare(one.name ?? "", other.name ?? "") ||
    compare(one.host ?? "", other.host ?? "") || one.pid - other.pid || compare(one.kind ?? "", other.kind ?? "") ||
    compare(one.isolate ?? "", other.isolate ?? "");
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
