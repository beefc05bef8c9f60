/**
 * Findings about memory.
 *
 * @module
 */

import { formatBytes, formatSpan } from "../../display/numbers.ts";
import { SERIES } from "../../series.ts";
import { median } from "../../statistics/quantiles.ts";
import type { QuantityCells } from "../shared/report_data.ts";
import { capitalize, type FindingInputs, nameProcess, type UnexplainedFinding } from "./finding_inputs.ts";

/**
 * A shorter recording shows no trend: programs fill their caches and their heap at first. In
 * seconds.
 */
const MIN_SECONDS = 120;

/** The share of the recording at its beginning that is left out, for that reason. */
const WARM_UP = 0.1;

/** Growth that is a finding: this share of the memory at the beginning, … */
const GROWTH = 0.2;

/** … and this many bytes. A young generation alone takes some of them. */
const GROWTH_BYTES = 10e6;

/** Growth by this factor is bad. */
const DOUBLED = 2;

/**
 * Minimum of Kendall's τ: of all pairs of points, the share that rises minus the share that falls.
 * It is 0 for a sawtooth that ends where it began, 1 for a line, and about 0.6 for a line with as
 * much noise as rise.
 */
const MONOTONE = 0.6;

/** Maximum number of points that are compared, each with each. */
const MAX_POINTS = 120;

/** Finds processes whose memory grew all the time. */
export function memoryGrowth(inputs: FindingInputs): UnexplainedFinding[] {
  const of = (label: string): readonly QuantityCells[] =>
    inputs.quantities.find((quantity) => quantity.label === label && quantity.unit === "bytes")?.processes ?? [];
  const heaps = new Map(of(SERIES.heapUsed).map((cells) => [cells.pid, trendOf(cells, inputs)]));
  const grown = of(SERIES.rss).flatMap((cells) => {
    const trend = trendOf(cells, inputs);
    return trend === undefined ? [] : [{ pid: cells.pid, heap: heaps.get(cells.pid), ...trend }];
  }).sort((a, b) => b.to - b.from - (a.to - a.from));
  const [most, ...others] = grown;
  if (most === undefined) return [];
  const { pid, from, to, seconds, window, heap } = most;
  const perMinute = (to - from) / seconds * 60;
  const withHeap = heap === undefined
    ? ""
    : `; its used heap grew too, from ${formatBytes(heap.from)} to ${formatBytes(heap.to)}`;
  const also = others.length === 0
    ? ""
    : ` The memory of ${others.length === 1 ? "another process" : `${others.length} other processes`} grew too.`;
  return [{
    kind: "memory",
    weight: to >= DOUBLED * from ? "bad" : "attention",
    text: capitalize(
      `the memory (RSS) of ${nameProcess(pid, inputs)} grew from ${formatBytes(from)} to ${formatBytes(to)} within ${
        formatSpan(seconds)
      }, ` +
        `${
          perMinute >= 1e5
            ? `about ${formatBytes(perMinute)} per minute`
            : `about ${formatBytes(perMinute * 60)} per hour`
        }${withHeap}.${also}`,
    ),
    label: SERIES.rss,
    window,
  }];
}

/** Growth of a level. */
interface Trend {
  /** First and last value of the straight line through it. */
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  /** Ns since the report's `from`. */
  readonly window: [number, number];
}

/** Returns the growth of a level, if it is long, large and steady enough. */
function trendOf(cells: QuantityCells, { bins: { width } }: Pick<FindingInputs, "bins">): Trend | undefined {
  const points = thinOut(cells.bin.map((bin, i) => [(bin + 0.5) * width / 1e9, cells.mean[i]!]));
  const begin = points[0]?.[0] ?? 0;
  const end = points.at(-1)?.[0] ?? 0;
  const warm = points.filter(([time]) => time >= begin + WARM_UP * (end - begin));
  if (end - begin < MIN_SECONDS || warm.length < 10) return undefined;
  const { slope, level, tau } = theilSen(warm);
  const [first, last] = [warm[0]![0], end];
  const from = level + slope * first;
  const to = level + slope * last;
  const isGrowth = tau >= MONOTONE && to - from >= Math.max(GROWTH_BYTES, GROWTH * from);
  return isGrowth
    ? { from: Math.max(from, 0), to, seconds: last - first, window: [first * 1e9, last * 1e9] }
    : undefined;
}

/** Replaces neighbours by their means, so that few points are left. */
function thinOut(points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const each = Math.ceil(points.length / MAX_POINTS);
  if (each <= 1) return points;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return Array.from({ length: Math.ceil(points.length / each) }, (_, i) => {
    const part = points.slice(i * each, (i + 1) * each);
    return [mean(part.map(([time]) => time)), mean(part.map(([, value]) => value))];
  });
}

/**
 * Fits a straight line that up to 29 % of outliers do not move (Theil and Sen: the median of the
 * slopes of all pairs), and computes Kendall's τ.
 */
function theilSen(points: readonly (readonly [number, number])[]): { slope: number; level: number; tau: number } {
  const slopes: number[] = [];
  let concordance = 0;
  for (const [i, [x1, y1]] of points.entries()) {
    for (const [x2, y2] of points.slice(i + 1)) {
      slopes.push((y2 - y1) / (x2 - x1));
      concordance += Math.sign(y2 - y1);
    }
  }
  const slope = median(slopes);
  return { slope, level: median(points.map(([x, y]) => y - slope * x)), tau: concordance / slopes.length };
}
