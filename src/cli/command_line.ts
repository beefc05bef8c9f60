import { Command, CommanderError } from "commander";
import { StorageError, UsageError } from "../errors.ts";
import { type ExitCode, exitCode, exitCodeHelp } from "./exit_code.ts";
import { addCompareCommand } from "./compare_command.ts";
import { addExportCommand } from "./export_command.ts";
import { addProfileCommand } from "./profile_command.ts";
import { addRecoverCommand } from "./recover_command.ts";
import { addReportCommand } from "./report_command.ts";
import { addSummaryCommand } from "./summary_command.ts";
import type { Surroundings } from "./surroundings.ts";
import { addTopCommand } from "./top_command.ts";
import { bold, writeError } from "./text.ts";

const examples = `
Examples:
  kymo summary _monitoring                   where the time and the memory went
  kymo top _monitoring                       the same, live, of running programs
  kymo report _monitoring -o report.html     the same, to look at
  kymo compare before after                  which of two runs is faster
  kymo profile _monitoring                   the functions that took the time
  kymo export _monitoring -o run.parquet     everything, in one file
  kymo recover _monitoring                   what killed programs had recorded
  kymo help summary                          all about one command`;

/** Adds a command to the command line; it tells its exit code to `end`. */
type AddCommand = (program: Command, surroundings: Surroundings, end: (code: ExitCode) => void) => void;

/** All commands, in the order of `--help`. */
const commands: readonly AddCommand[] = [
  addSummaryCommand,
  addTopCommand,
  addReportCommand,
  addCompareCommand,
  addProfileCommand,
  addExportCommand,
  addRecoverCommand,
];

/** Does what the arguments of the command line say, and returns the exit code. What the user got wrong, and what the world refused, is told on one line. */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  let code: ExitCode = exitCode.ok;
  const program = emptyProgram(surroundings);
  for (const add of commands) add(program, surroundings, (told) => code = told);
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    return explain(error, surroundings);
  }
}

/** The program without its commands. These inherit how it writes and ends. */
function emptyProgram({ version, stdout, stderr }: Surroundings): Command {
  return new Command("kymo")
    .description("The command line of Kymo, telemetry for Deno and Bun")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("afterAll", exitCodeHelp)
    .addHelpText("after", examples)
    .configureHelp({ styleTitle: bold })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: () => {}, // it is thrown as well
      getOutHasColors: () => stdout.hasColors,
      getErrHasColors: () => stderr.hasColors,
      getOutHelpWidth: () => stdout.columns ?? 80,
      getErrHelpWidth: () => stderr.columns ?? 80,
    });
}

/** Tells why a command ended early, and returns the exit code. What nobody expected is thrown on. */
function explain(error: unknown, { stderr }: Surroundings): ExitCode {
  if (error instanceof CommanderError) {
    const { code, exitCode: status, message } = error;
    if (status === 0) return exitCode.ok; // help or version, already printed
    if (code !== "commander.help") writeError(stderr, `Cannot run kymo: ${message.replace(/^error: /, "")}`);
    return exitCode.usage;
  }
  if (!(error instanceof UsageError || error instanceof StorageError)) throw error;
  writeError(stderr, error.message);
  return error instanceof UsageError ? exitCode.usage : exitCode.incomplete;
}
