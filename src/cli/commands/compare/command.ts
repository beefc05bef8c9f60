import { type Command, InvalidArgumentError, Option } from "commander";
import type { Comparison, Verdict } from "../../../analysis/compare/comparison.ts";
import type { TelemetryDB } from "../../../analysis/frames/telemetry_db.ts";
import type { TelemetryFrame } from "../../../analysis/frames/telemetry_frame.ts";
import { formatComparisons, jsonHelp, toJson } from "./text.ts";
import { type ExitCode, exitCode } from "../../exit_code.ts";
import { timeArgumentHelp } from "../../input/time_argument.ts";
import { wholeNumber } from "../../input/option_values.ts";
import { openRecording, tellUnread } from "../../input/reading.ts";
import { progressBar } from "../../terminal/progress_bar.ts";
import { addSelectionOptions, selectionOf, type SelectionOptions } from "../../input/selection_options.ts";
import type { CliContext } from "../../context.ts";

const description = "Tell whether durations of one recording are faster or slower than of another";

const details = `
A and B are monitoring directories, CSV files, or patterns of files. A change is
how much larger the median, or the p99, is in B than in A, with bounds: all of
them together are right with the confidence asked for. They are from a block
bootstrap, since successive samples are alike. "Cannot tell" is said of a change
that may as well be none, or if the samples are too few.

The verdict is about these two recordings. Runs of the same program differ, too,
by the machine's load, the hour, and the place in memory, and the bounds do not
know by how much: repeat the runs, or give a --margin.
Where the terminal is narrow, columns are left out.
${timeArgumentHelp}
${jsonHelp}

With --fail-on, the exit code is also 1 if some label is that.

Examples:
  kymo compare _before _after
  kymo compare _before _after --label "/orders*" --from +30s
  kymo compare _before _after --margin 5 --fail-on slower
  kymo compare _before _after --json | jq '.comparisons[] | {label, median}'`;

interface CompareCommandOptions extends SelectionOptions {
  readonly confidence: number;
  readonly margin: number;
  readonly seed: number;
  readonly failOn?: Exclude<Verdict, "cannot tell">;
  readonly json?: boolean;
}

/** Adds `kymo compare A B` to the command line; `end` is told the exit code. */
export function addCompareCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("compare")
    .description(description)
    .argument("<A>", "what was recorded before: a monitoring directory, CSV file, or pattern")
    .argument("<B>", "what was recorded after");
  addSelectionOptions(command)
    .option("--confidence <PERCENT>", "that all bounds together are right", number(50, 99.99), 95)
    .option("--margin <PERCENT>", "changes up to this do not matter", number(0, 1e6), 0)
    .option("--seed <N>", "draws other samples", wholeNumber(0), 1)
    .addOption(
      new Option("--fail-on <VERDICT>", "end with exit code 1 if a label is that").choices(["slower", "faster"]),
    )
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (a: string, b: string, options: CompareCommandOptions) => {
      end(await compareRecordings(a, b, options, context));
    });
}

/** Prints a comparison, tells what could not be read, and returns the exit code. */
async function compareRecordings(
  a: string,
  b: string,
  options: CompareCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout } = context;
  const { confidence, margin, seed, failOn, json = false } = options;
  await using before = await openRecording([a], "compare", context, options);
  await using after = await openRecording([b], "compare", context, options);
  const comparisons = await compareDurations(before, after, options, context);
  if (json) {
    const unread = { a: before.reading.unread, b: after.reading.unread };
    stdout.write(`${toJson(comparisons, { a, b, confidence, margin, seed, unread })}\n`);
  } else {
    const { columns: width, hasColors } = stdout;
    stdout.write(formatComparisons(comparisons, { a, b, confidence, margin, width, hasColors }));
  }
  const codes = [tellUnread(before.reading, context), tellUnread(after.reading, context)];
  return failOn !== undefined && comparisons.some((comparison) => is(comparison, failOn))
    ? exitCode.incomplete
    : codes.find((code) => code !== exitCode.ok) ?? exitCode.ok;
}

/** Compares what is selected, and shows a progress bar meanwhile. */
async function compareDurations(
  before: TelemetryDB,
  after: TelemetryDB,
  options: CompareCommandOptions,
  context: CliContext,
): Promise<Comparison[]> {
  const { label: labels, confidence, margin, seed } = options;
  const { compare } = await import("../../../analysis/compare/comparison.ts");
  using bar = progressBar(context, "Comparing");
  return await compare(await durationsOf(before, options), await durationsOf(after, options), {
    ...labels === undefined ? {} : { labels },
    confidence: confidence / 100,
    margin: margin / 100,
    seed,
    onProgress: ({ done, passes }) => bar.update(done, passes, `pass ${done + 1} of ${passes}`),
  });
}

async function durationsOf(db: TelemetryDB, options: CompareCommandOptions): Promise<TelemetryFrame> {
  const { timeRange } = await import("../../../analysis/summary/summary.ts");
  const { labels: _, ...selection } = await selectionOf(options, () => timeRange(db));
  return db.duration().where(selection);
}

function is({ median, p99 }: Comparison, verdict: Verdict): boolean {
  return median.verdict === verdict || p99.verdict === verdict;
}

function number(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    }
    return value;
  };
}
