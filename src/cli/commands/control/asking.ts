/**
 * What the commands have in common that switch and ask running programs: which programs are meant,
 * how they are asked and waited for, and what is said of those that do not answer.
 *
 * @module
 */

import type { Command } from "commander";
import type { Answer } from "../../../control/answer_file.ts";
import { type AskedProgram, askPrograms, keyOf, livingPrograms } from "../../../control/ask_programs.ts";
import { changeControl, withRequest } from "../../../control/change_control.ts";
import {
  type Control,
  type ControlRequest,
  readControl,
  type RequestKind,
  type Target,
} from "../../../control/control_file.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { KymoError, quotePath } from "../../../errors.ts";
import type { MonitoringDirectory } from "../../../files/directory.ts";
import { CONTROL_FILE } from "../../../files/names.ts";
import { optional } from "../../../small_json.ts";
import type { CliContext } from "../../context.ts";
import { addIsolateOption, addPidOption, addProgramOption, timeLength } from "../../input/options.ts";
import type { Column } from "../../terminal/table.ts";

/** The options that say which programs are meant. */
export interface TargetOptions {
  readonly pid?: readonly number[];
  readonly isolate?: readonly string[];
  readonly program?: readonly string[];
  /** ms to wait for answers. */
  readonly wait: number;
}

/** ms that commands wait for answers: programs look once a second. */
const PATIENCE = 3_000;

/** The longest time to wait, ms. */
const LONGEST_WAIT = 3_600_000;

/** ms for which programs may still read a request: a program that was stopped must not flush later. */
const REQUEST_LIFE = 10_000;

/** Adds `--pid`, `--isolate`, `--program` and `--wait` to a command. */
export function addTargetOptions(command: Command, patience: number = PATIENCE): Command {
  return addProgramOption(addIsolateOption(addPidOption(command)))
    .option("--wait <TIME>", "how long to wait for answers", timeLength(LONGEST_WAIT), patience);
}

/** Each combination of what options say, as one target; one that means all if they say nothing. */
export function targetsOf({ pid, isolate, program }: TargetOptions): Target[] {
  const anyOf = <Value>(values: readonly Value[] | undefined): readonly (Value | undefined)[] => values ?? [undefined];
  return anyOf(pid).flatMap((pid) =>
    anyOf(isolate).flatMap((isolate) =>
      anyOf(program).map((program) => ({
        ...optional("pid", pid),
        ...optional("isolate", isolate),
        ...optional("program", program),
      }))
    )
  );
}

/**
 * Checks that a command which names programs means one that lives.
 *
 * @throws {KymoError} `"not-found"`, saying "Cannot `action`".
 */
export function checkThatOneLives(
  directory: MonitoringDirectory,
  action: string,
  targets: readonly Target[],
): void {
  const isAny = targets.some((target) => Object.keys(target).length === 0);
  if (isAny || targets.some((target) => livingPrograms(directory, target).length > 0)) return;
  throw new KymoError(
    "not-found",
    `Cannot ${action}: ${quotePath(directory.path)}: no such program is recording there`,
  );
}

/** What a command asks: it changes the control file, and waits until it is answered. */
export interface Question {
  /** The control file with what is asked. */
  readonly change: (control: Control) => Pick<Control, "rules" | "requests">;
  /** Whether an answer to that control file is all that was asked for. */
  readonly isDone?: (answer: Answer) => boolean;
  /** ms to wait. */
  readonly wait: number;
}

/** Changes the control file, and returns the programs that are meant, with their answers. */
export async function ask(
  directory: MonitoringDirectory,
  targets: readonly Target[],
  { change, isDone = () => true, wait }: Question,
  { runtime: { clock, timers, isolateId }, now }: CliContext,
): Promise<{ readonly control: Control; readonly programs: AskedProgram[] }> {
  const control = await changeControl({ directory, clock, timers, newId: isolateId }, change);
  const ids = new Set([control.id]);
  const isAnswer = (answer: Answer): boolean => {
    if (!ids.has(answer.control)) addLatest(directory, control, ids);
    return ids.has(answer.control) && isDone(answer);
  };
  const found = new Map<string, AskedProgram>();
  const deadline = now() + wait;
  for (const target of targets) {
    const patience = Math.max(0, deadline - now());
    for (const program of await askPrograms({ directory, timers, now }, target, isAnswer, patience)) {
      found.set(keyOf(program), program);
    }
  }
  return { control, programs: [...found.values()].sort((one, other) => one.id.pid - other.id.pid) };
}

/** Another command may have changed the file since, before a program has read it. */
function addLatest(directory: MonitoringDirectory, { generation }: Control, ids: Set<string>): void {
  const latest = readControl(directory.files, directory.pathOf(CONTROL_FILE));
  if (latest.ok && latest.value.generation > generation) ids.add(latest.value.id);
}

/** A question that asks for the same of all targets. */
export function requestOf(
  what: RequestKind,
  targets: readonly Target[],
  wait: number,
  { runtime: { clock, isolateId } }: CliContext,
  duration?: number,
): Question & { readonly ids: ReadonlySet<string> } {
  const until = clock.epoch() + BigInt(REQUEST_LIFE) * 1_000_000n;
  const requests = targets.map((target): ControlRequest => ({
    ...target,
    id: isolateId(),
    what,
    until,
    ...optional("duration", duration),
  }));
  const ids = new Set(requests.map(({ id }) => id));
  return {
    ids,
    wait,
    change: ({ rules, requests: others }) => ({ rules, requests: requests.reduce(withRequest, others) }),
    isDone: (answer) => answersTo(answer, ids).some(({ state }) => state !== "running"),
  };
}

/** What an answer says of requests. */
export function answersTo({ requests }: Answer, ids: ReadonlySet<string>): Answer["requests"] {
  return requests.filter(({ id }) => ids.has(id));
}

/** Columns that say who a program is. */
export function identityColumns(programs: readonly AskedProgram[]): Column<AskedProgram>[] {
  const isRepeated = new Set(programs.map(({ id }) => id.pid)).size < programs.length;
  return [
    { title: "PID", cell: ({ id }) => `${id.pid}` },
    ...isRepeated ? [{ title: "isolate", cell: ({ id }: AskedProgram) => id.isolate }] : [],
    { title: "program", cell: ({ record }) => sanitize(nameOf(record)), side: "left", narrowest: 20 },
  ];
}

/** What to say of a program that has not answered. */
export function silence({ liveness }: AskedProgram, wait: number): string {
  const seconds = `${wait / 1_000} s`;
  return liveness === "alive"
    ? `no answer within ${seconds}: it is stopped, or its event loop is blocked`
    : `no answer within ${seconds}, and it cannot be told whether it lives`;
}

function nameOf(record: AskedProgram["record"]): string {
  if (record === undefined) return "?";
  const { name, script, kind } = record;
  return [
    name,
    ...script === undefined || script === name ? [] : [`(${script})`],
    ...kind === "worker" ? ["worker"] : [],
  ]
    .join(" ");
}
