import { type Command, InvalidArgumentError, Option } from "commander";
import type { TelemetryDB } from "../../../analysis/frames/telemetry_db.ts";
import type { Run } from "../../../analysis/compare/quantities.ts";
import type { TelemetryFrame } from "../../../analysis/frames/telemetry_frame.ts";
import { formatBytes } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { KymoError } from "../../../errors.ts";
import { verdictText } from "../../../report/shared/changes_in_words.ts";
import type { FoundChanges, Sides } from "../../../report/shared/difference_data.ts";
import { CHANNELS } from "../../../series.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { addSelectionOptions, repeated, type SelectionOptions, wholeNumber } from "../../input/options.ts";
import { checkPageOutput } from "../../input/output_file.ts";
import { hasNothing, type OpenedRecording, openRecording, refuseNothing, reportUnread } from "../../input/recording.ts";
import { databaseHelp } from "../../input/store_password.ts";
import { timeArgumentHelp } from "../../input/time_argument.ts";
import { jsonLine, withNulls } from "../../terminal/json_output.ts";
import { progressBar } from "../../terminal/progress_bar.ts";
import { SPACED } from "../../terminal/style.ts";
import { FAIL_ON, type FailOn, failuresOf } from "./fail_on.ts";
import { type Compared, formatComparisons } from "./text.ts";

const description = "Tell whether runs are slower, faster or the same: times, errors, memory, CPU, GC, lag";

/** What `--json` prints, for the help. */
const jsonHelp = `
--json prints one object: a, b (names of runs), programs: {a: [name, ...], b},
confidence, margin, seed, unread: {a, b}, recorded: {a: [{seconds, off}], b}, of
each run the time from the first to the last row and the part of it in which
recording was off, or null if it never was; and comparisons, a list of
  label        string
  a, b         {count, median, p99, runs?: [{run, count, median, p99}]}, in
               seconds; null if the label is not there
  median, p99  {ratio, interval: [low, high], confidence, verdict, reason?,
               needed?}; ratio is b / a; ratio and interval are null if unknown,
               and reason says why; verdict: "faster", "slower", "same", "cannot
               tell"; needed: samples of each side, or runs, that it would take
  verdict      both verdicts, as in the table
and failures, of the routes with failed requests, a list of
  route        string
  a, b         {route, requests, failed, byOutcome: {4xx, 5xx, aborted, threw}};
               null if there are no such requests
  difference, interval
               of the share of failed requests, b - a, from -1 to 1
  verdict      "more errors", "fewer errors", "same", "cannot tell"
  reason?, needed?
and quantities, of the runtime, a list of
  quantity     "memory" (RSS, bytes), "memory growth" (bytes a second), "gc"
               (share of the time), "cpu" (seconds a request), "lag" (seconds)
  a, b         null if it was not recorded
  scale        "ratio" or "difference": what change and interval are
  change, interval, margin
  verdict      "more", "less", "same", "cannot tell"
  reason?, needed? (seconds of each side, or runs)
and page, {path, bytes}, with -o`;

const details = `
A and B are monitoring directories, CSV files, patterns of files, or addresses
of databases. A change is how much larger the median, or the p99, of a label is
in B than in A, with a confidence interval in parentheses. All intervals of a
table hold together with the given confidence. By the interval, a label is
  slower, faster  all of it is beyond the margin
  same            all of it is within the margin
  cannot tell     neither; then a note says how many samples it would take

Between two runs the intervals come from a block bootstrap, since successive
samples resemble each other, and are about these two runs. Two runs of the same
program differ as well, by the load of the machine, the hour and the place in
memory. So give several runs of each side, A1 A2 A3 vs B1 B2 B3: the intervals
then come from what differs from run to run (Welch's t of the runs' medians).

The share of failed requests is compared by route, with Newcombe's interval for
the difference of two proportions, which counts requests as independent. Of the
runtime are compared memory, how fast it grew, the share of the time in GC
pauses, CPU time for each request, and the event loop's lag; of two runs by ten
blocks of their time. GC is the same up to a tenth of the margin, in points of
the time, growth up to the margin of the memory in an hour.
A narrow terminal shows fewer columns.

With -o it writes a page as well, one file for any browser: all of the above,
and both sides laid over each other from t = 0: the distribution of each label
and how it went over time, the runtime, and a differential flame graph if both
sides have CPU profiles.
${databaseHelp}
${timeArgumentHelp}
${jsonHelp}

With --fail-on, the exit code is also 1 if a label is slower, faster or cannot
be told in B, a route has more errors, or there is more memory or growth of it,
gc, cpu or lag. It is 2 if that could not be measured at all: of no label or
quantity is there an interval. It may be repeated.

Examples:
  kymo compare _before _after
  kymo compare _before _after --label "/orders*" --from +30s
  kymo compare _a1 _a2 _a3 vs _b1 _b2 _b3 --margin 3
  kymo compare _before _after --fail-on slower --fail-on errors --fail-on memory
  kymo compare _before _after -o diff.html
  kymo compare _before _after --json | jq '.comparisons[] | {label, median}'`;

interface CompareCommandOptions extends SelectionOptions {
  readonly confidence: number;
  readonly margin: number;
  readonly seed: number;
  readonly failOn?: readonly FailOn[];
  readonly output?: string;
  readonly title?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds `kymo compare A B` to the command line; it passes its exit code to `end`. */
export function addCompareCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("compare")
    .description(description)
    .usage("[options] <A> <B> | <A1> <A2>... vs <B1> <B2>...")
    .argument("<RUNS...>", "recorded before, and after: two, or several of each side with vs between");
  addSelectionOptions(command)
    .option("--confidence <PERCENT>", "that all intervals together hold the true changes", number(50, 99.99), 95)
    .option("--margin <PERCENT>", "changes up to this are the same", number(0, 1e6), 5)
    .option("--seed <N>", "seed of the bootstrap's random numbers", wholeNumber(0), 1)
    .addOption(
      new Option("--fail-on <VERDICT>", "exit with 1 if there is one; may be repeated")
        .choices(FAIL_ON).argParser(repeated(parseFailOn)),
    )
    .option("-o, --output <FILE>", "write a page, too: distributions, flame graph, all over time")
    .option("--title <TEXT>", "the title of the page (default: B compared with A)")
    .option("--force", "replace FILE even if it is not a comparison")
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (runs: string[], options: CompareCommandOptions) => {
      end(await compareRecordings(sidesOf(runs), options, context));
    });
}

/** @throws {KymoError} `invalid-argument`, unless there are one or several runs on each side. */
function sidesOf(runs: readonly string[]): Sides<readonly string[]> {
  const at = runs.indexOf("vs");
  const [a, b] = at < 0 && runs.length === 2
    ? [runs.slice(0, 1), runs.slice(1)]
    : [runs.slice(0, at), runs.slice(at + 1)];
  if (at < 0 && runs.length !== 2 || a.length === 0 || b.length === 0 || b.includes("vs")) {
    throw new KymoError(
      "invalid-argument",
      `Cannot compare: give two recordings, A and B, or several of each with vs between: A1 A2 vs B1 B2`,
    );
  }
  if (a.length > 1 !== b.length > 1) {
    throw new KymoError(
      "invalid-argument",
      `Cannot compare: ${a.length} vs ${b.length}: one run cannot be compared with several: give two or more of each`,
    );
  }
  return { a, b };
}

/** Prints a comparison, reports what could not be read, and returns the exit code. */
async function compareRecordings(
  given: Sides<readonly string[]>,
  options: CompareCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { output, force = false } = options;
  if (output !== undefined) checkPageOutput({ path: output, kind: "comparison", action: "compare", force }, context);
  const opened: OpenedRecording[] = [];
  try {
    for (const source of [...given.a, ...given.b]) {
      const needs = { channels: [CHANNELS.duration, CHANNELS.runtime] };
      opened.push(await openRecording([source], "compare", context, options, needs));
    }
    return await showComparison(
      { a: opened.slice(0, given.a.length), b: opened.slice(given.a.length) },
      options,
      context,
    );
  } finally {
    for (const recording of opened) await recording[Symbol.asyncDispose]();
  }
}

async function showComparison(
  sides: Sides<readonly OpenedRecording[]>,
  options: CompareCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout } = context;
  const { confidence, margin, seed, failOn = [], json = false } = options;
  const all = [...sides.a, ...sides.b];
  const found = await compareSides(sides, options, context);
  for (const side of all) {
    if (found.comparisons.length === 0 || hasNothing(side)) refuseNothing(side, "compare", context);
  }
  const ofSides = async <Of>(of: (side: readonly OpenedRecording[]) => Promise<Of>) => ({
    a: await of(sides.a),
    b: await of(sides.b),
  });
  const compared: Compared = {
    a: sides.a.map(nameOf),
    b: sides.b.map(nameOf),
    programs: await ofSides(programsOf),
    recorded: await ofSides((side) => Promise.all(side.map(recordedTimeOf))),
    confidence,
    margin,
  };
  const page = options.output === undefined
    ? undefined
    : await writePage(sides, found, compared, { ...options, output: options.output }, context);
  if (json) {
    const unread = await ofSides((side) => Promise.resolve(side.reduce((sum, { db }) => sum + db.reading.unread, 0)));
    const comparisons = found.comparisons.map((comparison) => ({ ...comparison, verdict: verdictText(comparison) }));
    stdout.write(
      jsonLine("compare", withNulls({ ...compared, seed, unread, ...found, comparisons, ...page && { page } })),
    );
  } else {
    const { columns: width, hasColors } = stdout;
    stdout.write(formatComparisons(found, { ...compared, width, hasColors }));
    if (page !== undefined) {
      stdout.write(`\nWrote ${sanitize(page.path)}: ${formatBytes(page.bytes, SPACED)}. Open it in a browser.\n`);
    }
  }
  const codes = all.map(({ db }) => reportUnread(db.reading, context));
  const { hasFailed, unmeasured } = failuresOf(found, failOn);
  if (hasFailed) return exitCode.incomplete;
  if (unmeasured.length > 0) {
    throw new KymoError(
      "not-found",
      `Cannot fail on ${unmeasured.join(", ")}: not measured well enough in both recordings`,
    );
  }
  return codes.find((code) => code !== exitCode.ok) ?? exitCode.ok;
}

/** Writes the page, and returns where it is and how large. */
async function writePage(
  sides: Sides<readonly OpenedRecording[]>,
  found: FoundChanges,
  { a, b, programs, confidence, margin }: Compared,
  { output: path, title }: CompareCommandOptions & { readonly output: string },
  context: CliContext,
): Promise<{ readonly path: string; readonly bytes: number }> {
  const { makeDifferencePage } = await import("../../../report/make_difference.ts");
  using bar = progressBar(context, "Drawing");
  const runs = (side: readonly OpenedRecording[]) =>
    Promise.all(side.map(async (recording) => ({
      name: nameOf(recording),
      db: recording.db,
      sources: recording.sources.paths,
      selection: await recording.select(),
    })));
  const sideName = (names: readonly string[]): string => names.length === 1 ? names[0]! : `${names.length} runs`;
  const { html } = await makeDifferencePage({ a: await runs(sides.a), b: await runs(sides.b) }, found, {
    title: title ?? `${sideName(b)} compared with ${sideName(a)}`,
    kymo: context.version,
    made: new Date(),
    programs,
    confidence,
    margin,
    files: context.runtime.files,
    onProgress: (done, total, step) => bar.update(done, total, step),
  });
  context.writeFile(path, html);
  return { path, bytes: new TextEncoder().encode(html).length };
}

function nameOf({ sources }: OpenedRecording): string {
  return sources.names.join();
}

/** Compares all that is selected, with a progress bar. */
async function compareSides(
  sides: Sides<readonly OpenedRecording[]>,
  { label: labels, confidence, margin, seed }: CompareCommandOptions,
  context: CliContext,
): Promise<FoundChanges> {
  const [{ compare }, { compareFailures }, { compareQuantities }] = await Promise.all([
    import("../../../analysis/compare/comparison.ts"),
    import("../../../analysis/compare/failures.ts"),
    import("../../../analysis/compare/quantities.ts"),
  ]);
  using bar = progressBar(context, "Comparing");
  const limits = { confidence: confidence / 100, margin: margin / 100 };
  const frames = (side: readonly OpenedRecording[]) => Promise.all(side.map(durationsOf));
  const comparisons = await compare(await frames(sides.a), await frames(sides.b), {
    ...labels === undefined ? {} : { labels },
    ...limits,
    seed,
    onProgress: ({ done, passes }) => bar.update(done, passes, `pass ${done + 1} of ${passes}`),
  });
  const runs = (side: readonly OpenedRecording[]) => Promise.all(side.map(runOf));
  return {
    comparisons,
    failures: compareFailures(comparisons, limits),
    quantities: await compareQuantities(await runs(sides.a), await runs(sides.b), limits),
  };
}

/** What the programs of some recordings are called, by their records. */
async function programsOf(side: readonly OpenedRecording[]): Promise<string[]> {
  const { distinctNames } = await import("../../../analysis/programs/program.ts");
  const recordsOf = ({ db }: { readonly db: TelemetryDB }) => [...db.programRecords().byProcess.values()];
  return distinctNames(side.flatMap(recordsOf));
}

/** For how long the selected durations were recorded. */
async function recordedTimeOf(recording: OpenedRecording) {
  const { readRecordedTime } = await import("../../../analysis/compare/recorded_time.ts");
  return await readRecordedTime(await durationsOf(recording));
}

/** What is selected of a recording, whatever its label. */
async function runOf({ db, select }: OpenedRecording): Promise<Run> {
  const { labels: _, ...within } = await select();
  return { db, within };
}

async function durationsOf(recording: OpenedRecording): Promise<TelemetryFrame> {
  const { db, within = {} } = await runOf(recording);
  return db.duration().where(within);
}

function parseFailOn(text: string): FailOn {
  const verdict = FAIL_ON.find((one) => one === text);
  if (verdict !== undefined) return verdict;
  throw new InvalidArgumentError(`Allowed choices are ${FAIL_ON.join(", ")}.`);
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
