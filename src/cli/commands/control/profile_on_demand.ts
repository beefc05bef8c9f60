import type { AskedProgram } from "../../../control/ask_programs.ts";
import { MAX_PROFILE_DURATION, type ProfileKind } from "../../../control/control_file.ts";
import { counted, formatSpan } from "../../../display/numbers.ts";
import { KymoError, quotePath } from "../../../errors.ts";
import type { CliContext } from "../../context.ts";
import { openMonitoringDirectory } from "../../input/monitoring_directory.ts";
import { progressBar } from "../../terminal/progress_bar.ts";
import { SPACED } from "../../terminal/style.ts";
import { answersTo, ask, requestOf, silence, type TargetOptions, targetsOf } from "./asking.ts";

/** The longest profile, ms. */
export const LONGEST_PROFILE = MAX_PROFILE_DURATION;

/** ms between updates of the progress bar. */
const TICK = 250;

/** What came of a profile on demand. */
export interface TakenProfiles {
  /** Paths of the files. */
  readonly files: readonly string[];
  /** What the programs say that took none. */
  readonly failures: readonly string[];
}

/**
 * Has running programs take a profile for some ms, and waits for the files.
 *
 * @throws {KymoError} `"not-found"` if no such program is recording there.
 */
export async function takeProfiles(
  path: string,
  kind: ProfileKind,
  duration: number,
  options: TargetOptions,
  context: CliContext,
): Promise<TakenProfiles> {
  const directory = openMonitoringDirectory(path, "take a profile", context);
  const targets = targetsOf(options);
  const wait = duration + options.wait;
  const question = requestOf(kind, targets, wait, context, duration);
  const { programs } = await whileTaking(duration, context, () => ask(directory, targets, question, context));
  if (programs.length === 0) {
    throw new KymoError("not-found", `Cannot take a profile: ${quotePath(path)}: no such program is recording there`);
  }
  const outcomes = programs.map((program) => ({ program, outcome: outcomeOf(program, question.ids) }));
  return {
    files: outcomes.flatMap(({ outcome }) => outcome?.files ?? []).map((name) => directory.pathOf(name)),
    failures: outcomes.flatMap(({ program, outcome }) => {
      if (outcome?.state === "done") return [];
      const why = outcome?.reason ?? silence(program, wait);
      return [`Cannot take a profile: PID ${program.id.pid}: ${why}`];
    }),
  };
}

function outcomeOf(
  { answer }: AskedProgram,
  ids: ReadonlySet<string>,
): ReturnType<typeof answersTo>[number] | undefined {
  return answer === undefined ? undefined : answersTo(answer, ids).find(({ state }) => state !== "running");
}

/** Shows a progress bar while `work` waits for profiles. */
async function whileTaking<Result>(
  duration: number,
  context: CliContext,
  work: () => Promise<Result>,
): Promise<Result> {
  using bar = progressBar(context, "Profiling");
  const begin = context.now();
  const stop = context.runtime.timers.every(TICK, () => {
    const passed = Math.min(duration, context.now() - begin);
    const left = formatSpan((duration - passed) / 1_000, SPACED);
    bar.update(Math.round(passed), duration, `${left} left`);
  });
  try {
    return await work();
  } finally {
    stop();
  }
}

/** How heap profiles are opened, for the output. */
export function heapProfileText({ files }: TakenProfiles): string {
  if (files.length === 0) return "";
  const list = files.map((path) => `${quotePath(path)}\n`).join("");
  return `${list}Took ${
    counted(files.length, "heap profile")
  }: what was allocated meanwhile and is still in use, by function. ` +
    "Open it with Load in the Memory panel of Chrome's DevTools.\n";
}
