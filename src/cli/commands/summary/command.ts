import type { Command } from "commander";
import type { ExitCode } from "../../exit_code.ts";
import { timeArgumentHelp } from "../../input/time_argument.ts";
import { wholeNumber } from "../../input/option_values.ts";
import { openRecording, tellUnread, whileReading } from "../../input/reading.ts";
import { addSelectionOptions, selectionOf, type SelectionOptions } from "../../input/selection_options.ts";
import { parseQuantiles, parseSortKey } from "./order.ts";
import { jsonHelp, toJson } from "./json.ts";
import { formatSummary } from "./text.ts";
import type { CliContext } from "../../context.ts";

const description = "Show how often and how long by label, and the runtime's memory, CPU and GC";

const details = `
DIR is a monitoring directory, a CSV file, or a pattern of files; there may be
several. What running programs have not yet flushed is read from their spools.
Rates are by the time from the first to the last observation that is selected.
Where the terminal is narrow, columns are left out; --json has all.
${timeArgumentHelp}
${jsonHelp}

Examples:
  kymo summary _monitoring
  kymo summary _monitoring --label "/orders*" --from -5m
  kymo summary _monitoring --sort p99 --quantiles 0.5,0.99,0.9999
  kymo summary _monitoring --json | jq .durations`;

interface SummaryCommandOptions extends SelectionOptions {
  readonly byPid?: boolean;
  readonly quantiles: string;
  readonly sort: string;
  readonly top: number;
  readonly json?: boolean;
}

/** Adds `kymo summary DIR…` to the command line; `end` is told the exit code. */
export function addSummaryCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("summary")
    .description(description)
    .argument("<DIR...>", "monitoring directories, CSV files, or patterns of files");
  addSelectionOptions(command)
    .option("--by-pid", "each process for itself")
    .option("--quantiles <LIST>", "which quantiles", "p50,p90,p99,p99.9")
    .option("--sort <KEY>", "total, count, mean, max, label, or a quantile", "total")
    .option("--top <N>", "how many series of each kind, 0 for all; --json has all", wholeNumber(0), 100)
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (sources: string[], options: SummaryCommandOptions) => {
      end(await summarizeRecording(sources, options, context));
    });
}

/** Prints a summary, tells what could not be read, and returns the exit code. */
async function summarizeRecording(
  sources: readonly string[],
  options: SummaryCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout } = context;
  const { byPid = false, json = false, top } = options;
  const quantiles = parseQuantiles(options.quantiles);
  const sort = parseSortKey(options.sort, quantiles);
  await using db = await openRecording(sources, "summarize", context, options);
  const [{ summarize, timeRange }, { estimateTimeRange }] = await Promise.all([
    import("../../../analysis/summary/summary.ts"),
    import("../../../analysis/summary/time_estimate.ts"),
  ]);
  const summary = await whileReading(db, context, async () => {
    const selection = await selectionOf(options, () => timeRange(db));
    const estimate = estimateTimeRange(sources, context.runtime.files);
    return await summarize(db, { ...selection, byPid, quantiles, estimate });
  });
  const { reading } = db;
  if (json) stdout.write(`${toJson(summary, { sources, reading, sort })}\n`);
  else {
    const { columns: width, hasColors } = stdout;
    stdout.write(formatSummary(summary, { sources, reading, sort, byPid, top, width, hasColors }));
  }
  return tellUnread(reading, context);
}
