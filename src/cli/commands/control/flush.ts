import type { Command } from "commander";
import type { AskedProgram } from "../../../control/ask_programs.ts";
import { counted } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoryOr } from "../../input/default_directory.ts";
import { jsonLine } from "../../terminal/json_output.ts";
import { openMonitoringDirectory } from "../../input/monitoring_directory.ts";
import { writeError } from "../../terminal/style.ts";
import { formatTable } from "../../terminal/table.ts";
import {
  addTargetOptions,
  answersTo,
  ask,
  checkThatOneLives,
  identityColumns,
  requestOf,
  silence,
  type TargetOptions,
  targetsOf,
} from "./asking.ts";
import { toJson } from "./switch.ts";

/** ms to wait: a flush of full buffers to a slow disk takes seconds. */
const PATIENCE = 30_000;

const details = `
All that was recorded until now is in files when it returns: the programs that
record into the monitoring directory DIR are asked to write what they hold, and
what killed programs left in their spools is recovered.

Exits with 1 if a program does not answer, or cannot write, and with 2 if there
is none such as --pid, --isolate or --program say.

--json prints one object: recovered (rows of killed programs), failures (of
their recovery), programs (each with pid, isolate, name, alive, answered,
recording, flushed).

Examples:
  kymo flush _monitoring
  kymo flush _monitoring --pid 4242 --wait 5s`;

/** Adds `kymo flush DIR` to the command line; it passes its exit code to `end`. */
export function addFlushCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addTargetOptions(
    program.command("flush")
      .description("Have running programs write what they have recorded")
      .argument("[DIR]", `the monitoring directory; ${DEFAULT_DIRECTORY_HELP}`),
    PATIENCE,
  )
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (directory: string | undefined, options: TargetOptions & { readonly json?: boolean }) => {
      end(await flushPrograms(directoryOr(directory, "flush", context), options, context));
    });
}

async function flushPrograms(
  path: string,
  options: TargetOptions & { readonly json?: boolean },
  context: CliContext,
): Promise<ExitCode> {
  const { stdout, stderr, recover } = context;
  const directory = openMonitoringDirectory(path, "flush", context);
  const targets = targetsOf(options);
  checkThatOneLives(directory, "flush", targets);
  const question = requestOf("flush", targets, options.wait, context);
  const { programs } = await ask(directory, targets, question, context);
  const { rows, failures } = await recover(path);
  const stateOf = (program: AskedProgram): string => {
    if (!program.hasAnswered || program.answer === undefined) return silence(program, options.wait);
    const [outcome] = answersTo(program.answer, question.ids);
    return outcome?.state === "done" ? "in files" : outcome?.reason ?? "failed";
  };
  const isFlushed = (program: AskedProgram): boolean => stateOf(program) === "in files";
  const messages = failures.map(({ message }) => message);
  if (options.json) {
    const list = programs.map((program) => ({ ...toJson(program), flushed: isFlushed(program) }));
    stdout.write(jsonLine("flush", { recovered: rows, failures: messages, programs: list }));
  } else {
    const { columns: width, hasColors } = stdout;
    if (programs.length > 0) {
      stdout.write(formatTable(
        [
          ...identityColumns(programs),
          { title: "recorded until now", side: "left", cell: (program) => sanitize(stateOf(program)) },
        ],
        programs,
        { width, hasColors },
      ));
    } else stdout.write("No such program is recording there now.\n");
    if (rows > 0) stdout.write(`Recovered ${counted(rows, "row")} of killed programs.\n`);
  }
  for (const message of messages) writeError(stderr, message);
  return messages.length === 0 && programs.every(isFlushed) ? exitCode.ok : exitCode.incomplete;
}
