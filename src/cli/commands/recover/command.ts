import { counted } from "../../../display/numbers.ts";
import type { Command } from "commander";
import { KymoError, quote } from "../../../errors.ts";
import type { RecoveryProgress, RecoverySummary } from "../../../files/recovery.ts";
import { type ExitCode, exitCode } from "../../exit_code.ts";
import { progressBar } from "../../terminal/progress_bar.ts";
import type { CliContext } from "../../context.ts";
import { writeError } from "../../terminal/text.ts";

const description = "Publish the rows that dead programs left in their spools as CSV files";

const details = `
What a program had recorded when it was killed is in its spools, hidden in the
monitoring directory DIR. Their rows are published as CSV files, and the spools
are removed. Running programs are left alone. It may be interrupted at any time,
and done again: no row is lost, and none is published twice.

Examples:
  kymo recover _monitoring
  kymo recover _monitoring --json`;

/** Adds `kymo recover DIR` to the command line; `end` is told the exit code. */
export function addRecoverCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program.command("recover")
    .description(description)
    .argument("<DIR>", "the monitoring directory")
    .option("--json", "print the summary as one JSON object")
    .addHelpText("after", details)
    .action(async (directory: string, { json = false }: { json?: boolean }) => {
      end(await recoverDirectory(directory, json, context));
    });
}

/** Recovers a directory, tells what became of it, and returns the exit code. */
async function recoverDirectory(directory: string, json: boolean, context: CliContext): Promise<ExitCode> {
  const { look, recover, stdout, stderr } = context;
  const found = look(directory);
  if (found !== "directory") {
    const what = found === "nothing" ? "no such directory" : "not a directory";
    throw new KymoError("invalid-argument", `Cannot recover: ${what}: ${quote(directory)}`);
  }
  const summary = await watchProgress(context, (onProgress) => recover(directory, { onProgress }));
  const failures = summary.failures.map(({ message }) => message);
  stdout.write(`${json ? JSON.stringify({ ...summary, failures }) : tell(summary)}\n`);
  for (const failure of failures) writeError(stderr, failure);
  return summary.damaged > 0 || failures.length > 0 ? exitCode.incomplete : exitCode.ok;
}

/** Shows a progress bar while some work is done. */
async function watchProgress<Result>(
  context: CliContext,
  work: (onProgress: (progress: RecoveryProgress) => void) => Promise<Result>,
): Promise<Result> {
  using bar = progressBar(context, "Recovering");
  return await work(({ spools, settled, rows }) => {
    bar.update(settled, spools, `${settled} of ${counted(spools, "spool")}, ${counted(rows, "row")}`);
  });
}

/** A summary in words. */
function tell({ spools, rows, damaged, alive, failures }: RecoverySummary): string {
  const parts = [];
  if (spools > 0) parts.push(`Recovered ${counted(rows, "row")} from ${counted(spools, "spool")}`);
  else parts.push(failures.length > 0 ? "Recovered nothing" : "Nothing to recover");
  if (damaged > 0) parts.push(`${counted(damaged, "row")} could not be read`);
  if (failures.length > 0) {
    const kept = failures.length === 1 ? "its spool is" : "their spools are";
    parts.push(`${counted(failures.length, "failure")}, ${kept} kept`);
  }
  if (alive > 0) parts.push(`${counted(alive, "spool")} ${alive === 1 ? "is" : "are"} in use`);
  return `${parts.join("; ")}.`;
}
