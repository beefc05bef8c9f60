import { SPACED } from "../../terminal/text.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { counted, formatBytes } from "../../../display/numbers.ts";
import type { Command } from "commander";
import { KymoError, quotePath } from "../../../errors.ts";
import type { ExitCode } from "../../exit_code.ts";
import { timeArgumentHelp } from "../../input/time_argument.ts";
import { openRecording, tellUnread, whileReading } from "../../input/reading.ts";
import { addSelectionOptions, selectionOf, type SelectionOptions } from "../../input/selection_options.ts";
import type { CliContext } from "../../context.ts";

const description = "Write what was recorded to one Parquet file";

const details = `
DIR is a monitoring directory, a CSV file, or a pattern of files; there may be
several. The columns: Timepoint (BIGINT, ns since 1970), Measurement (DOUBLE),
Label (VARCHAR), PID (BIGINT), Channel (VARCHAR; duration, runtime, custom, …).
The file is there whole or not at all.
${timeArgumentHelp}

--json prints {path, rows, bytes, unread: {rows, problems: [{file, line, rows,
reason}]}}.

Examples:
  kymo export _monitoring -o run.parquet
  kymo export _monitoring -o slow.parquet --label "/report*" --from -5m --force`;

interface ExportCommandOptions extends SelectionOptions {
  readonly output: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds `kymo export DIR… -o FILE` to the command line; `end` is told the exit code. */
export function addExportCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("export")
    .description(description)
    .argument("<DIR...>", "monitoring directories, CSV files, or patterns of files")
    .requiredOption("-o, --output <FILE>", "the file to write, such as run.parquet");
  addSelectionOptions(command)
    .option("--force", "replace a file that is there")
    .option("--json", "print what was written as one JSON object")
    .addHelpText("after", details)
    .action(async (sources: string[], options: ExportCommandOptions) => {
      end(await exportRecording(sources, options, context));
    });
}

/** Writes the file, tells what could not be read, and returns the exit code. */
async function exportRecording(
  sources: readonly string[],
  options: ExportCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout, runtime } = context;
  const { output, json = false } = options;
  checkOutput(options, context);
  await using db = await openRecording(sources, "export", context, options);
  const { timeRange } = await import("../../../analysis/summary/summary.ts");
  const { rows } = await whileReading(db, context, async () => {
    const selection = await selectionOf(options, () => timeRange(db));
    return await db.all().where(selection).exportParquet(output);
  });
  const { reading } = db;
  const bytes = runtime.files.status(runtime.files.resolve(output))?.size ?? 0;
  if (json) {
    const unread = { rows: reading.unread, problems: reading.problems };
    stdout.write(`${JSON.stringify({ path: output, rows, bytes, unread })}\n`);
  } else {
    stdout.write(`Wrote ${counted(rows, "row")} to ${sanitize(output)} (${formatBytes(bytes, SPACED)}).\n`);
  }
  return tellUnread(reading, context);
}

/** @throws {KymoError} if that file should not be written. */
function checkOutput({ output, force = false }: ExportCommandOptions, { look }: CliContext): void {
  if (!/\.parquet$/i.test(output)) {
    throw new KymoError(
      "invalid-argument",
      `Cannot export: the name of the file must end in .parquet: ${quotePath(output)}`,
    );
  }
  const found = look(output);
  if (found === "directory") {
    throw new KymoError("invalid-argument", `Cannot export: it is a directory: ${quotePath(output)}`);
  }
  if (found !== "nothing" && !force) {
    throw new KymoError(
      "already-exists",
      `Cannot export: the file is there already (--force replaces it): ${quotePath(output)}`,
    );
  }
}
