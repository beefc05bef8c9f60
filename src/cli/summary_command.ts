import type { Command } from "commander";
import type { ExitCode } from "./exit_code.ts";
import { momentHelp } from "./moment.ts";
import { wholeNumber } from "./option_values.ts";
import { openRecording, tellUnread, whileReading } from "./reading.ts";
import { addSelectionOptions, selectionOf, type SelectionOptions } from "./selection_options.ts";
import { parseQuantiles, parseSortKey } from "./summary/order.ts";
import { jsonHelp, toJson } from "./summary/summary_json.ts";
import { formatSummary } from "./summary/summary_text.ts";
import type { Surroundings } from "./surroundings.ts";

const description = "Show how often and how long by label, and the runtime's memory, CPU and GC";

const details = `
DIR is a monitoring directory, a CSV file, or a pattern of files; there may be
several. What running programs have not yet flushed is read from their spools.
Rates are by the time from the first to the last observation that is selected.
Where the terminal is narrow, columns are left out; --json has all.
${momentHelp}
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
export function addSummaryCommand(program: Command, surroundings: Surroundings, end: (code: ExitCode) => void): void {
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
      end(await summarizeRecording(sources, options, surroundings));
    });
}

/** Prints a summary, tells what could not be read, and returns the exit code. */
async function summarizeRecording(
  sources: readonly string[],
  options: SummaryCommandOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { stdout } = surroundings;
  const { byPid = false, json = false, top } = options;
  const quantiles = parseQuantiles(options.quantiles);
  const sort = parseSortKey(options.sort, quantiles);
  await using db = await openRecording(sources, "summarize", surroundings);
  const [{ summarize, timeRange }, { guessTime }] = await Promise.all([
    import("../analysis/summary.ts"),
    import("../analysis/time_guess.ts"),
  ]);
  const summary = await whileReading(db, surroundings, async () => {
    const selection = await selectionOf(options, () => timeRange(db));
    const guess = guessTime(sources, surroundings.runtime.files);
    return await summarize(db, { ...selection, byPid, quantiles, guess });
  });
  const { reading } = db;
  if (json) stdout.write(`${toJson(summary, { sources, reading, sort })}\n`);
  else {
    const { columns: width, hasColors } = stdout;
    stdout.write(formatSummary(summary, { sources, reading, sort, byPid, top, width, hasColors }));
  }
  return tellUnread(reading, surroundings);
}
