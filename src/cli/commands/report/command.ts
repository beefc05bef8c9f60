import { SPACED } from "../../terminal/text.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { counted, formatBytes } from "../../../display/numbers.ts";
import type { Command } from "commander";
import { KymoError, quotePath } from "../../../errors.ts";
import type { TelemetryDB } from "../../../analysis/frames/telemetry_db.ts";
import type { Report } from "../../../report/make_report.ts";
import type { Files } from "../../../runtime.ts";
import type { ExitCode } from "../../exit_code.ts";
import { timeArgumentHelp } from "../../input/time_argument.ts";
import { progressBar } from "../../terminal/progress_bar.ts";
import { openRecording, tellUnread } from "../../input/reading.ts";
import { addSelectionOptions, selectionOf, type SelectionOptions } from "../../input/selection_options.ts";
import type { CliContext } from "../../context.ts";

const description = "Write a page to look at: what stands out, and charts of everything";

const details = `
DIR is a monitoring directory, a CSV file, or a pattern of files; there may be
several. What running programs have not yet flushed is read from their spools.
The page is one file that needs no network; open it in any browser. It begins
with what stands out, in words. Series of the runtime are always in it, whatever
--label says: they may be why something was slow. CPU profiles in a directory
are shown as flame graphs.
${timeArgumentHelp}

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

/** Adds `kymo report DIR…` to the command line; `end` is told the exit code. */
export function addReportCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("report")
    .description(description)
    .argument("<DIR...>", "monitoring directories, CSV files, or patterns of files")
    .option("-o, --output <FILE>", "the page", "report.html")
    .option("--title <TEXT>", "name at its top (default: DIR)")
    .option("--force", "replace FILE even if it is no report");
  addSelectionOptions(command)
    .option("--json", "print what was written as one JSON object")
    .addHelpText("after", details)
    .action(async (sources: string[], options: ReportCommandOptions) => {
      end(await report(sources, options, context));
    });
}

/** Writes a report, tells what could not be read, and returns the exit code. */
async function report(
  sources: readonly string[],
  options: ReportCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { output, json = false } = options;
  const { stdout, writeFile } = context;
  checkOutput(options, context);
  await using db = await openRecording(sources, "report", context, options);
  const { html, data: { rows, profiles } } = await make(db, sources, options, context);
  if (rows === 0 && profiles.length === 0) {
    tellUnread(db.reading, context);
    throw new KymoError("not-found", `Cannot report: there are no observations: ${sources.map(quotePath).join(", ")}`);
  }
  writeFile(output, html);
  const bytes = new TextEncoder().encode(html).length;
  stdout.write(
    json
      ? `${JSON.stringify({ path: output, bytes, rows })}\n`
      : `Wrote ${sanitize(output)}: ${counted(rows, "row")}, ${formatBytes(bytes, SPACED)}. Open it in a browser.\n`,
  );
  return tellUnread(db.reading, context);
}

/** How often it is seen whether the work has taken long enough for a progress bar, ms. */
const REFRESH = 250;

/** Makes a report, with a progress bar. */
async function make(
  db: TelemetryDB,
  sources: readonly string[],
  { title = sources.join(", "), ...selected }: ReportCommandOptions,
  context: CliContext,
): Promise<Report> {
  const { makeReport } = await import("../../../report/make_report.ts");
  const { timeRange } = await import("../../../analysis/summary/summary.ts");
  const { runtime: { files, timers }, version: kymo } = context;
  using bar = progressBar(context, "Reporting");
  let update = (): void => {};
  const stop = timers.every(REFRESH, () => update());
  try {
    return await makeReport(db, sources, {
      files,
      title,
      kymo,
      made: new Date(),
      selection: await selectionOf(selected, () => timeRange(db)),
      onProgress(done, total, what) {
        update = () => bar.update(done, total, what);
        update();
      },
    });
  } finally {
    stop();
  }
}

/** How every report begins, in bytes. */
const BEGINNING = 4_096;

/** @throws {KymoError} if it is a directory, or there is a file that is no report of ours and `force` is not given. */
function checkOutput({ output: path, force = false }: ReportCommandOptions, { look, runtime }: CliContext): void {
  const found = look(path);
  if (found === "directory") {
    throw new KymoError("invalid-argument", `Cannot report: it is a directory: ${quotePath(path)}`);
  }
  if (found === "nothing" || force) return;
  refuseToOverwrite(path, runtime.files);
}

/** Throws if a file that is there is no report of ours. */
function refuseToOverwrite(path: string, files: Files): void {
  const resolved = files.resolve(path);
  const refused = new KymoError(
    "already-exists",
    `Cannot report: there is a file that is no report, --force replaces it: ${quotePath(path)}`,
  );
  if (files.status(resolved)?.kind !== "file") throw refused;
  const file = files.open(resolved, "read");
  try {
    const bytes = new Uint8Array(BEGINNING);
    const beginning = new TextDecoder().decode(bytes.subarray(0, file.readAt(bytes, 0)));
    if (file.status().size > 0 && !/<title>[^<]*Kymo report<\/title>/.test(beginning)) throw refused;
  } finally {
    file.close();
  }
}
