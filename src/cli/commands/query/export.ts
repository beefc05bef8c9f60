import type { Command } from "commander";
import type { CliContext } from "../../context.ts";
import type { ExitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoriesOr } from "../../input/default_directory.ts";
import { jsonLine, unreadOf } from "../../terminal/json_output.ts";
import { checkOutputFile } from "../../input/output_file.ts";
import { addSelectionOptions, type SelectionOptions, SOURCES_HELP } from "../../input/options.ts";
import { openRecording, refuseNothing, reportUnread, whileReading } from "../../input/recording.ts";
import { databaseHelp } from "../../input/store_password.ts";
import { timeArgumentHelp } from "../../input/time_argument.ts";
import { SPACED } from "../../terminal/style.ts";
import { counted, formatBytes } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { KymoError, quotePath } from "../../../errors.ts";

const description = "Write all observations to one Parquet file";

const details = `
DIR is a monitoring directory, a CSV file, a pattern of files, or the address of
a database. The columns: Timepoint (BIGINT, ns since 1970), Measurement
(DOUBLE), Label (VARCHAR), PID (BIGINT), Isolate (VARCHAR), and Channel
(VARCHAR: duration, runtime, custom, …). The file appears only once it is
complete.
${databaseHelp}
${timeArgumentHelp}

--json prints one object: path, rows, bytes,
unread: {rows, problems: [{file, line, rows, reason}]}.

Examples:
  kymo export _monitoring -o run.parquet
  kymo export _monitoring -o slow.parquet --label "/report*" --from -5m --force`;

interface ExportCommandOptions extends SelectionOptions {
  readonly output: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds `kymo export DIR… -o FILE` to the command line; it passes its exit code to `end`. */
export function addExportCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("export")
    .description(description)
    .argument("[DIR...]", `${SOURCES_HELP}; ${DEFAULT_DIRECTORY_HELP}`)
    .requiredOption("-o, --output <FILE>", "the file to write, such as run.parquet");
  addSelectionOptions(command)
    .option("--force", "replace an existing file")
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (sources: string[], options: ExportCommandOptions) => {
      end(await exportRecording(directoriesOr(sources, "export", context), options, context));
    });
}

/** Writes the file, reports what could not be read, and returns the exit code. */
async function exportRecording(
  sources: readonly string[],
  options: ExportCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout, runtime } = context;
  const { output, json = false } = options;
  checkOutput(options, context);
  await using recording = await openRecording(sources, "export", context, options, { runtime: "selected" });
  const { db } = recording;
  const rows = await whileReading(db, context, async () => {
    const selected = db.all().where(await recording.select());
    if ((await selected.sql(`SELECT 1 FROM ${selected.relation} LIMIT 1`)).rowCount === 0) return 0;
    return (await selected.exportParquet(output)).rows;
  });
  if (rows === 0) refuseNothing(recording, "export", context);
  const { reading } = db;
  const bytes = runtime.files.status(runtime.files.resolve(output))?.size ?? 0;
  if (json) {
    const unread = unreadOf(reading);
    stdout.write(jsonLine("export", { path: output, rows, bytes, unread }));
  } else {
    stdout.write(`Wrote ${counted(rows, "row")} to ${sanitize(output)} (${formatBytes(bytes, SPACED)}).\n`);
  }
  return reportUnread(reading, context);
}

/** @throws {KymoError} if the file must not be written. */
function checkOutput({ output, force = false }: ExportCommandOptions, context: CliContext): void {
  if (!/\.parquet$/i.test(output)) {
    throw new KymoError(
      "invalid-argument",
      `Cannot export: ${quotePath(output)}: the name must end in .parquet`,
    );
  }
  checkOutputFile({ path: output, action: "export", force }, context);
}
