import { median } from "../../statistics/quantiles.ts";
import type { QuantityCells } from "../shared/report_data.ts";
import { inBytes, inSeconds } from "../../display/words.ts";
import { capitalize, type Draft, type Facts, nameProcess } from "./finding.ts";
import { SERIES } from "../../series.ts";

/** A shorter recording says nothing about a trend: programs fill their caches and their heap at first. In seconds. */
const LONG_ENOUGH = 120;

/** The part of the recording at the beginning of which memory may grow as it likes, for that reason. */
const WARM_UP = 0.1;

/** Growth that is worth a sentence: so much of what there was, … */
const GROWTH = 0.2;

/** … and so many bytes. A young generation alone takes some of them. */
const GROWTH_BYTES = 10e6;

/** Growth by this factor is bad. */
const DOUBLED = 2;

/**
 * Of all pairs of points, how many more have to rise than fall, as a part (Kendall's τ). A sawtooth that ends where it began has 0, a line 1, a line
 * with as much noise as rise about 0.6.
 */
const MONOTONE = 0.6;

/** As many points are compared, each with each. */
const POINTS = 120;

/** Processes whose memory grew all the time. */
export function memoryGrowth(facts: Facts): Draft[] {
  const of = (label: string): readonly QuantityCells[] =>
    facts.quantities.find((quantity) => quantity.label === label && quantity.unit === "bytes")?.processes ?? [];
  const heaps = new Map(of(SERIES.heapUsed).map((cells) => [cells.pid, trendOf(cells, facts)]));
  const grown = of(SERIES.rss).flatMap((cells) => {
    const trend = trendOf(cells, facts);
    return trend === undefined ? [] : [{ pid: cells.pid, heap: heaps.get(cells.pid), ...trend }];
  }).sort((a, b) => b.to - b.from - (a.to - a.from));
  const [most, ...others] = grown;
  if (most === undefined) return [];
  const { pid, from, to, seconds, window, heap } = most;
  const perMinute = (to - from) / seconds * 60;
  const with_ = heap === undefined
    ? ""
    : `; its heap in use grew with it, from ${inBytes(heap.from)} to ${inBytes(heap.to)}`;
  const also = others.length === 0
    ? ""
    : ` That of ${others.length === 1 ? "another process" : `${others.length} other processes`} grew too.`;
  return [{
    kind: "memory",
    weight: to >= DOUBLED * from ? "bad" : "attention",
    text: capitalize(
      `the memory (RSS) of ${nameProcess(pid, facts)} grew from ${inBytes(from)} to ${inBytes(to)} within ${
        inSeconds(seconds)
      }, ` +
        `${
          perMinute >= 1e5 ? `about ${inBytes(perMinute)} a minute` : `about ${inBytes(perMinute * 60)} an hour`
        }${with_}.${also}`,
    ),
    label: SERIES.rss,
    window,
  }];
}

/** How a level grew. */
interface Trend {
  /** What the straight line through it begins and ends with. */
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  /** Ns since the beginning. */
  readonly window: [number, number];
}

/** The growth of a level, if it is one: long, large and steady enough. */
function trendOf(cells: QuantityCells, { bins: { width } }: Pick<Facts, "bins">): Trend | undefined {
  const points = thinOut(cells.bin.map((bin, i) => [(bin + 0.5) * width / 1e9, cells.mean[i]!]));
  const begin = points[0]?.[0] ?? 0;
  const end = points.at(-1)?.[0] ?? 0;
  const warm = points.filter(([time]) => time >= begin + WARM_UP * (end - begin));
  if (end - begin < LONG_ENOUGH || warm.length < 10) return undefined;
  const { slope, level, tau } = theilSen(warm);
  const [first, last] = [warm[0]![0], end];
  const from = level + slope * first;
  const to = level + slope * last;
  const isGrowth = tau >= MONOTONE && to - from >= Math.max(GROWTH_BYTES, GROWTH * from);
  return isGrowth
    ? { from: Math.max(from, 0), to, seconds: last - first, window: [first * 1e9, last * 1e9] }
    : undefined;
}

/** The means of neighbours, so that few points are left. */
function thinOut(points: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const each = Math.ceil(points.length / POINTS);
  if (each <= 1) return points;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return Array.from({ length: Math.ceil(points.length / each) }, (_, i) => {
    const part = points.slice(i * each, (i + 1) * each);
    return [mean(part.map(([time]) => time)), mean(part.map(([, value]) => value))];
  });
}

/** A straight line that a third of outliers does not move (Theil and Sen: the median of the slopes of all pairs), and Kendall's τ. */
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
