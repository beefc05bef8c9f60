import type { Command } from "commander";
import { quotePath, UsageError } from "../errors.ts";
import { harmless } from "./display_text.ts";
import type { ExitCode } from "./exit_code.ts";
import { momentHelp } from "./moment.ts";
import { openRecording, tellUnread, whileReading } from "./reading.ts";
import { addSelectionOptions, selectionOf, type SelectionOptions } from "./selection_options.ts";
import type { Surroundings } from "./surroundings.ts";
import { count } from "./text.ts";
import { formatBytes } from "./units.ts";

const description = "Write what was recorded to one Parquet file";

const details = `
DIR is a monitoring directory, a CSV file, or a pattern of files; there may be
several. The columns: Timepoint (BIGINT, ns since 1970), Measurement (DOUBLE),
Label (VARCHAR), PID (BIGINT), Prefix (VARCHAR; duration, runtime, custom, …).
The file is there whole or not at all.
${momentHelp}

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
export function addExportCommand(program: Command, surroundings: Surroundings, end: (code: ExitCode) => void): void {
  const command = program.command("export")
    .description(description)
    .argument("<DIR...>", "monitoring directories, CSV files, or patterns of files")
    .requiredOption("-o, --output <FILE>", "the file to write, such as run.parquet");
  addSelectionOptions(command)
    .option("--force", "replace a file that is there")
    .option("--json", "print what was written as one JSON object")
    .addHelpText("after", details)
    .action(async (sources: string[], options: ExportCommandOptions) => {
      end(await exportRecording(sources, options, surroundings));
    });
}

/** Writes the file, tells what could not be read, and returns the exit code. */
async function exportRecording(
  sources: readonly string[],
  options: ExportCommandOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { stdout, runtime } = surroundings;
  const { output, json = false } = options;
  checkOutput(options, surroundings);
  await using db = await openRecording(sources, "export", surroundings);
  const { timeRange } = await import("../analysis/summary.ts");
  const { rows } = await whileReading(db, surroundings, async () => {
    const selection = await selectionOf(options, () => timeRange(db));
    return await db.all().where(selection).exportParquet(output);
  });
  const { reading } = db;
  const bytes = runtime.files.status(runtime.files.resolve(output))?.size ?? 0;
  if (json) {
    const unread = { rows: reading.unread, problems: reading.problems };
    stdout.write(`${JSON.stringify({ path: output, rows, bytes, unread })}\n`);
  } else {
    stdout.write(`Wrote ${count(rows, "row")} to ${harmless(output)} (${formatBytes(bytes)}).\n`);
  }
  return tellUnread(reading, surroundings);
}

/** @throws {UsageError} if that file should not be written. */
function checkOutput({ output, force = false }: ExportCommandOptions, { look }: Surroundings): void {
  if (!/\.parquet$/i.test(output)) {
    throw new UsageError(`Cannot export: the name of the file must end in .parquet: ${quotePath(output)}`);
  }
  const found = look(output);
  if (found === "directory") throw new UsageError(`Cannot export: it is a directory: ${quotePath(output)}`);
  if (found !== "nothing" && !force) {
    throw new UsageError(`Cannot export: the file is there already (--force replaces it): ${quotePath(output)}`);
  }
}
