/**
 * What findings are computed from.
 *
 * @module
 */

import { IS_NO_SWITCH } from "../../analysis/frames/switches.ts";
import type { Program } from "../../analysis/programs/program.ts";
import { lengthOf, within } from "../../statistics/spans.ts";
import { CHANNELS, SERIES } from "../../series.ts";
import { CAN_BE_ADDED, type Source } from "../data/source.ts";
import { type Blocker, MIN_STALL, readBlockers } from "./blockers.ts";
import { modesByLabel } from "./modes.ts";
import { readSteps } from "./steps/read_steps.ts";
import type { ShownTime } from "../data/time_axis.ts";
import { type Finding, type ModeData, pausesOf, type ReportData, type StepData } from "../shared/report_data.ts";

/**
 * What findings are computed from: what the report shows, and single events, which its bins do not
 * keep.
 */
export interface FindingInputs extends Omit<ReportData, "findings"> {
  /** The programs that lived in the time shown. */
  readonly programs: readonly Program[];
  /** Stalls of each process that had any, those with the longest first. */
  readonly stalls: readonly Stalls[];
  /** GC pauses of each process that had any, those with the longest first. */
  readonly gcPauses: readonly Events[];
  /** The modes of the duration series that have several, by label. */
  readonly modes: ReadonlyMap<string, readonly ModeData[]>;
  /** When the medians of duration series changed, by label. */
  readonly steps: ReadonlyMap<string, readonly StepData[]>;
  /** Numbers of observations that are NaN, infinite or too large, by label, the largest first. */
  readonly notFinite: readonly { readonly label: string; readonly count: number }[];
}

/** The events of one kind in a process. */
export interface Events {
  /** Index of the process. */
  readonly process: number;
  readonly count: number;
  /** Sum of all, seconds. */
  readonly sum: number;
  /** The longest, seconds. */
  readonly longest: number;
  /** The end of the longest, ns since the report's `from`. */
  readonly at: number;
}

/** The stalls of a process, and what blocked its event loop. */
export interface Stalls extends Events {
  /** What blocked it in how many of them, the most time first. */
  readonly by: readonly Blocker[];
}

/** A finding, and what is left to be explained about it. */
export interface UnexplainedFinding extends Omit<Finding, "also"> {
  /** The series whose slowness is to be explained. */
  readonly explain?: { readonly slowSeries: string };
  /** Keys of its causes (see `causes.ts`): findings that share one are told together. */
  readonly causes?: readonly string[];
}

/** Adds the single events to the data of a report. */
export async function readFindingInputs(
  source: Source,
  range: ShownTime,
  data: Omit<ReportData, "findings">,
  programs: readonly Program[],
): Promise<FindingInputs> {
  const rows = await source.rows<Events & { label: string }>(`
    SELECT Label AS label, process::DOUBLE AS process, count(*)::DOUBLE AS count, sum(Measurement) AS sum,
      max(Measurement) AS longest, (arg_max(Timepoint, Measurement) - ${range.from})::DOUBLE AS at
    FROM ${source.runtime.relation}
    WHERE Channel = '${CHANNELS.runtime}'
      AND (Label = '${SERIES.gcPause}' OR Label = '${SERIES.eventLoopLag}' AND Measurement >= ${MIN_STALL})
    GROUP BY ALL ORDER BY longest DESC, process`);
  const eventsOf = (wanted: string): Events[] =>
    rows.filter(({ label }) => label === wanted)
      .map(({ process, count, sum, longest, at }) => ({ process, count, sum, longest, at }));
  const notFinite = await source.rows<{ label: string; count: number }>(`
    SELECT Label AS label, count(*)::DOUBLE AS count FROM ${source.relation} WHERE NOT ${CAN_BE_ADDED} AND ${IS_NO_SWITCH}
    GROUP BY Label ORDER BY count DESC, label`);
  const stalls = eventsOf(SERIES.eventLoopLag);
  const blockers = stalls.length === 0 ? new Map<number, Blocker[]>() : await readBlockers(source);
  return {
    ...data,
    programs,
    stalls: stalls.map((events) => ({ ...events, by: blockers.get(events.process) ?? [] })),
    gcPauses: eventsOf(SERIES.gcPause),
    modes: modesByLabel(data.durations),
    steps: await readSteps(source, range, data),
    notFinite,
  };
}

/** Names a process in a sentence, such as `orders@web-2`; `the process` if it is the only one. */
export function nameProcess(process: number, { processes }: Pick<FindingInputs, "processes">): string {
  return processes.length > 1 ? processes[process]!.name : "the process";
}

/** Returns for how long a process lived and recorded within the time shown, in seconds. */
export function secondsRecorded(process: number, data: Pick<FindingInputs, "processes" | "pauses">): number {
  const { lives = [], pauses } = data.processes[process] ?? {};
  const off = pausesOf(data, pauses);
  return sum(lives.map(({ start, end }) => end - start - lengthOf(within(off, { from: start, to: end })))) / 1e9;
}

/** Returns the sum of some numbers. */
export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Begins a sentence with a text. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
