/**
 * When series were recorded, for what leaves out the time in which they were not: their processes
 * did not live, or recording was off.
 *
 * @module
 */

import { lengthOf, type Span, unionOf, within, without } from "../../../statistics/spans.ts";
import { pausesOf, type ReportData } from "../../shared/report_data.ts";
import type { Groups } from "./selection.ts";

/** A process, or a series in it. */
export interface Recorder {
  /** Index of the process. */
  readonly process: number;
  /** Index of its pauses, if they are not those of the process. */
  readonly pauses?: number;
}

/** When at least one of some recorders lived, and recorded; ns since the report's `from`. */
export interface RecordedTimes {
  readonly lived: readonly Span<number>[];
  readonly recorded: readonly Span<number>[];
  /** The times in which one lived and none recorded, since recording was off. */
  readonly off: readonly Span<number>[];
}

/** Returns when some recorders lived and recorded. */
export function recordedTimes(data: ReportData, recorders: Iterable<Recorder>): RecordedTimes {
  const lived: Span<number>[] = [];
  const recorded: Span<number>[] = [];
  for (const { process, pauses } of recorders) {
    const { lives = [], pauses: own } = data.processes[process] ?? {};
    const spans = lives.map(({ start, end }) => ({ from: start, to: end }));
    lived.push(...spans);
    recorded.push(...without(spans, pausesOf(data, pauses ?? own)));
  }
  const [all, on] = [unionOf(lived), unionOf(recorded)];
  return { lived: all, recorded: on, off: without(all, on) };
}

/** Returns the processes of a report as recorders. */
export function recordersOf(processes: Iterable<number>): Recorder[] {
  return Array.from(processes, (process) => ({ process }));
}

/** Returns for each group whether recording was off in all of it. `width`: of a bin, ns. */
export function offGroups(off: readonly Span<number>[], groups: Groups, width: number): boolean[] {
  const result: boolean[] = new Array(groups.count).fill(false);
  for (const { from, to } of off) {
    const first = Math.max(0, Math.ceil((from / width - groups.from) / groups.size));
    const end = Math.min(groups.count, Math.floor((to / width - groups.from) / groups.size));
    for (let group = first; group < end; group++) result[group] = true;
  }
  return result;
}

/** Returns the seconds of spans in ns that lie within bins; `width`: of a bin, ns. */
export function secondsWithin(spans: readonly Span<number>[], from: number, to: number, width: number): number {
  return lengthOf(within(spans, { from: from * width, to: to * width })) / 1e9;
}
