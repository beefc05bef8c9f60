/**
 * When the medians of duration series changed.
 *
 * @module
 */

import { changePoint } from "../../../statistics/change_point.ts";
import { median } from "../../../statistics/quantiles.ts";
import { findSteps } from "../../../statistics/steps.ts";
import { literal } from "../../../analysis/duckdb/sql.ts";
import type { Source } from "../../data/source.ts";
import type { ShownTime } from "../../data/time_axis.ts";
import type { ReportData, StepData } from "../../shared/report_data.ts";
import { medianOf, readStepCells } from "./step_cells.ts";

/** Smaller changes are nothing to tell: a tenth. */
const LEAST = Math.log(1.1);

/** The series in which steps are looked for: those that took the most time. */
const MAX_SERIES = 100;

/** The rows around a step in which its moment is looked for. */
const MAX_ROWS = 20_000;

/** Cells on each side of a step within which its moment must be. */
const CELLS_AROUND = 3;

const SECOND = 1e9;

/** A mark this many cells from a step, or nearer, is told with it. */
const CELLS_TO_MARK = 1;

/** Reads the steps of the series that have some, in order of time. */
export async function readSteps(
  source: Source,
  { from }: ShownTime,
  { durations, bins, marks }: Pick<ReportData, "durations" | "bins" | "marks">,
): Promise<Map<string, StepData[]>> {
  const found = new Map<string, StepData[]>();
  const examined = durations.filter(({ request }) => request === undefined || request.outcome === "ok")
    .slice(0, MAX_SERIES);
  for (const [label, cells] of await readStepCells(source, from, examined, bins.width)) {
    const cuts = marks.map(({ at }) => cells.findIndex((cell) => cell.from >= at));
    const steps = findSteps(cells.map(({ level }) => level), { least: LEAST, cuts });
    const read: StepData[] = [];
    for (const { index, from: first, to: end, chance } of steps) {
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
  const [at, within] = [rows[index]!.began, off * each];
  return { at: Math.max(0, within < SECOND / 2 ? at : toWholeSecond(at, from)), within };
}

/** A moment rounded to the second: times are told without fractions, and 17:59:59.8 is not 17:59:59. */
function toWholeSecond(at: number, from: bigint): number {
  const second = BigInt(SECOND);
  const rounded = (from + BigInt(Math.round(at)) + second / 2n) / second * second;
  return Number(rounded - from);
}
