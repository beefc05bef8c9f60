/**
 * Why a finding is as it is, where the recording shows it.
 *
 * @module
 */

import { CHANNELS, LAG_PROBE_INTERVAL, NANOSECONDS_PER_MS } from "../../series.ts";
import type { TelemetryDB } from "../../analysis/mod.ts";
import { type CorrelatedSeries, findCorrelation, type SlowCorrelation } from "../../analysis/slow/slow_correlation.ts";
import { formatDuration, formatPercent } from "../../display/numbers.ts";
import { parseRequestLabel } from "../../http/request_labels.ts";
import { outgoingLabel, type ReportSelection, type Source } from "../data/source.ts";
import type { ShownTime } from "../data/time_axis.ts";
import type { Finding } from "../shared/report_data.ts";
import { type FindingInputs, secondsRecorded, sum, type UnexplainedFinding } from "./finding_inputs.ts";

/** Where explanations are looked for. */
export interface ExplainContext {
  readonly db: TelemetryDB;
  readonly inputs: FindingInputs;
  readonly source: Source;
  readonly range: ShownTime;
  readonly selection: ReportSelection;
}

/** Adds an explanation to the findings that want one and have one. */
export async function explainFindings(
  findings: readonly UnexplainedFinding[],
  context: ExplainContext,
): Promise<Finding[]> {
  const explained: Finding[] = [];
  for (const { explain, ...finding } of findings) {
    const because = explain === undefined ? undefined : await explainOne(explain, finding, context);
    explained.push(because === undefined ? finding : { ...finding, because });
  }
  return explained;
}

async function explainOne(
  explain: NonNullable<UnexplainedFinding["explain"]>,
  { window }: Finding,
  { db, inputs, source, range, selection: { labels: _, ...selection } }: ExplainContext,
): Promise<string | undefined> {
  if ("busyProcess" in explain) {
    return window === undefined ? undefined : await whatRan(source, range, explain.busyProcess, window);
  }
  // Blocks within a request may have any label. Timepoints not shown are left out.
  const within = { ...selection, from: range.from, to: range.to + 1n };
  const correlation = await findCorrelation(db, explain.slowSeries, { within });
  return correlation === undefined ? undefined : whySlow(correlation, (label) => timeShare(label, inputs));
}

/**
 * Returns the sum of a label's durations as a share of the time of all processes; more than 1 if
 * several ran at the same time.
 */
function timeShare(label: string, inputs: FindingInputs): number {
  const { durations, processes } = inputs;
  const time = sum(processes.map((_, process) => secondsRecorded(process, inputs)));
  return (durations.find((of) => of.label === label)?.statistics.sum ?? 0) / time;
}

/** A share of the time that is an explanation. */
const MOST = 0.5;

/**
 * The timer that measures lag may fire up to this many ns before the block that delays it, or end
 * after it: its interval, and 5 ms for its own delay.
 */
const TIMER_SLACK = (LAG_PROBE_INTERVAL + 5) * NANOSECONDS_PER_MS;

/**
 * Describes what a process ran while its event loop was blocked; `undefined` if no recorded
 * duration is long enough. `window`: ns since the report's `from`.
 */
async function whatRan(
  source: Source,
  { from }: ShownTime,
  process: number,
  [begin, end]: readonly [number, number],
): Promise<string | undefined> {
  const [first, last] = [BigInt(Math.floor(begin - TIMER_SLACK)) + from, BigInt(Math.ceil(end + TIMER_SLACK)) + from];
  const rows = await source.rows<{ label: string; duration: number }>(`
    SELECT Label AS label, Measurement AS duration FROM ${source.durations.relation}
    WHERE process = ${process} AND Channel = '${CHANNELS.duration}' AND Timepoint BETWEEN ${first} AND ${last}
      AND Measurement >= ${MOST * (end - begin) / 1e9} AND Timepoint - Measurement * 1e9 >= ${first}
    ORDER BY Measurement LIMIT 100`);
  // Requests that waited took as long; of nested blocks the innermost says the most. A stream is open
  // while anything runs.
  const ran = rows.find(({ label }) => parseRequestLabel(label) === undefined) ??
    rows.findLast(({ label }) => parseRequestLabel(label)?.outcome !== "stream");
  return ran === undefined ? undefined : `“${ran.label}” ran for ${formatDuration(ran.duration)} at that time.`;
}

/**
 * How much larger the share of the slow ones must be than the share of the others, to set them
 * apart.
 */
const SETS_APART = 0.2;

/** Shares that differ by less than this count as equal. */
const EQUAL = 0.1;

/**
 * How many times the share must be that of any other time: what runs all the time, or many times at
 * once, overlaps with everything.
 */
const BEYOND_CHANCE = 2;

/** Up to this many slow ones are given by their number, more as a share of all. */
const FEW = 100;

/**
 * Explains why a series is slow; `undefined` if the recording does not show it. `chance`: the share
 * of all time within the durations of a label.
 */
export function whySlow(
  { label, slow, others, correlated }: SlowCorrelation,
  chance: (label: string) => number,
): string | undefined {
  const things = parseRequestLabel(label) !== undefined ? "requests" : "runs";
  const slowest = slow.count <= FEW
    ? `its ${slow.count} slowest ${things}`
    : `its slowest ${formatPercent(slow.count / (slow.count + others.count), { trim: true })} of ${things}`;
  const explains = (share: CorrelatedSeries["share"], label: string): boolean =>
    (share.slow >= MOST || excess(share) >= SETS_APART) && share.slow >= BEYOND_CHANCE * chance(label);
  // Before what they are within: they say more.
  const upstream = greatest(correlated, "client", ({ label, share }) => explains(share, outgoingLabel(label)));
  if (upstream !== undefined) {
    return `${
      formatPercent(Math.min(1, upstream.share.slow), { trim: true })
    } of the time of ${slowest} was spent on “${outgoingLabel(upstream.label)}”, ${contrast(upstream.share, things)}.`;
  }
  const block = greatest(correlated, "duration", ({ label, share }) => explains(share, label));
  if (block !== undefined) {
    return `${
      formatPercent(Math.min(1, block.share.slow), { trim: true })
    } of the time of ${slowest} was within “${block.label}”, ${contrast(block.share, things)}.`;
  }
  const lag = greatest(correlated, "lag", ({ share }) => excess(share) >= SETS_APART);
  if (lag !== undefined) {
    return `The event loop was blocked for ${
      formatPercent(Math.min(1, lag.share.slow), { trim: true })
    } of the time of ${slowest}, but ` +
      `only ${
        formatPercent(lag.share.others, { trim: true })
      } of the time of the others: the slowest waited while something else ran.`;
  }
  const gc = greatest(correlated, "gc", ({ share }) => excess(share) >= SETS_APART);
  if (gc !== undefined) {
    return `Garbage collection took about ${
      formatPercent(Math.min(1, gc.share.slow), { trim: true })
    } of the time around ${slowest}, but ` +
      `only ${formatPercent(gc.share.others, { trim: true })} of the time around the others.`;
  }
  return undefined;
}

/** Returns the series of a kind that took the most of the slow ones' time. */
function greatest(
  correlated: readonly CorrelatedSeries[],
  kind: CorrelatedSeries["kind"],
  explains: (series: CorrelatedSeries) => boolean,
): CorrelatedSeries | undefined {
  const [first] = correlated.filter((series) => series.kind === kind && explains(series))
    .sort((a, b) => b.share.slow - a.share.slow);
  return first;
}

/**
 * Compares with the others. If shares are equal, that is where the time goes, but not what makes
 * some slow.
 */
function contrast(share: CorrelatedSeries["share"], things: string): string {
  if (excess(share) < SETS_APART && Math.abs(excess(share)) < EQUAL) return `as in all its ${things}`;
  const conjunction = excess(share) >= SETS_APART ? "but only" : "and";
  return `${conjunction} ${formatPercent(Math.min(1, share.others), { trim: true })} of the time of the others`;
}

function excess({ slow, others }: CorrelatedSeries["share"]): number {
  return slow - others;
}
