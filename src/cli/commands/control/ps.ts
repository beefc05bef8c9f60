import type { Command } from "commander";
import { countOf, type RecordingState } from "../../../control/answer_file.ts";
import { type AskedProgram, livingPrograms } from "../../../control/ask_programs.ts";
import { formatTimepoint } from "../../../display/local_time.ts";
import { formatCount, formatRate, formatSpan } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { KymoError } from "../../../errors.ts";
import { CONTROL_FILE } from "../../../files/names.ts";
import type { MonitoringDirectory } from "../../../files/directory.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoryOr } from "../../input/default_directory.ts";
import { jsonLine } from "../../terminal/json_output.ts";
import { openMonitoringDirectory } from "../../input/monitoring_directory.ts";
import { COMPACT, SPACED, writeError } from "../../terminal/style.ts";
import { type Column, formatTable } from "../../terminal/table.ts";
import {
  addTargetOptions,
  ask,
  checkThatOneLives,
  identityColumns,
  requestOf,
  silence,
  type TargetOptions,
  targetsOf,
} from "./asking.ts";
import { toJson } from "./switch.ts";

const details = `
Asks the programs that record into the monitoring directory DIR, and prints a
line for each: since when it records, whether it is switched off and why, at
what rate it recorded in the last one or two seconds, how much is in files and
in memory, what was dropped, and how many failures there were.

Who may not write to the directory cannot ask, and sees the latest answers, if
the programs' files may be read. Exits with 1 if a program has not answered, and
with 2 if there is none such as --pid, --isolate or --program say.

--json prints one object: programs, each with pid, isolate, name, alive,
answered, recording, runtime, script, host, started (ns), at (of the answer,
ns), rate (rows/s), counts (as in status()), lastError, lastErrorAt (ns).

Examples:
  kymo ps _monitoring
  kymo ps _monitoring --program "orders*" --json`;

interface PsOptions extends TargetOptions {
  readonly json?: boolean;
}

/** Adds `kymo ps DIR` to the command line; it passes its exit code to `end`. */
export function addPsCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addTargetOptions(
    program.command("ps").description("List the programs that are recording").argument(
      "[DIR]",
      `the monitoring directory; ${DEFAULT_DIRECTORY_HELP}`,
    ),
  )
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (directory: string | undefined, options: PsOptions) => {
      end(await listPrograms(directoryOr(directory, "list the programs", context), options, context));
    });
}

async function listPrograms(path: string, options: PsOptions, context: CliContext): Promise<ExitCode> {
  const { stdout, stderr } = context;
  const directory = openMonitoringDirectory(path, "list the programs", context);
  const { programs, refusal } = await askForStatus(directory, options, context);
  if (options.json) stdout.write(jsonLine("ps", { programs: programs.map(statusToJson) }));
  else if (programs.length === 0) stdout.write("No program is recording there.\n");
  else stdout.write(asText(programs, refusal === undefined ? options.wait : undefined, context));
  if (refusal !== undefined) writeError(stderr, refusal);
  return refusal === undefined && programs.every(({ hasAnswered }) => hasAnswered) ? exitCode.ok : exitCode.incomplete;
}

/** The programs with new answers; with their latest if this user may not ask. */
async function askForStatus(
  directory: MonitoringDirectory,
  options: PsOptions,
  context: CliContext,
): Promise<{ readonly programs: AskedProgram[]; readonly refusal?: string }> {
  const targets = targetsOf(options);
  checkThatOneLives(directory, "list the programs", targets);
  if (livingPrograms(directory).length === 0) return { programs: [] };
  try {
    return await ask(directory, targets, requestOf("status", targets, options.wait, context), context);
  } catch (error) {
    // Without asking, the latest answers are shown.
    if (!(error instanceof KymoError) || !["permission-denied", "invalid-data"].includes(error.code)) throw error;
    const programs = targets.flatMap((target) => livingPrograms(directory, target));
    return { programs, refusal: `${error.message}: the programs were not asked` };
  }
}

function asText(
  programs: readonly AskedProgram[],
  wait: number | undefined,
  { stdout: { columns: width, hasColors }, runtime: { clock } }: CliContext,
): string {
  const now = clock.epoch();
  const count = (name: string) => ({ answer }: AskedProgram): string =>
    answer === undefined ? "" : formatCount(countOf(answer, name), COMPACT);
  const columns: Column<AskedProgram>[] = [
    ...identityColumns(programs),
    { title: "runtime", side: "left", rank: 1, cell: ({ record }) => sanitize(runtimeOf(record)) },
    { title: "for", rank: 2, cell: ({ record }) => record === undefined ? "" : since(record.started, now) },
    {
      title: "recording",
      side: "left",
      cell: ({ answer }) => answer === undefined ? "?" : answer.recording.on ? "on" : "off",
    },
    { title: "rows/s", cell: ({ answer }) => answer === undefined ? "" : formatRate(answer.rate, COMPACT) },
    { title: "in files", rank: 4, cell: count("flushed") },
    { title: "in memory", rank: 3, cell: count("buffered") },
    { title: "dropped", cell: count("dropped") },
    { title: "errors", cell: count("errors") },
  ];
  return formatTable(columns, programs, { width, hasColors }) +
    programs.flatMap((program) => notesOf(program, wait)).map((note) => `${sanitize(note)}\n`).join("");
}

/** What the table has no room for. `wait`: ms that answers were waited for; absent if nobody was asked. */
function notesOf(program: AskedProgram, wait: number | undefined): string[] {
  const { id: { pid }, answer, hasAnswered } = program;
  const { recording, lastError, lastErrorAt } = answer ?? {};
  const when = lastErrorAt === undefined ? "" : `, ${formatTimepoint(lastErrorAt)}`;
  return [
    ...hasAnswered || wait === undefined ? [] : [`PID ${pid}: ${silence(program, wait)}`],
    ...stateOf(recording) === undefined ? [] : [`PID ${pid}: ${stateOf(recording)}`],
    ...lastError === undefined ? [] : [`PID ${pid}: latest error${when}: ${lastError}`],
  ];
}

/** Why not all is recorded, or until when it is; `undefined` if nothing is to be said of it. */
function stateOf(recording: RecordingState | undefined): string | undefined {
  const { on, reason, until } = recording ?? { on: true };
  if (reason === undefined && until === undefined) return undefined;
  const words = [
    ...on ? [reason === undefined ? `on by ${CONTROL_FILE}` : "on:"] : [],
    ...reason === undefined ? [] : [reason],
  ];
  return words.join(" ") + (until === undefined ? "" : ` until ${formatTimepoint(BigInt(until) * 1_000_000n)}`);
}

function runtimeOf(record: AskedProgram["record"]): string {
  return record === undefined ? "" : `${record.runtime} ${record.runtimeVersion}`;
}

function since(start: bigint, now: bigint): string {
  return formatSpan(Math.max(0, Number(now - start) / 1e9), SPACED);
}

function statusToJson(program: AskedProgram): Record<string, unknown> {
  const { record, answer } = program;
  return {
    ...toJson(program),
    recording: answer?.recording ?? null,
    runtime: record === undefined ? null : runtimeOf(record),
    script: record?.script ?? null,
    host: record?.host ?? null,
    started: record === undefined ? null : String(record.started),
    at: answer === undefined ? null : String(answer.at),
    rate: answer?.rate ?? null,
    counts: answer?.counts ?? null,
    lastError: answer?.lastError ?? null,
    lastErrorAt: answer?.lastErrorAt === undefined ? null : String(answer.lastErrorAt),
  };
}
