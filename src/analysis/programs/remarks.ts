/**
 * What became of programs, in words: those that were killed or failed, crash loops, restarts, and
 * times in which nothing recorded.
 *
 * @module
 */

import type { Liveness } from "../../files/liveness.ts";
import { processKey } from "../../files/names.ts";
import type { ProgramEnd } from "../../files/program_record.ts";
import { FOREVER } from "./pauses.ts";
import { appendersOf, beginOf, lastSeenOf, type Program, programNames, serviceOf } from "./program.ts";

/** What a remark is about. */
export type RemarkKind = "killed" | "failed" | "crash-loop" | "memory" | "restarts" | "gap" | "off" | "mixed";

/** A remark on one program, or on all programs of one service. */
export interface Remark {
  readonly kind: RemarkKind;
  /** Whether something went wrong, or merely happened. */
  readonly isBad: boolean;
  /** The sentence, without a full stop at its end. */
  readonly text: string;
  /** The keys of the processes it is about. */
  readonly processes: readonly string[];
  /** The time it is about, ns since 1970. */
  readonly from: bigint;
  readonly to: bigint;
}

/** How times are written in remarks. */
export interface RemarkFormat {
  /** A point in time. */
  readonly time: (timepoint: bigint) => string;
  /** A length of time, in seconds. */
  readonly span: (seconds: number) => string;
}

/** Lives that failed within this time are a crash loop, if there are enough of them, ns. */
const SHORT_LIFE = 60_000_000_000n;

/** Failed short lives of one service from which on they are a crash loop. */
export const CRASH_LOOP_LIVES = 3;

/** The shortest time without any program of a service that is remarked on, ns. */
const SHORTEST_GAP = 10_000_000_000n;

/** The life of a program whose beginning is known. */
interface Life {
  readonly program: Program;
  readonly begin: bigint;
  readonly seen: bigint;
  readonly end: ProgramEnd | undefined;
  /**
   * Since when its recording was off when it was last seen, if it was: nobody knows for how long a
   * program lived on that was killed then.
   */
  readonly offSince: bigint | undefined;
}

/**
 * Remarks on programs, the worst first, then by time. Workers are left out: they end with their
 * program. A crash loop is at least three lives of one service that failed within a minute each; a
 * gap is a time of at least ten seconds between the lives of a service.
 */
export function remarksOn(found: readonly Program[], format: RemarkFormat): Remark[] {
  // Of what began at the same time the order is the same, wherever the programs were read from.
  const programs = found.toSorted((one, other) => processKey(one) < processKey(other) ? -1 : 1);
  const names = programNames(programs);
  const lives = programs.flatMap((program): Life[] => {
    const [begin, seen] = [beginOf(program), lastSeenOf(program)];
    if (begin === undefined || seen === undefined || program.record === undefined) return [];
    // Of a program that died nobody may have written the end yet.
    const end = program.record.end ?? (program.liveness === "dead" ? { how: "killed" as const, at: seen } : undefined);
    const offSince = program.pauses?.find(({ from, to }) => to === FOREVER || from <= seen && to > seen)?.from;
    return program.record.kind === "worker" ? [] : [{ program, begin, seen, end, offSince }];
  }).sort((one, other) => one.begin < other.begin ? -1 : one.begin > other.begin ? 1 : 0);
  const remarks: Remark[] = [];
  for (const [service, own] of Map.groupBy(lives, ({ program }) => serviceOf(program))) {
    const failed = own.filter(({ end }) => hasFailed(end));
    const short = failed.filter((life) => isKnownToEnd(life) && life.seen - life.begin < SHORT_LIFE);
    const isLoop = short.length >= CRASH_LOOP_LIVES;
    if (isLoop) remarks.push(crashLoop(service, short, format));
    for (const life of failed) {
      if (!isLoop || !short.includes(life)) remarks.push(failure(names, life, format));
    }
    if (!isLoop && restartsOf(own) > 0) remarks.push(restarts(service, own));
    remarks.push(...gaps(service, own, format));
  }
  remarks.push(...mixtures(programs));
  return remarks.sort((one, other) =>
    Number(other.isBad) - Number(one.isBad) || (one.from < other.from ? -1 : one.from > other.from ? 1 : 0)
  );
}

/**
 * How a program ended, as the end of a sentence that begins with its name: `was killed`, `ended
 * with exit code 3`, `was stopped`.
 */
export function endInWords({ how, exitCode, signal, error }: Omit<ProgramEnd, "at">): string {
  switch (how) {
    case "stop":
      return "stopped recording";
    case "exit":
      return exitCode === undefined ? "exited" : `exited with code ${exitCode}`;
    case "signal":
      return `was ended by ${signal ?? "a signal"}`;
    case "uncaught":
      return `was ended by an uncaught ${error ?? "error"}`;
    case "killed":
      return "was killed";
  }
}

/** What is known of a program whose record has no end. */
export function stateInWords(liveness: Liveness | undefined): string {
  if (liveness === "alive") return "is recording";
  return liveness === "dead" ? "is dead, and not recovered yet" : "no end was recorded";
}

/** Whether an end is a failure: not one that was asked for. */
export function hasFailed(end: Omit<ProgramEnd, "at"> | undefined): boolean {
  return end?.how === "killed" || end?.how === "uncaught" || end?.how === "exit" && (end.exitCode ?? 0) !== 0;
}

/** Whether it is known when a life ended: not if it was killed while its recording was off. */
function isKnownToEnd({ end, offSince }: Life): boolean {
  return end !== undefined && (end.how !== "killed" || offSince === undefined);
}

function failure(
  names: ReadonlyMap<string, string>,
  { program, begin, seen, end, offSince }: Life,
  format: RemarkFormat,
): Remark {
  const key = processKey(program);
  const isKilled = end!.how === "killed";
  const off = offSince === undefined ? "" : `, while recording was off since ${format.time(offSince)}`;
  const when = isKilled
    ? off === "" ? `; it was last seen at ${format.time(seen)}` : off
    : ` at ${format.time(seen)}${off}`;
  return {
    kind: isKilled ? "killed" : "failed",
    isBad: true,
    text: `${names.get(key) ?? key} ${endInWords(end!)}${when}`,
    processes: [key],
    from: begin,
    to: seen,
  };
}

function crashLoop(service: string, lives: readonly Life[], format: RemarkFormat): Remark {
  const lengths = lives.map(({ begin, seen }) => Number(seen - begin) / 1e9).sort((one, other) => one - other);
  const ends = [...Map.groupBy(lives, ({ end }) => endInWords(end!).replace(/^was /, ""))]
    .sort(([, one], [, other]) => other.length - one.length)
    .map(([words, { length }]) => length === lives.length ? `each ${words}` : `${length} ${words}`);
  return {
    kind: "crash-loop",
    isBad: true,
    text: `${service} is in a crash loop: ${lives.length} lives of ${
      format.span(lengths[lengths.length >> 1]!)
    } at the median, ${ends.join(", ")}`,
    ...extentOf(lives),
  };
}

/** How often a program of a service began after another had ended. */
function restartsOf(lives: readonly Life[]): number {
  let restarts = 0;
  let lastEnd: bigint | undefined;
  for (const { begin, seen, end } of lives) {
    if (lastEnd !== undefined && begin >= lastEnd) restarts++;
    if (end === undefined) break; // nobody knows for how long it lived on
    if (lastEnd === undefined || seen > lastEnd) lastEnd = seen;
  }
  return restarts;
}

function restarts(service: string, lives: readonly Life[]): Remark {
  const times = restartsOf(lives);
  return {
    kind: "restarts",
    isBad: false,
    text: `${service} was started anew ${times === 1 ? "once" : `${times} times`}`,
    ...extentOf(lives),
  };
}

/** The times between the lives of a service in which none of its programs lived. */
function gaps(service: string, lives: readonly Life[], format: RemarkFormat): Remark[] {
  const found: { readonly from: bigint; readonly to: bigint }[] = [];
  let covered: bigint | undefined;
  for (const [i, life] of lives.entries()) {
    const { begin, seen, end } = life;
    if (covered !== undefined && begin - covered >= SHORTEST_GAP) found.push({ from: covered, to: begin });
    // Of a program without an end nobody knows whether it lives on without recording anything. One
    // that was killed while its recording was off may have lived until the next one began.
    const until = end === undefined ? lives.at(-1)!.seen : isKnownToEnd(life) ? seen : lives[i + 1]?.begin ?? seen;
    if (covered === undefined || until > covered) covered = until;
  }
  const longest = found.reduce<typeof found[number] | undefined>(
    (one, other) => one === undefined || other.to - other.from > one.to - one.from ? other : one,
    undefined,
  );
  if (longest === undefined) return [];
  const length = format.span(Number(longest.to - longest.from) / 1e9);
  const often = found.length === 1 ? "" : `${found.length} times, the longest `;
  return [{
    kind: "gap",
    isBad: false,
    text: `no program of ${service} recorded ${often}for ${length} from ${format.time(longest.from)} on`,
    processes: lives.map(({ program }) => processKey(program)),
    ...longest,
  }];
}

/** The PIDs whose rows may be of several programs, since layout `append` tells the PID alone. */
function mixtures(programs: readonly Program[]): Remark[] {
  const records = programs.flatMap(({ record }) => record === undefined ? [] : [record]);
  return programs.flatMap((program): Remark[] => {
    if (program.isolate !== "" || program.record !== undefined) return [];
    const appending = appendersOf(records, program.pid);
    if (appending.length < 2) return [];
    const times = appending.map(({ started }) => started);
    return [{
      kind: "mixed",
      isBad: false,
      text: `PID ${program.pid} stands for ${appending.length} programs, whose rows layout append does not tell apart`,
      processes: [processKey(program), ...appending.map(processKey)],
      from: times.reduce((one, other) => one < other ? one : other),
      to: times.reduce((one, other) => one > other ? one : other),
    }];
  });
}

function extentOf(lives: readonly Life[]): Pick<Remark, "processes" | "from" | "to"> {
  return {
    processes: lives.map(({ program }) => processKey(program)),
    from: lives[0]!.begin,
    to: lives.reduce((last, { seen }) => seen > last ? seen : last, lives[0]!.seen),
  };
}
