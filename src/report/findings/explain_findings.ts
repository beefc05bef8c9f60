/**
 * Why findings are as they are, where the recording shows it.
 *
 * @module
 */

import type { TelemetryDB } from "../../analysis/mod.ts";
import { findCorrelation, type SlowCorrelation } from "../../analysis/slow/slow_correlation.ts";
import { SERIES } from "../../series.ts";
import type { ReportSelection } from "../data/source.ts";
import type { ShownTime } from "../data/time_axis.ts";
import { timeOfDay } from "../shared/clock_times.ts";
import { DURATION_BUCKETS, forEachBucket } from "../shared/report_buckets.ts";
import { type CausedFinding, causeOf } from "./causes.ts";
import { type FindingInputs, secondsRecorded, sum, type UnexplainedFinding } from "./finding_inputs.ts";
import { slowModes } from "./modes.ts";
import { type Factor, factorsOf } from "./why_slow.ts";

/** Where explanations are looked for. */
export interface ExplainContext {
  readonly db: TelemetryDB;
  readonly inputs: FindingInputs;
  readonly range: ShownTime;
  readonly selection: ReportSelection;
}

/** What sets the slow durations of a label apart. */
export interface WhySlow {
  readonly correlation: SlowCorrelation;
  /** What explains the most first. */
  readonly factors: readonly Factor[];
}

/** Adds an explanation to the findings that want one and have one. */
export async function explainFindings(
  findings: readonly UnexplainedFinding[],
  context: ExplainContext,
): Promise<CausedFinding[]> {
  const known = new Map<string, Promise<WhySlow | undefined>>();
  const explained: CausedFinding[] = [];
  for (const { explain, ...finding } of findings) {
    if (explain === undefined) explained.push(finding);
    else {
      const why = known.get(explain.slowSeries) ?? whySlow(explain.slowSeries, context);
      known.set(explain.slowSeries, why);
      const [factor] = (await why)?.factors ?? [];
      explained.push(
        factor === undefined ? finding : {
          ...finding,
          because: factor.text,
          causes: [...finding.causes ?? [], ...causesOf(factor, explain.slowSeries, context.inputs)],
        },
      );
    }
  }
  return explained;
}

/** The smallest and the largest share of durations that count as slow. */
const SLOW_SHARE = { least: 0.01, most: 0.3 };

/** What sets the slow durations of a label apart; `undefined` if there are none. */
export async function whySlow(
  label: string,
  { db, inputs, range, selection: { labels: _, ...selection } }: ExplainContext,
): Promise<WhySlow | undefined> {
  // Blocks within a request may have any label. Timepoints not shown are left out.
  const within = { ...selection, from: range.from, to: range.to + 1n };
  // Where the slow ones are a mode of their own, all of it is compared with the rest.
  const mode = slowModes(inputs.modes.get(label) ?? []);
  const share = mode !== undefined && mode.share >= SLOW_SHARE.least && mode.share <= SLOW_SHARE.most
    ? { share: mode.share }
    : {};
  const correlation = await findCorrelation(db, label, { within, ...share });
  if (correlation === undefined) return undefined;
  const names = new Map(inputs.processes.map(({ pid, isolate, name }) => [`${pid}-${isolate}`, name]));
  const factors = factorsOf(correlation, {
    chance: (label) => timeShare(label, inputs),
    expected: (label, least, seconds) => expectedWithin(label, { least, seconds }, inputs),
    time: (timepoint) => timeOfDay(Number(timepoint - range.from)),
    blocker: mainBlocker(label, inputs),
    nameProcess: (pid, isolate) => names.get(`${pid}-${isolate}`) ?? `PID ${pid}`,
  });
  return { correlation, factors };
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

/** How many durations of a label, of at least `least` seconds, lie by chance wholly within a time of `seconds`. */
function expectedWithin(
  label: string,
  { least, seconds }: { readonly least: number; readonly seconds: number },
  inputs: FindingInputs,
): number {
  const { durations, processes } = inputs;
  let possible = 0; // seconds in which one may begin
  for (const { cells } of durations.find((of) => of.label === label)?.processes ?? []) {
    for (const cell of cells?.buckets ?? []) {
      forEachBucket(cell, (bucket, count) => {
        const length = Math.exp(DURATION_BUCKETS.logAt(bucket + 0.5));
        if (length >= least) possible += count * Math.max(0, seconds - length);
      });
    }
  }
  return possible / sum(processes.map((_, process) => secondsRecorded(process, inputs)));
}

/** What blocked the event loops of the processes that recorded a label for most of the time, if that is known. */
function mainBlocker(label: string, { durations, stalls }: FindingInputs): string | undefined {
  const processes = durations.find((of) => of.label === label)?.processes ?? [];
  const own = stalls.filter((of) => processes.some(({ process }) => process === of.process)).flatMap(({ by }) => by);
  const total = sum(own.map(({ sum }) => sum));
  const byWhat = Map.groupBy(own, ({ what }) => what === "gc" ? SERIES.gcPause : what === "unknown" ? "" : what.label);
  for (const [what, of] of byWhat) if (what !== "" && sum(of.map(({ sum }) => sum)) > total / 2) return what;
  return undefined;
}

/** The keys of what a factor says is the cause. */
function causesOf({ kind, label }: Factor, slow: string, { durations }: FindingInputs): string[] {
  const processes = durations.find((of) => of.label === slow)?.processes.map(({ process }) => process) ?? [];
  if (kind === "gc" || kind === "lag" && label === SERIES.gcPause) return processes.map(causeOf.gc);
  if (kind === "lag" && label === undefined) return processes.map(causeOf.lag);
  return label === undefined ? [] : [causeOf.label(label)];
}
