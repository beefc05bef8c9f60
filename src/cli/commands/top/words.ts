import { ENDED_SECONDS, type LiveEnd, type LiveProcess } from "../../../analysis/live/live_processes.ts";
import { CRASH_LOOP_LIVES, endInWords, hasFailed } from "../../../analysis/programs/remarks.ts";
import { counted, formatBytes, formatSpan } from "../../../display/numbers.ts";
import { formatClock } from "../../../display/local_time.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { SPACED } from "../../terminal/style.ts";

/** Channels and labels that are named. */
const MOST_NAMES = 4;

/** Seconds without rows before a program is shown as silent. */
const SILENCE = 3;

/** The state of a process in a few words; empty while it records and nothing is wrong. */
export function stateText(program: LiveProcess): string {
  const { state, age, end, restarts, growth } = program;
  const before = isCrashLoop(program) ? "crash loop" : restarts === undefined ? "" : `restarted ${restarts.count}×`;
  return [before, growth === undefined ? "" : "memory grows", now()].filter((part) => part !== "").join(", ");

  function now(): string {
    switch (state) {
      case "running":
        return "";
      case "off":
        return program.off?.since === undefined ? "off" : `off since ${clock(program.off.since)}`;
      case "silent":
        return age !== undefined && age >= SILENCE ? `silent for ${span(age)}` : "";
      case "unknown":
        return "alive or not: unknown";
      case "killed":
        return end === undefined ? "killed" : `killed ${span(end.age)} ago`;
      case "ended":
        return end === undefined ? "ended" : `${endText(end)} ${span(end.age)} ago`;
    }
  }
}

/** What is wrong with which process, and what the figures do not show: a sentence each. */
export function remarks(processes: readonly LiveProcess[]): string[] {
  return processes.flatMap((one) => remarksOn(one).map((what) => `${shortName(one)}: ${what}`));
}

function remarksOn(program: LiveProcess): string[] {
  const { state, end, restarts, growth, unpublished = 0, programs, durability } = program;
  const told: string[] = [];
  const off = offText(program);
  if (off !== "") told.push(off);
  if (restarts !== undefined) {
    const often = `${counted(restarts.count, "restart")} in ${ENDED_SECONDS} s`;
    told.push(`${isCrashLoop(program) ? "crash loop: " : ""}${often}, last ${endWords(restarts.last)}`);
  }
  if (growth !== undefined) {
    const [from, to] = [growth.from, growth.to].map((bytes) => formatBytes(bytes, SPACED));
    told.push(`memory grows: from ${from} to ${to} in ${span(growth.seconds)}`);
  }
  const left = unpublished === 0 ? "" : `; ${counted(unpublished, "row")} in its spools: kymo recover publishes them`;
  if (state === "killed") told.push(`killed${left}`);
  if (state === "ended" && end !== undefined && (left !== "" || hasFailed(end) && !isCrashLoop(program))) {
    told.push(endWords(end) + left);
  }
  if (state === "unknown") {
    const why = durability === "memory" ? 'no spools (durability "memory")' : "no spools that can be read";
    told.push(`${why}, so it may be alive or not`);
  }
  if (programs !== undefined) {
    told.push(`rows of ${counted(programs, "program")}, which layout "append" does not tell apart`);
  }
  return told;
}

/**
 * What of a program is not recorded, since when, why and until when; empty if nothing was switched.
 */
function offText({ state, off, switched }: LiveProcess): string {
  if (off !== undefined) {
    const { since, reason, until } = off;
    // The table says as much.
    if (state === "off" && reason === undefined && until === undefined) return "";
    const isOver = state === "killed" || state === "ended";
    const parts = [
      `recording ${isOver ? "was" : "is"} off`,
      ...since === undefined ? [] : [` since ${clock(since)}`],
      ...until === undefined ? [] : [`, until ${clock(until)}`],
      ...reason === undefined ? [] : [` (${sanitize(reason)})`],
    ];
    return parts.join("");
  }
  if (switched === undefined) return "";
  const names = switched.exceptions.slice(0, MOST_NAMES).map(({ channel, label }) =>
    sanitize([
      ...label === undefined ? [] : [`labels ${label}`],
      ...channel === undefined ? [] : [`channel ${channel}`],
    ].join(" in "))
  );
  const left = switched.exceptions.length - names.length;
  return `${switched.rest ? "not recorded" : "only recorded"}: ${names.join(", ")}${
    left > 0 ? `, and ${left} more` : ""
  }`;
}

/** A time in ms since 1970, as the clock shows it. */
function clock(time: number): string {
  return formatClock(BigInt(time) * 1_000_000n);
}

function isCrashLoop({ restarts }: LiveProcess): boolean {
  return restarts !== undefined && restarts.count >= CRASH_LOOP_LIVES && hasFailed(restarts.last);
}

/** How a process ended, in a word or two. */
function endText({ how, exitCode, signal, error }: LiveEnd): string {
  switch (how) {
    case "stop":
      return "stopped";
    case "exit":
      return exitCode === undefined ? "exited" : `exited (${exitCode})`;
    case "signal":
      return sanitize(signal ?? "signal");
    case "uncaught":
      return `uncaught ${sanitize(error ?? "error")}`;
    case "killed":
      return "killed";
  }
}

/** The same as part of a sentence. */
function endWords(end: LiveEnd): string {
  return sanitize(endInWords(end).replace(/^was /, ""));
}

/** The name of a process without its runtime, which the table of processes has. */
export function shortName({ program, runtime = "", runtimeVersion = "" }: LiveProcess): string {
  const by = `${runtime} ${runtimeVersion} · `;
  return sanitize(program.startsWith(by) ? program.slice(by.length) : program);
}

function span(seconds: number): string {
  return formatSpan(Math.round(seconds), SPACED);
}
