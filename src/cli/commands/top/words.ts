import { ENDED_SECONDS, type LiveEnd, type LiveProcess } from "../../../analysis/live/live_processes.ts";
import { counted, formatBytes, formatSpan } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { SPACED } from "../../terminal/style.ts";

/** Seconds without rows before a program is shown as silent. */
const SILENCE = 3;

/** Ends in {@linkcode ENDED_SECONDS} seconds that are a crash loop, if the last was a failure. */
const CRASH_LOOP = 3;

/** Who a process is, such as `bun 1.4.5 · orders@web-2`. */
export function programText(program: LiveProcess): string {
  const { runtime = "", runtimeVersion = "", kind } = program;
  const who = [`${runtime} ${runtimeVersion}`.trim(), nameOf(program)].filter((part) => part !== "").join(" · ");
  return sanitize(who || "–") + (kind === "worker" ? ", worker" : "");
}

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
  return processes.flatMap((program) => {
    const who = nameOf(program) === "" ? `PID ${program.pid}` : sanitize(nameOf(program));
    return remarksOn(program).map((what) => `${who}: ${what}`);
  });
}

function remarksOn(program: LiveProcess): string[] {
  const { state, end, restarts, growth, unpublished = 0, programs, durability } = program;
  const told: string[] = [];
  if (isCrashLoop(program)) {
    told.push(
      `crash loop: started anew ${times(restarts!.count)} in ${ENDED_SECONDS} s, last after ${
        causeText(restarts!.last)
      }`,
    );
  } else if (restarts !== undefined) {
    told.push(`started anew ${times(restarts.count)} in ${ENDED_SECONDS} s, last after ${causeText(restarts.last)}`);
  }
  if (growth !== undefined) {
    const [from, to] = [growth.from, growth.to].map((bytes) => formatBytes(bytes, SPACED));
    told.push(`memory grows: from ${from} to ${to} in ${span(growth.seconds)}`);
  }
  const left = unpublished === 0 ? "" : `; ${counted(unpublished, "row")} in its spools: kymo recover publishes them`;
  if (state === "killed") told.push(`killed, so it could not end its recording${left}`);
  if (state === "ended" && end !== undefined && (left !== "" || isFailure(end) && !isCrashLoop(program))) {
    told.push(`ended by ${causeText(end)}${left}`);
  }
  if (state === "unknown") {
    const why = durability === "memory" ? 'durability "memory"' : "no spools that can be read";
    told.push(`${why}: rows appear when it flushes, and whether it lives cannot be told`);
  }
  if (programs !== undefined) {
    told.push(`rows of ${counted(programs, "program")} with this PID, which layout "append" does not tell apart`);
  }
  return told;
}

function isCrashLoop({ restarts }: LiveProcess): boolean {
  return restarts !== undefined && restarts.count >= CRASH_LOOP && isFailure(restarts.last);
}

function isFailure({ how, exitCode = 0 }: LiveEnd): boolean {
  return how === "uncaught" || how === "killed" || how === "exit" && exitCode !== 0;
}

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

/** What ended a process, as a noun. */
function causeText({ how, exitCode, signal, error }: LiveEnd): string {
  switch (how) {
    case "stop":
      return "stop()";
    case "exit":
      return exitCode === undefined ? "its natural end" : `exit code ${exitCode}`;
    case "signal":
      return sanitize(signal ?? "a signal");
    case "uncaught":
      return `an uncaught ${sanitize(error ?? "error")}`;
    case "killed":
      return "a kill";
  }
}

function nameOf({ name = "", host }: LiveProcess): string {
  return host === undefined || name === "" ? name : `${name}@${host}`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function span(seconds: number): string {
  return formatSpan(Math.round(seconds), SPACED);
}
