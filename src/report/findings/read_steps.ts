/**
 * When the medians of duration series changed.
 *
 * @module
 */

import { changePoint } from "../../statistics/change_point.ts";
import { median } from "../../statistics/quantiles.ts";
import { findSteps, MIN_PART } from "../../statistics/steps.ts";
import { literal } from "../../analysis/duckdb/sql.ts";
import type { Source } from "../data/source.ts";
import type { ShownTime } from "../data/time_axis.ts";
import { DURATION_BUCKETS, forEachBucket } from "../shared/report_buckets.ts";
import type { DurationData, ReportData, StepData } from "../shared/report_data.ts";

/** Smaller changes are nothing to tell: a tenth. */
const LEAST = Math.log(1.1);

/** The series in which steps are looked for: those that took the most time. */
const MAX_SERIES = 100;

/** Durations in a cell: fewer are joined, but there should be enough cells. */
const PER_CELL = { least: 5, most: 30, cells: 60 };

/** The rows around a step in which its moment is looked for. */
const MAX_ROWS = 20_000;

/** Cells on each side of a step within which its moment must be. */
const CELLS_AROUND = 3;

/** A mark this many cells from a step, or nearer, is told with it. */
const CELLS_TO_MARK = 1;

/** Some durations of a series that follow each other. */
interface Cell {
  /** When it begins and ends, ns since the report's `from`. */
  readonly from: number;
  readonly to: number;
  /** The mean of the logarithms of the middle half of the durations. */
  readonly level: number;
  /** Durations, by bucket. */
  readonly counts: ReadonlyMap<number, number>;
}

/** Reads the steps of the series that have some, in order of time. */
export async function readSteps(
  source: Source,
  { from }: ShownTime,
  { durations, bins, marks }: Pick<ReportData, "durations" | "bins" | "marks">,
): Promise<Map<string, StepData[]>> {
  const found = new Map<string, StepData[]>();
  for (const { label, processes, request } of durations.slice(0, MAX_SERIES)) {
    if (request !== undefined && request.outcome !== "ok") continue;
    const cells = cellsOf(processes, bins.width);
    const cuts = marks.map(({ at }) => cells.findIndex((cell) => cell.from >= at));
    const steps = findSteps(cells.map(({ level }) => level), { least: LEAST, cuts });
    const read: StepData[] = [];
    for (const [i, { index, chance }] of steps.entries()) {
      const [first, end] = [steps[i - 1]?.index ?? 0, steps[i + 1]?.index ?? cells.length];
      const [before, after] = [medianOf(cells.slice(first, index)), medianOf(cells.slice(index, end))];
      // The medians must have changed, too, and not only the level between them.
      if (Math.abs(Math.log(after / before)) < LEAST) continue;
      const [low, high] = [cells[index - CELLS_AROUND]!.from, cells[index + CELLS_AROUND - 1]!.to];
      const moment = await readMoment(source, label, [from + BigInt(low), from + BigInt(high)], from);
      const at = moment?.at ?? cells[index]!.from;
      const cell = cells[index]!.to - cells[index]!.from;
      const mark = marks.filter((mark) => Math.abs(mark.at - at) <= CELLS_TO_MARK * cell + (moment?.within ?? 0))
        .sort((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at))[0];
      const step = { at, within: moment?.within ?? cell, before, after, chance };
      read.push(mark === undefined ? step : { ...step, mark: mark.text });
    }
    if (read.length > 0) found.set(label, read);
  }
  return found;
}

/** Joins the cells of all processes, and neighbours that hold few durations. */
function cellsOf(processes: DurationData["processes"], width: number): Cell[] {
  const bins = new Map<number, Map<number, number>>();
  let total = 0;
  for (const { cells } of processes) {
    for (const [i, bin] of cells?.bin.entries() ?? []) {
      const counts = bins.get(bin) ?? new Map<number, number>();
      bins.set(bin, counts);
      forEachBucket(cells!.buckets[i], (bucket, count, low, high) => {
        // Where in its bucket: a constant must not look like a bucket's middle.
        const place = bucket + (low + high) / 2;
        counts.set(place, (counts.get(place) ?? 0) + count);
        total += count;
      });
    }
  }
  const wanted = Math.min(PER_CELL.most, Math.max(PER_CELL.least, Math.floor(total / PER_CELL.cells)));
  const result: Cell[] = [];
  let [counts, count, from]: [Map<number, number>, number, number | undefined] = [new Map(), 0, undefined];
  for (const [bin, added] of [...bins].sort(([a], [b]) => a - b)) {
    from ??= bin;
    for (const [place, number] of added) {
      counts.set(place, (counts.get(place) ?? 0) + number);
      count += number;
    }
    if (count < wanted) continue;
    result.push({ from: from * width, to: (bin + 1) * width, level: levelOf(counts, count), counts });
    [counts, count, from] = [new Map(), 0, undefined];
  }
  return result.length < 2 * MIN_PART ? [] : result;
}

/** The mean of the middle half: steadier than the median where durations have several modes. */
function levelOf(counts: ReadonlyMap<number, number>, count: number): number {
  let [below, sum] = [0, 0];
  for (const [place, number] of [...counts].sort(([a], [b]) => a - b)) {
    const inside = Math.min(below + number, 0.75 * count) - Math.max(below, 0.25 * count);
    if (inside > 0) sum += inside * DURATION_BUCKETS.logAt(place);
    below += number;
  }
  return sum / (count / 2);
}

function medianOf(cells: readonly Cell[]): number {
  const counts = new Map<number, number>();
  let count = 0;
  for (const cell of cells) {
    for (const [place, number] of cell.counts) {
      counts.set(place, (counts.get(place) ?? 0) + number);
      count += number;
    }
  }
  let below = 0;
  for (const [place, number] of [...counts].sort(([a], [b]) => a - b)) {
    below += number;
    if (below >= count / 2) return Math.exp(DURATION_BUCKETS.logAt(place));
  }
  return NaN;
}

/** Reads the durations around a step, and tells when the first one after it began. */
async function readMoment(
  source: Source,
  label: string,
  [low, high]: readonly [bigint, bigint],
  from: bigint,
): Promise<{ at: number; within: number } | undefined> {
  const rows = await source.rows<{ began: number; duration: number }>(`
    SELECT began, duration FROM (
      SELECT (Timepoint - round(Measurement * 1e9)::BIGINT - ${from})::DOUBLE AS began, Measurement AS duration
      FROM ${source.durations.relation} WHERE Label = ${literal(label)} AND Timepoint BETWEEN ${low} AND ${high}
        AND Measurement BETWEEN 0 AND 9e9
      ORDER BY hash(Timepoint, PID, Isolate) LIMIT ${MAX_ROWS}
    ) ORDER BY began`);
  if (rows.length < 2) return undefined;
  const logs = rows.map(({ duration }) => Math.log(Math.max(duration, 1e-9)));
  const index = changePoint(logs);
  const [before, after] = [logs.slice(0, index), logs.slice(index)];
  const spread = (part: readonly number[], middle: number): number =>
    1.4826 * median(part.map((log) => Math.abs(log - middle)));
  const [a, b] = [median(before), median(after)];
  // The variance of the moment, in durations: that of the noise relative to the step, squared.
  const off = Math.max(1, 4 * (Math.max(spread(before, a), spread(after, b)) / (b - a)) ** 2);
  const each = (rows.at(-1)!.began - rows[0]!.began) / rows.length;
  return { at: Math.max(0, rows[index]!.began), within: off * each };
}
