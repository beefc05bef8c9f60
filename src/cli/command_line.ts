import { Command, CommanderError } from "commander";
import { KymoError, type KymoErrorCode } from "../errors.ts";
import { type ExitCode, exitCode, exitCodeHelp } from "./exit_code.ts";
import { addCompareCommand } from "./commands/compare/command.ts";
import { addExportCommand } from "./commands/export/command.ts";
import { addProfileCommand } from "./commands/profile/command.ts";
import { addRecoverCommand } from "./commands/recover/command.ts";
import { addReportCommand } from "./commands/report/command.ts";
import { addSummaryCommand } from "./commands/summary/command.ts";
import type { CliContext } from "./context.ts";
import { addTopCommand } from "./commands/top/command.ts";
import { bold, writeError } from "./terminal/text.ts";

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
type AddCommand = (program: Command, context: CliContext, end: (code: ExitCode) => void) => void;

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

/** Failures of the machine or of the data; all others are the user's to mend. */
const INCOMPLETE: ReadonlySet<KymoErrorCode> = new Set(["io", "permission-denied", "invalid-data", "out-of-memory"]);

/** Does what the arguments of the command line say, and returns the exit code. What the user got wrong, and what the world refused, is told on one line. */
export async function runCommandLine(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let code: ExitCode = exitCode.ok;
  const program = emptyProgram(context);
  for (const add of commands) add(program, context, (told) => code = told);
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    return explain(error, context);
  }
}

/** The program without its commands. These inherit how it writes and ends. */
function emptyProgram({ version, stdout, stderr }: CliContext): Command {
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
function explain(error: unknown, { stderr }: CliContext): ExitCode {
  if (error instanceof CommanderError) {
    const { code, exitCode: status, message } = error;
    if (status === 0) return exitCode.ok; // help or version, already printed
    if (code !== "commander.help") writeError(stderr, `Cannot run kymo: ${message.replace(/^error: /, "")}`);
    return exitCode.usage;
  }
  if (!(error instanceof KymoError)) throw error;
  writeError(stderr, error.message);
  return INCOMPLETE.has(error.code) ? exitCode.incomplete : exitCode.usage;
}
