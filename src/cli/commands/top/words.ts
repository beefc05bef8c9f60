import { ENDED_SECONDS, type LiveEnd, type LiveProcess } from "../../../analysis/live/live_processes.ts";
import { CRASH_LOOP_LIVES, endInWords, hasFailed } from "../../../analysis/programs/remarks.ts";
import { counted, formatBytes, formatSpan } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { SPACED } from "../../terminal/style.ts";

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
