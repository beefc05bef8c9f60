import { type Command, InvalidArgumentError, Option } from "commander";
import type { Change, ComparedSeries, Comparison, Verdict } from "../../analysis/compare/comparison.ts";
import type { FailureComparison } from "../../analysis/compare/failures.ts";
import type { RouteOutcomes } from "../../analysis/frames/route_outcomes.ts";
import type { TelemetryDB } from "../../analysis/frames/telemetry_db.ts";
import type { TelemetryFrame } from "../../analysis/frames/telemetry_frame.ts";
import type { CliContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit_codes.ts";
import { jsonLine, withNulls } from "../terminal/json_output.ts";
import { addSelectionOptions, repeated, type SelectionOptions, wholeNumber } from "../input/options.ts";
import { hasNothing, type OpenedRecording, openRecording, refuseNothing, reportUnread } from "../input/recording.ts";
import { databaseHelp } from "../input/store_password.ts";
import { timeArgumentHelp } from "../input/time_argument.ts";
import { progressBar } from "../terminal/progress_bar.ts";
import type { RecordedTime } from "../../analysis/compare/recorded_time.ts";
import { bold, COMPACT, dim, SPACED } from "../terminal/style.ts";
import { formatTable, type TableRoom } from "../terminal/table.ts";
import {
  counted,
  formatChange,
  formatCount,
  formatDuration,
  formatShare,
  formatSpan,
  significant,
} from "../../display/numbers.ts";
import { labelText, sanitize } from "../../display/sanitize.ts";
import { CHANNELS } from "../../series.ts";

const description = "Tell whether one recording is slower or faster than another, or has more errors";

/** What `--json` prints, for the help. */
const jsonHelp = `
--json prints one object: a, b, programs: {a: [name, ...], b}, confidence,
margin, seed, unread: {a, b}, recorded: {a: {seconds, off}, b}, the time from
the first to the last row and the part of it in which recording was off, or
null if it never was; and comparisons, a list of
  label        string
  a, b         {count, median, p99}, in seconds; null if the label is not there
  median, p99  {ratio, interval: [low, high], confidence, verdict, reason?};
               ratio is b / a; ratio and interval are null if unknown, and
               reason says why; verdict: "faster", "slower", "cannot tell"
  verdict      both verdicts, as in the table
and failures, of the routes with failed requests, a list of
  route        string
  a, b         {route, requests, failed, byOutcome: {4xx, 5xx, aborted, threw}};
               null if there are no such requests
  difference, interval
               of the share of failed requests, b - a, from -1 to 1
  verdict      "more errors", "fewer errors", "cannot tell"`;

const details = `
A and B are monitoring directories, CSV files, patterns of files, or addresses
of databases. A change is how much larger the median, or the p99, of a label is
in B than in A, with a confidence interval in parentheses. The intervals come
from a block bootstrap, since successive samples resemble each other; they hold
together with the given confidence. The verdict is "cannot tell" if the interval
includes no change, or if there are too few samples.

The verdict is about these two recordings. Two runs of the same program differ
as well, by the load of the machine, the hour and the place in memory, and the
intervals cannot know by how much: repeat the runs, or give a --margin.
A narrow terminal shows fewer columns.
${databaseHelp}
${timeArgumentHelp}
${jsonHelp}

The share of failed requests is compared by route, with Newcombe's interval for
the difference of two proportions, which counts requests as independent.

With --fail-on, the exit code is also 1 if a label has that verdict, or with
errors, if a route has more errors in B. It may be repeated.

Examples:
  kymo compare _before _after
  kymo compare _before _after --label "/orders*" --from +30s
  kymo compare _before _after --margin 5 --fail-on slower --fail-on errors
  kymo compare _before _after --json | jq '.comparisons[] | {label, median}'`;

/** What --fail-on takes. */
const FAIL_ON = ["slower", "faster", "errors"] as const;
type FailOn = typeof FAIL_ON[number];

interface CompareCommandOptions extends SelectionOptions {
  readonly confidence: number;
  readonly margin: number;
  readonly seed: number;
  readonly failOn?: readonly FailOn[];
  readonly json?: boolean;
}

/** Adds `kymo compare A B` to the command line; it passes its exit code to `end`. */
export function addCompareCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("compare")
    .description(description)
    .argument("<A>", "recorded before: a monitoring directory, CSV file, pattern, or address")
    .argument("<B>", "recorded after");
  addSelectionOptions(command)
    .option("--confidence <PERCENT>", "that all intervals together hold the true changes", number(50, 99.99), 95)
    .option("--margin <PERCENT>", "ignore changes up to this", number(0, 1e6), 0)
    .option("--seed <N>", "seed of the bootstrap's random numbers", wholeNumber(0), 1)
    .addOption(
      new Option("--fail-on <VERDICT>", "exit with 1 if there is one; may be repeated")
        .choices(FAIL_ON).argParser(repeated(parseFailOn)),
    )
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (a: string, b: string, options: CompareCommandOptions) => {
      end(await compareRecordings({ a, b }, options, context));
    });
}

/** Prints a comparison, reports what could not be read, and returns the exit code. */
async function compareRecordings(
  given: { readonly a: string; readonly b: string },
  options: CompareCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout } = context;
  const { confidence, margin, seed, failOn = [], json = false } = options;
  const needs = { channels: [CHANNELS.duration, CHANNELS.runtime], runtime: "switches" } as const;
  await using one = await openRecording([given.a], "compare", context, options, needs);
  await using other = await openRecording([given.b], "compare", context, options, needs);
  const [before, after] = [one.db, other.db];
  const [a, b] = [one.sources.names.join(), other.sources.names.join()];
  const comparisons = await compareDurations(one, other, options, context);
  const { compareFailures } = await import("../../analysis/compare/failures.ts");
  for (const side of [one, other]) {
    if (comparisons.length === 0 || hasNothing(side)) refuseNothing(side, "compare", context);
  }
  const failures = compareFailures(comparisons, confidence / 100);
  const programs = { a: await programsOf(before), b: await programsOf(after) };
  const recorded = { a: await recordedTimeOf(one), b: await recordedTimeOf(other) };
  if (json) {
    const unread = { a: before.reading.unread, b: after.reading.unread };
    stdout.write(toJson(comparisons, failures, { a, b, programs, recorded, confidence, margin, seed, unread }));
  } else {
    const { columns: width, hasColors } = stdout;
    stdout.write(
      formatComparisons(comparisons, failures, { a, b, programs, recorded, confidence, margin, width, hasColors }),
    );
  }
  const codes = [reportUnread(before.reading, context), reportUnread(after.reading, context)];
  const hasFailed = failOn.some((verdict) =>
    verdict === "errors"
      ? failures.some(({ verdict }) => verdict === "more errors")
      : comparisons.some((comparison) => hasVerdict(comparison, verdict))
  );
  return hasFailed ? exitCode.incomplete : codes.find((code) => code !== exitCode.ok) ?? exitCode.ok;
}

/** Compares the selected durations, with a progress bar. */
async function compareDurations(
  before: OpenedRecording,
  after: OpenedRecording,
  options: CompareCommandOptions,
  context: CliContext,
): Promise<Comparison[]> {
  const { label: labels, confidence, margin, seed } = options;
  const { compare } = await import("../../analysis/compare/comparison.ts");
  using bar = progressBar(context, "Comparing");
  return await compare(await durationsOf(before), await durationsOf(after), {
    ...labels === undefined ? {} : { labels },
    confidence: confidence / 100,
    margin: margin / 100,
    seed,
    onProgress: ({ done, passes }) => bar.update(done, passes, `pass ${done + 1} of ${passes}`),
  });
}

/** What the programs of a recording are called, by their records. */
async function programsOf(db: TelemetryDB): Promise<string[]> {
  const { distinctNames } = await import("../../analysis/programs/program.ts");
  return distinctNames(db.programRecords().byProcess.values());
}

/** For how long the selected durations were recorded. */
async function recordedTimeOf(recording: OpenedRecording): Promise<RecordedTime | undefined> {
  const { readRecordedTime } = await import("../../analysis/compare/recorded_time.ts");
  return await readRecordedTime(await durationsOf(recording));
}

async function durationsOf({ db, select }: OpenedRecording): Promise<TelemetryFrame> {
  const { labels: _, ...selection } = await select();
  return db.duration().where(selection);
}

function hasVerdict({ median, p99 }: Comparison, verdict: Verdict): boolean {
  return median.verdict === verdict || p99.verdict === verdict;
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

/** What was compared, and how. */
interface Compared {
  /** The recordings as the user named them. */
  readonly a: string;
  readonly b: string;
  /** The names of their programs. */
  readonly programs: { readonly a: readonly string[]; readonly b: readonly string[] };
  /** For how long each side was recorded; `undefined` if recording was never switched off. */
  readonly recorded: { readonly a: RecordedTime | undefined; readonly b: RecordedTime | undefined };
  /** Percent. */
  readonly confidence: number;
  /** Percent. */
  readonly margin: number;
}

/** Comparisons as a line of JSON. */
function toJson(
  comparisons: readonly Comparison[],
  failures: readonly FailureComparison[],
  compared: Compared & { readonly seed: number; readonly unread: { readonly a: number; readonly b: number } },
): string {
  const list = comparisons.map((comparison) => ({ ...comparison, verdict: verdictText(comparison) }));
  return jsonLine("compare", withNulls({ ...compared, comparisons: list, failures }));
}

/** Comparisons as a table, with notes below. */
function formatComparisons(
  comparisons: readonly Comparison[],
  failures: readonly FailureComparison[],
  look: Compared & TableRoom,
): string {
  const { a, b, programs, recorded, confidence, margin, hasColors } = look;
  const heading = `${sanitize(b)} (B) compared with ${sanitize(a)} (A)`;
  const who = programsLine("A", programs.a, recorded.a) + programsLine("B", programs.b, recorded.b);
  const title = `${hasColors ? bold(heading) : heading}\n${who}`;
  const table = formatTable<Comparison>(
    [
      { title: "label", side: "left", narrowest: 16, cell: ({ label }) => labelText(label) },
      { title: "A count", rank: 1, cell: ({ a }) => countCell(a) },
      { title: "B count", rank: 1, cell: ({ b }) => countCell(b) },
      { title: "A p50", rank: 3, cell: ({ a }) => durationCell(a?.median) },
      { title: "B p50", rank: 3, cell: ({ b }) => durationCell(b?.median) },
      { title: "change of p50", side: "left", rank: 5, cell: ({ median }) => changeText(median) },
      { title: "A p99", rank: 2, cell: ({ a }) => durationCell(a?.p99) },
      { title: "B p99", rank: 2, cell: ({ b }) => durationCell(b?.p99) },
      { title: "change of p99", side: "left", rank: 4, cell: ({ p99 }) => changeText(p99) },
      { title: "verdict", side: "left", cell: verdictText, style: coloured },
    ],
    comparisons,
    look,
  );
  const intervals = comparisons.filter(({ a, b }) => a !== undefined && b !== undefined).length * 2;
  const ignored = margin > 0 ? `; changes up to ${margin} % are ignored` : "";
  const confident = intervals === 0
    ? "No label is in both recordings."
    : `The intervals of ${counted(intervals, "change")} hold together with ${confidence} % confidence${ignored}.`;
  const notes = [...missingIntervals(comparisons), confident].map((note) => `${hasColors ? dim(note) : note}\n`);
  return `${title}\n${table}\n${notes.join("")}${formatFailures(failures, look)}`;
}

/** Programs that are named in the heading. */
const MOST_NAMES = 3;

/**
 * Which programs recorded a side, and for how long recording was off, as a line; empty without
 * either.
 */
function programsLine(side: string, names: readonly string[], time: RecordedTime | undefined): string {
  const more = names.length > MOST_NAMES ? `, and ${names.length - MOST_NAMES} more` : "";
  const parts = [
    ...names.length === 0 ? [] : [names.slice(0, MOST_NAMES).map(sanitize).join(", ") + more],
    ...time === undefined || time.off === 0
      ? []
      : [`recording was off for ${formatSpan(time.off, SPACED)} of ${formatSpan(time.seconds, SPACED)}`],
  ];
  return parts.length === 0 ? "" : `${side}: ${parts.join("; ")}\n`;
}

/** The routes with failed requests, as a table; empty if there are none. */
function formatFailures(failures: readonly FailureComparison[], look: Compared & TableRoom): string {
  if (failures.length === 0) return "";
  const share = (outcomes: RouteOutcomes | undefined): string =>
    outcomes === undefined ? "–" : formatShare(outcomes.failed / outcomes.requests);
  const table = formatTable<FailureComparison>(
    [
      { title: "route", side: "left", narrowest: 16, cell: ({ route }) => labelText(route) },
      { title: "A requests", rank: 1, cell: ({ a }) => a === undefined ? "–" : formatCount(a.requests, COMPACT) },
      { title: "B requests", rank: 1, cell: ({ b }) => b === undefined ? "–" : formatCount(b.requests, COMPACT) },
      { title: "A failed", rank: 3, cell: ({ a }) => share(a) },
      { title: "B failed", rank: 3, cell: ({ b }) => share(b) },
      { title: "change", side: "left", rank: 2, cell: pointsText },
      {
        title: "verdict",
        side: "left",
        cell: ({ a, b, verdict }) => a === undefined ? "only in B" : b === undefined ? "only in A" : verdict,
        style: coloured,
      },
    ],
    failures,
    look,
  );
  const title = "Requests that failed";
  return `\n${look.hasColors ? bold(title) : title}\n${table}`;
}

/** A difference of shares in percentage points, with its interval: `+1.2 (+0.3 … +2.5)`. */
function pointsText({ difference, interval }: FailureComparison): string {
  if (difference === undefined || interval === undefined) return "";
  const points = (share: number): string => `${share < 0 ? "-" : "+"}${significant(Math.abs(100 * share))}`;
  return `${points(difference)} points (${points(interval[0])} … ${points(interval[1])})`;
}

/** Both verdicts in one: `slower` if they agree, `p99 slower` if the other is unknown. */
function verdictText({ a, b, median, p99 }: Comparison): string {
  if (a === undefined) return "only in B";
  if (b === undefined) return "only in A";
  if (median.verdict === p99.verdict) return median.verdict;
  return Object.entries({ p50: median, p99 }).filter(([, { verdict }]) => verdict !== "cannot tell")
    .map(([name, { verdict }]) => `${name} ${verdict}`).join(", ");
}

/** A change with its interval: `+12.3 % (+10.1 … +14.6)`. */
function changeText({ ratio, interval }: Change): string {
  if (ratio === undefined) return "";
  const range = interval === undefined ? "" : ` (${formatChange(interval[0])} … ${formatChange(interval[1])})`;
  return `${formatChange(ratio)} %${range}`;
}

function countCell(series: ComparedSeries | undefined): string {
  return series === undefined ? "–" : formatCount(series.count, COMPACT);
}

/** A duration; a dash if there is none, as between two infinities. */
function durationCell(seconds = NaN): string {
  return Number.isNaN(seconds) ? "–" : formatDuration(seconds, COMPACT);
}

function coloured(text: string): string {
  const code = /slower|more errors/.test(text) ? 31 : /faster|fewer errors/.test(text) ? 32 : 2;
  return `\x1b[${code}m${text}\x1b[${code === 2 ? 22 : 39}m`;
}

/**
 * Why intervals are missing: one sentence per reason, with its labels. How few samples each has is
 * in the JSON.
 */
function missingIntervals(comparisons: readonly Comparison[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { label, a, b, median, p99 } of comparisons) {
    if (a === undefined || b === undefined) continue;
    for (const [name, { reason, needed }] of Object.entries({ p50: median, p99 })) {
      if (reason === undefined) continue;
      const why = needed === undefined ? reason.replace(/^[ab]: /, "") : `fewer than ${needed} independent samples`;
      const key = `${name}: ${why}`;
      reasons.set(key, [...reasons.get(key) ?? [], labelText(label)]);
    }
  }
  return Array.from(reasons, ([why, labels]) => `No interval of ${why}: ${labels.join(", ")}.`);
}
