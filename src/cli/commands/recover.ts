import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoryOr } from "../input/default_directory.ts";
import { jsonLine } from "../terminal/json_output.ts";
import { openMonitoringDirectory } from "../input/monitoring_directory.ts";
import { progressBar } from "../terminal/progress_bar.ts";
import { writeError } from "../terminal/style.ts";
import { counted } from "../../display/numbers.ts";
import type { RecoveryProgress, RecoverySummary } from "../../files/recovery.ts";

const description = "Publish the rows that killed programs left in their spools";

const details = `
A killed program leaves what it had not yet flushed in its spools, files below
the monitoring directory DIR. This command publishes their rows as CSV files and
removes the spools. It leaves running programs alone. You may interrupt it and
start it again: no row is lost or published twice.

--json prints one object: spools, rows, damaged (rows), alive (spools in use by
running programs), refused (spools that you may not read or write), failures
(messages; the spools are kept).

Examples:
  kymo recover _monitoring
  kymo recover _monitoring --json`;

/** Adds `kymo recover DIR` to the command line; it passes its exit code to `end`. */
export function addRecoverCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program.command("recover")
    .description(description)
    .argument("[DIR]", `the monitoring directory; ${DEFAULT_DIRECTORY_HELP}`)
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (directory: string | undefined, { json = false }: { json?: boolean }) => {
      end(await recoverDirectory(directoryOr(directory, "recover", context), json, context));
    });
}

/** Recovers a directory, prints a summary, and returns the exit code. */
async function recoverDirectory(directory: string, json: boolean, context: CliContext): Promise<ExitCode> {
  const { recover, stdout, stderr } = context;
  openMonitoringDirectory(directory, "recover", context);
  const summary = await whileRecovering(context, (onProgress) => recover(directory, { onProgress }));
  const failures = summary.failures.map(({ message }) => message);
  stdout.write(json ? jsonLine("recover", { ...summary, failures }) : `${formatSummary(summary)}\n`);
  for (const failure of failures) writeError(stderr, failure);
  return summary.damaged > 0 || failures.length > 0 ? exitCode.incomplete : exitCode.ok;
}

/** Shows a progress bar while `work` recovers spools. */
async function whileRecovering<Result>(
  context: CliContext,
  work: (onProgress: (progress: RecoveryProgress) => void) => Promise<Result>,
): Promise<Result> {
  using bar = progressBar(context, "Recovering");
  return await work(({ spools, settled, rows }) => {
    bar.update(settled, spools, `${settled} of ${counted(spools, "spool")}, ${counted(rows, "row")}`);
  });
}

/** A summary as a sentence. */
function formatSummary({ spools, rows, damaged, alive, refused, failures }: RecoverySummary): string {
  const parts = [];
  if (spools > 0) parts.push(`Recovered ${counted(rows, "row")} from ${counted(spools, "spool")}`);
  else parts.push(failures.length > 0 ? "Recovered nothing" : "Nothing to recover");
  // One failure stands for all that are refused.
  const failed = failures.length - (refused > 0 ? 1 : 0);
  if (damaged > 0) parts.push(`${counted(damaged, "row")} could not be read`);
  if (failed > 0) {
    const kept = failed === 1 ? "its spool is" : "their spools are";
    parts.push(`${counted(failed, "failure")}, ${kept} kept`);
  }
  if (refused > 0) {
    parts.push(`${counted(refused, "spool")} of other users ${refused === 1 ? "is" : "are"} left to them`);
  }
  if (alive > 0) parts.push(`${counted(alive, "spool")} ${alive === 1 ? "is" : "are"} in use`);
  return `${parts.join("; ")}.`;
}
