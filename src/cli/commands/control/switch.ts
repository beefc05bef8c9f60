import type { Command } from "commander";
import type { AskedProgram } from "../../../control/ask_programs.ts";
import { withRule } from "../../../control/change_control.ts";
import type { ControlRule } from "../../../control/control_file.ts";
import { formatTimepoint } from "../../../display/local_time.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { checkChannelName } from "../../../files/names.ts";
import { optional } from "../../../small_json.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoryOr } from "../../input/default_directory.ts";
import { jsonLine } from "../../terminal/json_output.ts";
import { openMonitoringDirectory } from "../../input/monitoring_directory.ts";
import { addLabelOption, repeated, timeLength } from "../../input/options.ts";
import { formatTable } from "../../terminal/table.ts";
import {
  addTargetOptions,
  ask,
  checkThatOneLives,
  identityColumns,
  silence,
  type TargetOptions,
  targetsOf,
} from "./asking.ts";

/** The longest time after which a switch is undone, ms. */
const LONGEST = 366 * 86_400_000;

const details = (word: "on" | "off"): string => `
Writes to the file .control in the monitoring directory DIR, which the programs
that record there look at once a second, and when a buffer is full. Waits until
all that live have answered, and prints a line for each. Programs that start
later follow too. The latest command counts; for what no command is about, a
program records as it was started.

With --for the command is undone after that time, whatever becomes of it or of
this terminal: what holds without it holds again. Without --for, it holds until
another one. "kymo ${word} DIR" without other options replaces all before.

Exits with 1 if a program has not answered: one that is stopped, or in a loop
that neither turns nor records, follows when it goes on. Exits with 2 if no
program lives there with such a PID or isolate.

--json prints one object: generation (of .control), programs (each with pid,
isolate, name, alive, answered, recording).

Examples:
  kymo ${word} _monitoring
  kymo ${word} _monitoring --program orders --for 10m
  kymo ${word} _monitoring --pid 4242 --label "/health*"`;

interface SwitchOptions extends TargetOptions {
  readonly channel?: readonly string[];
  readonly label?: readonly string[];
  readonly for?: number;
  readonly json?: boolean;
}

/** Adds `kymo on DIR` and `kymo off DIR` to the command line; they pass their exit codes to `end`. */
export function addSwitchCommands(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  for (const word of ["on", "off"] as const) {
    const command = program.command(word)
      .description(`Switch recording ${word} in running programs`)
      .argument("[DIR]", `the monitoring directory; ${DEFAULT_DIRECTORY_HELP}`);
    addLabelOption(
      addTargetOptions(command).option("--channel <NAME>", "only this channel; may be repeated", repeated(channelName)),
    )
      .option("--for <TIME>", "undo it after this time, such as 30s or 10m", timeLength(LONGEST))
      .option("--json", "print one JSON object")
      .addHelpText("after", details(word))
      .action(async (directory: string | undefined, options: SwitchOptions) => {
        end(await switchRecording(directoryOr(directory, `switch ${word}`, context), word === "on", options, context));
      });
  }
}

/** Switches, prints what the programs answer, and returns the exit code. */
async function switchRecording(
  path: string,
  record: boolean,
  options: SwitchOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout, runtime: { clock } } = context;
  const word = record ? "on" : "off";
  const directory = openMonitoringDirectory(path, `switch ${word}`, context);
  const until = options.for === undefined ? undefined : clock.epoch() + BigInt(options.for) * 1_000_000n;
  const targets = targetsOf(options);
  // A name may be that of a program to come, a PID and an isolate are not.
  if (options.pid !== undefined || options.isolate !== undefined) {
    checkThatOneLives(directory, `switch ${word}`, targets);
  }
  const rules = targets.flatMap((target) =>
    (options.channel ?? [undefined]).flatMap((channel) =>
      (options.label ?? [undefined]).map((label): ControlRule => ({
        ...target,
        ...optional("channel", channel),
        ...optional("label", label),
        record,
        ...optional("until", until),
      }))
    )
  );
  const { control, programs } = await ask(directory, targets, {
    change: ({ rules: before, requests }) => ({ rules: rules.reduce(withRule, before), requests }),
    wait: options.wait,
  }, context);
  if (options.json) {
    stdout.write(jsonLine(word, { generation: control.generation, programs: programs.map(toJson) }));
  } else stdout.write(asText(programs, until, options.wait, context));
  return programs.every(({ hasAnswered }) => hasAnswered) ? exitCode.ok : exitCode.incomplete;
}

function asText(
  programs: readonly AskedProgram[],
  until: bigint | undefined,
  wait: number,
  { stdout: { columns: width, hasColors } }: CliContext,
): string {
  const end = until === undefined ? "" : `Until ${formatTimepoint(until)}, and then as before.\n`;
  if (programs.length === 0) return `No such program is recording there now; those that start will follow.\n${end}`;
  const table = formatTable(
    [
      ...identityColumns(programs),
      { title: "recording", side: "left", cell: (program) => sanitize(stateOf(program, wait)) },
    ],
    programs,
    { width, hasColors },
  );
  return table + end;
}

function stateOf(program: AskedProgram, wait: number): string {
  const { answer, hasAnswered } = program;
  if (!hasAnswered || answer === undefined) return silence(program, wait);
  const { on, reason } = answer.recording;
  return [on ? "on" : "off", ...reason === undefined ? [] : [reason.replace(/^off by /, "by ")]].join(", ");
}

/** A program as commands print it with `--json`. */
export function toJson({ id, liveness, record, answer, hasAnswered }: AskedProgram): Record<string, unknown> {
  return {
    pid: id.pid,
    isolate: id.isolate,
    name: record?.name ?? null,
    alive: liveness === "alive" ? true : null,
    answered: hasAnswered,
    recording: hasAnswered ? answer?.recording ?? null : null,
  };
}

function channelName(text: string): string {
  checkChannelName("Cannot switch", text);
  return text;
}
