import { Command, CommanderError } from "commander";
import { KymoError, quote } from "../errors.ts";
import type { CliContext } from "./context.ts";
import { type ExitCode, exitCode, exitCodeHelp, exitCodeOfError } from "./exit_codes.ts";
import { bold, writeError } from "./terminal/style.ts";

const examples = `
Examples:
  kymo summary _monitoring                   where time and memory went
  kymo top _monitoring                       the same, live, of running programs
  kymo report _monitoring -o report.html     the same, as a page with charts
  kymo view _monitoring                      the page in a browser, at any zoom
  kymo live _monitoring                      the page of what is recorded now
  kymo slow _monitoring                      what ran during the slowest samples
  kymo why _monitoring render                what makes it slow, as far as known
  kymo compare before after                  which of two recordings is faster
  kymo profile _monitoring                   the functions that took the time
  kymo sql _monitoring                       questions of your own, in SQL
  kymo plot rss cpu -o memory.svg            series, and ratios, as a picture
  kymo export _monitoring -o run.parquet     all observations in one file
  kymo ps _monitoring                        the programs that are recording
  kymo off _monitoring --for 10m             switch them off, without a restart
  kymo flush _monitoring                     have them write what they hold
  kymo recover _monitoring                   what killed programs had recorded
  kymo compact _monitoring                   few small files instead of many
  kymo prune _monitoring --max-age 7d        remove what is older than that
  kymo ship _monitoring --to postgres://db/telemetry
                                             the rows into a database
  kymo serve _monitoring                     counts for Prometheus and OTLP
  kymo load localhost:3000 --rate 500        requests, and how long they take
  kymo env                                   what the environment tells programs
  kymo completion bash                       completes commands in a shell
  kymo help summary                          the help of a command`;

/** Adds a command to the command line; the command passes its exit code to `end`. */
type AddCommand = (program: Command, context: CliContext, end: (code: ExitCode) => void) => void;

/** `kymo on` and `kymo off`. */
const switches = async (): Promise<AddCommand> => (await import("./commands/control/switch.ts")).addSwitchCommands;

/**
 * All commands, in the order of `--help`. Only the one that is asked for is loaded: all of them take
 * 14 MiB of memory, and half of the time until a command begins.
 */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  summary: async () => (await import("./commands/summary/command.ts")).addSummaryCommand,
  top: async () => (await import("./commands/top/command.ts")).addTopCommand,
  report: async () => (await import("./commands/report.ts")).addReportCommand,
  view: async () => (await import("./commands/view/command.ts")).addViewCommand,
  live: async () => (await import("./commands/view/live.ts")).addLiveCommand,
  slow: async () => (await import("./commands/slow/command.ts")).addSlowCommand,
  why: async () => (await import("./commands/slow/why.ts")).addWhyCommand,
  compare: async () => (await import("./commands/compare/command.ts")).addCompareCommand,
  profile: async () => (await import("./commands/profile/command.ts")).addProfileCommand,
  sql: async () => (await import("./commands/query/sql.ts")).addSqlCommand,
  plot: async () => (await import("./commands/query/plot.ts")).addPlotCommand,
  export: async () => (await import("./commands/query/export.ts")).addExportCommand,
  ps: async () => (await import("./commands/control/ps.ts")).addPsCommand,
  on: switches,
  off: switches,
  flush: async () => (await import("./commands/control/flush.ts")).addFlushCommand,
  recover: async () => (await import("./commands/recover.ts")).addRecoverCommand,
  compact: async () => (await import("./commands/compact.ts")).addCompactCommand,
  prune: async () => (await import("./commands/prune.ts")).addPruneCommand,
  ship: async () => (await import("./commands/ship/command.ts")).addShipCommand,
  serve: async () => (await import("./commands/serve/command.ts")).addServeCommand,
  load: async () => (await import("./commands/load/command.ts")).addLoadCommand,
  env: async () => (await import("./commands/shell/env.ts")).addEnvCommand,
  completion: async () => (await import("./commands/shell/completion.ts")).addCompletionCommand,
};

/**
 * Runs the command that the arguments name, and returns the exit code. Expected failures are
 * written to `stderr`, one line each; unexpected ones are thrown.
 */
export async function runCommandLine(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let code: ExitCode = exitCode.ok;
  const program = emptyProgram(context);
  for (const add of await wantedCommands(args)) add(program, context, (end) => code = end);
  addHelpCommand(program);
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    return reportFailure(error, context);
  }
}

/** The command that the arguments begin with; all, for the help and for what is misspelt, if there is none. */
async function wantedCommands([name = ""]: readonly string[]): Promise<readonly AddCommand[]> {
  const isOne = Object.hasOwn(commands, name) && name !== "completion"; // which needs to know all
  const wanted = isOne ? [commands[name]!] : [...new Set(Object.values(commands))];
  return await Promise.all(wanted.map((load) => load()));
}

/** The program without commands; they inherit its output and its way to end. */
function emptyProgram({ version, stdout, stderr }: CliContext): Command {
  return new Command("kymo")
    .description("The command line of Kymo, telemetry for Deno and Bun")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .addHelpText("afterAll", exitCodeHelp)
    .addHelpText("after", examples)
    .configureHelp({ styleTitle: bold })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: () => {}, // commander throws the same error
      getOutHasColors: () => stdout.hasColors,
      getErrHasColors: () => stderr.hasColors,
      getOutHelpWidth: () => stdout.columns ?? 80,
      getErrHelpWidth: () => stderr.columns ?? 80,
    });
}

/** Adds `kymo help [COMMAND]`. Commander's own prints the help of all for a command that there is not. */
function addHelpCommand(program: Command): void {
  program.command("help")
    .description("print the help of a command")
    .argument("[command]")
    .action((name: string | undefined) => {
      const command = name === undefined ? program : program.commands.find((one) => one.name() === name);
      if (command !== undefined) return command.help();
      const names = program.commands.map((one) => one.name()).join(", ");
      throw new KymoError("invalid-argument", `Cannot help: ${quote(name)}: no such command; there are: ${names}`);
    });
}

/** Writes why a command failed, and returns the exit code. Throws errors that nobody expected. */
function reportFailure(error: unknown, { stderr }: CliContext): ExitCode {
  if (error instanceof CommanderError) {
    const { code, exitCode: status, message } = error;
    if (status === 0) return exitCode.ok; // help or version, already printed
    if (code !== "commander.help") writeError(stderr, `Cannot run kymo: ${message.replace(/^error: /, "")}`);
    return exitCode.usage;
  }
  if (!(error instanceof KymoError)) throw error;
  writeError(stderr, error.message);
  return exitCodeOfError[error.code];
}
