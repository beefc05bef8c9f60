/**
 * Statistics of a series of durations in the part of the report that is looked at.
 *
 * @module
 */

import type { DurationData, DurationStatistics } from "../../shared/report_data.ts";
import { hasCells, quantileOf, viewDurations } from "./duration_view.ts";
import { groupsOf, type Selection } from "./selection.ts";

/** Statistics, and whether their quantiles are exact or read off the buckets. What is not known is `NaN`. */
export interface SelectedStatistics extends DurationStatistics {
  readonly exact: boolean;
}

/**
 * Statistics of a series in a part of a report of so many bins. Count, sum, smallest and largest are always exact; quantiles are for the whole
 * time of all processes or of one. `undefined` if there is nothing in that part.
 */
export function statisticsOf(data: DurationData, selection: Selection, bins: number): SelectedStatistics | undefined {
  const parts = data.processes.filter(({ pid }) => selection.pids.has(pid));
  const [first] = parts;
  if (first === undefined) return undefined;
  const whole = selection.from <= 0 && selection.to >= bins;
  if (whole && parts.length === data.processes.length) {
    return { ...data.statistics, exact: true };
  }
  if (whole && parts.length === 1) return { ...first.statistics, exact: true };
  if (hasCells(data)) return fromCells(data, selection);
  return whole ? added(parts.map(({ statistics }) => statistics)) : undefined;
}

function fromCells(data: DurationData, selection: Selection): SelectedStatistics | undefined {
  const view = viewDurations(data, selection, groupsOf(selection, 1));
  const [count = 0, sum = 0] = [view.count[0], view.sum[0]];
  if (count === 0) return undefined;
  const quantile = (of: number): number => quantileOf(view, 0, of) ?? NaN;
  return {
    exact: false,
    count,
    sum,
    mean: sum / count,
    min: view.min[0] ?? NaN,
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
    p999: quantile(0.999),
    max: view.max[0] ?? NaN,
  };
}

/** What can be told of several processes together without their distributions. */
function added(parts: readonly DurationStatistics[]): SelectedStatistics {
  const count = parts.reduce((total, part) => total + part.count, 0);
  const sum = parts.reduce((total, part) => total + part.sum, 0);
  return {
    exact: false,
    count,
    sum,
    mean: sum / count,
    min: Math.min(...parts.map(({ min }) => min)),
    p50: NaN,
    p90: NaN,
    p99: NaN,
    p999: NaN,
    max: Math.max(...parts.map(({ max }) => max)),
  };
}
