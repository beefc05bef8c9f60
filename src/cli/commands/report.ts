import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { ExitCode } from "../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoriesOr } from "../input/default_directory.ts";
import { jsonLine, unreadOf } from "../terminal/json_output.ts";
import { addSelectionOptions, type SelectionOptions, SOURCES_HELP } from "../input/options.ts";
import { checkPageOutput } from "../input/output_file.ts";
import { type OpenedRecording, openRecording, refuseNothing, reportUnread } from "../input/recording.ts";
import { databaseHelp } from "../input/store_password.ts";
import { timeArgumentHelp } from "../input/time_argument.ts";
import { progressBar } from "../terminal/progress_bar.ts";
import { SPACED } from "../terminal/style.ts";
import { counted, formatBytes } from "../../display/numbers.ts";
import { sanitize } from "../../display/sanitize.ts";
import type { Report } from "../../report/make_report.ts";

const description = "Write a page: what stands out, and charts of everything";

const details = `
DIR is a monitoring directory, a CSV file, a pattern of files, or the address of
a database. What running programs have not yet flushed is read from their
spools. The page is one file; any browser shows it, without a network. It begins
with findings: sentences on what stands out, and why. The runtime's series are
included whatever --label says, since they may explain why something was slow.
CPU and heap profiles of a directory become flame graphs.
${databaseHelp}
${timeArgumentHelp}

--json prints one object: path, bytes, rows,
unread: {rows, problems: [{file, line, rows, reason}]}.

Examples:
  kymo report _monitoring
  kymo report _monitoring -o /tmp/friday.html --title "Friday evening"
  kymo report _monitoring --label "/orders*" --from -5m`;

interface ReportCommandOptions extends SelectionOptions {
  readonly output: string;
  readonly title?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds `kymo report DIR…` to the command line; it passes its exit code to `end`. */
export function addReportCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("report")
    .description(description)
    .argument("[DIR...]", `${SOURCES_HELP}; ${DEFAULT_DIRECTORY_HELP}`)
    .option("-o, --output <FILE>", "the file to write", "report.html")
    .option("--title <TEXT>", "the title of the page (default: DIR)")
    .option("--force", "replace FILE even if it is not a report");
  addSelectionOptions(command)
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (sources: string[], options: ReportCommandOptions) => {
      end(await report(directoriesOr(sources, "report", context), options, context));
    });
}

/** Writes a report, prints what was written, and returns the exit code. */
async function report(
  sources: readonly string[],
  options: ReportCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { output, force = false, json = false } = options;
  const { stdout, writeFile } = context;
  checkPageOutput({ path: output, kind: "report", action: "report", force }, context);
  await using recording = await openRecording(sources, "report", context, options);
  const { db } = recording;
  const { html, data: { rows, profiles } } = await make(recording, options, context);
  if (rows === 0 && profiles.length === 0) refuseNothing(recording, "report", context);
  writeFile(output, html);
  const bytes = new TextEncoder().encode(html).length;
  const unread = unreadOf(db.reading);
  stdout.write(
    json
      ? jsonLine("report", { path: output, rows, bytes, unread })
      : `Wrote ${sanitize(output)}: ${counted(rows, "row")}, ${formatBytes(bytes, SPACED)}. Open it in a browser.\n`,
  );
  return reportUnread(db.reading, context);
}

/**
 * Milliseconds between two updates of the progress bar: the work itself reports only now and then.
 */
const UPDATE_INTERVAL = 250;

/** Makes a report, with a progress bar. */
async function make(
  { db, sources: { names, paths }, select }: OpenedRecording,
  { title = names.join(", ") }: ReportCommandOptions,
  context: CliContext,
): Promise<Report> {
  const { makeReport } = await import("../../report/make_report.ts");
  const { runtime: { files, timers }, version: kymo } = context;
  using bar = progressBar(context, "Reporting");
  let update = (): void => {};
  const stop = timers.every(UPDATE_INTERVAL, () => update());
  try {
    return await makeReport(db, paths, {
      files,
      title,
      kymo,
      made: new Date(),
      selection: await select(),
      onProgress(done, total, what) {
        update = () => bar.update(done, total, what);
        update();
      },
    });
  } finally {
    stop();
  }
}
