/**
 * Findings about durations: slow series, slow processes, and series that became slower.
 *
 * @module
 */

import { counted, formatDuration, formatPercent, formatTimes } from "../../display/numbers.ts";
import { median } from "../../statistics/quantiles.ts";
import { DURATION_BUCKETS, forEachBucket } from "../shared/report_buckets.ts";
import type { DurationData, DurationStatistics } from "../shared/report_data.ts";
import { type FindingInputs, nameProcess, sum, type UnexplainedFinding } from "./finding_inputs.ts";

/**
 * Minimum number of durations for a finding about a series. With fewer values, p99 depends on less
 * than half a value.
 */
const MIN_COUNT = 50;

/**
 * A series is slow if its p99 is this many times the median p99 of the others. Series differ, and
 * smaller differences are no news; this one shows on any chart.
 */
const SLOW_RATIO = 3;

/** Seconds below which nobody minds a duration: a hundred of them fit into the blink of an eye. */
const NEGLIGIBLE = 0.001;

/** Seconds after which users think that something is wrong. */
const VERY_SLOW = 1;

/** Maximum number of slow series with a finding; the table has them all. */
const MAX_SLOW = 2;

/** A share of the total time that is worth a finding. */
const LARGE_SHARE = 1 / 3;

/**
 * Ratio of p99 to p50 from which a series is uneven: more than a queue or a cold cache explains.
 */
const TAIL_RATIO = 10;

/**
 * Returns the series that users wait for: requests if there are any, otherwise all; only those with
 * enough durations. Failed requests are often fast, and streams last as long as their clients want:
 * neither says anything about speed.
 */
export function subjects({ durations }: Pick<FindingInputs, "durations">): {
  series: readonly DurationData[];
  thing: string;
} {
  const enough = durations.filter(({ statistics, request }) =>
    statistics.count >= MIN_COUNT && (request === undefined || request.outcome === "ok")
  );
  const requests = enough.filter(({ request }) => request !== undefined);
  // Without a good request to speak of, blocks of code are not what users wait for either.
  const isServer = durations.some(({ request }) => request !== undefined && request.outcome !== "stream");
  return isServer ? { series: requests, thing: "request" } : { series: enough, thing: "run" };
}

/** Finds series that are much slower than the others. */
export function slowSeries(inputs: FindingInputs): UnexplainedFinding[] {
  const { series, thing } = subjects(inputs);
  const total = sum(series.map(({ statistics }) => statistics.sum));
  const slowest = series.toSorted((a, b) => b.statistics.p99 - a.statistics.p99).slice(0, MAX_SLOW);
  return slowest.flatMap((of, rank): UnexplainedFinding[] => {
    const { count, p50, p99 } = of.statistics;
    const typical = median(series.filter((other) => other !== of).map(({ statistics }) => statistics.p99));
    if (!(p99 >= SLOW_RATIO * typical)) return [];
    const share = of.statistics.sum / total;
    return [{
      kind: "latency",
      weight: p99 >= VERY_SLOW ? "bad" : p99 >= NEGLIGIBLE ? "attention" : "note",
      text: `${of.label} is ${rank === 0 ? "the slowest" : "slow too"}: half of its ${counted(count, thing)} took ` +
        `more than ${formatDuration(p50)}, and 1 % more than ${formatDuration(p99)}, which is ${
          formatTimes(p99 / typical)
        } ` +
        `the median p99 of the others` +
        `${
          share >= LARGE_SHARE ? `. It took ${formatPercent(share, { trim: true })} of the time of all ${thing}s` : ""
        }.`,
      label: of.label,
      explain: { slowSeries: of.label },
    }];
  });
}

/** Finds the series that took the most time in total, slow or not. */
export function largestShare(inputs: FindingInputs): UnexplainedFinding[] {
  const { series, thing } = subjects(inputs);
  if (series.length < 3) return [];
  const total = sum(series.map(({ statistics }) => statistics.sum));
  const [largest] = series.toSorted((a, b) => b.statistics.sum - a.statistics.sum);
  const { sum: time, count, mean } = largest!.statistics;
  if (time < LARGE_SHARE * total) return [];
  return [{
    kind: "latency",
    weight: "note",
    text:
      `${largest!.label} took the most time in total, ${
        formatPercent(time / total, { trim: true })
      } of the time of all ${thing}s: ` +
      `${counted(count, thing)} of ${formatDuration(mean)} on average.`,
    label: largest!.label,
  }];
}

/** Finds the series with the highest ratio of p99 to p50. */
export function longTail(inputs: FindingInputs): UnexplainedFinding[] {
  const { series, thing } = subjects(inputs);
  const ratio = ({ statistics: { p50, p99 } }: DurationData): number => p99 / p50;
  const [worst] = series
    .filter((of) => of.statistics.p99 >= NEGLIGIBLE && ratio(of) >= TAIL_RATIO)
    .sort((a, b) => ratio(b) - ratio(a));
  if (worst === undefined) return [];
  const { p50, p99, max } = worst.statistics;
  return [{
    kind: "latency",
    weight: p99 >= VERY_SLOW ? "bad" : p99 >= 100 * NEGLIGIBLE ? "attention" : "note",
    text: `${worst.label} is uneven: half of its ${thing}s took at most ${formatDuration(p50)}, but 1 % more than ` +
      `${formatDuration(p99)}, ${formatTimes(ratio(worst))} as long; the longest took ${formatDuration(max)}.`,
    label: worst.label,
    explain: { slowSeries: worst.label },
  }];
}

/** Minimum number of durations for a median. With fewer, it may be off by a fifth. */
const MIN_COUNT_OF_MEDIAN = 100;

/**
 * A median is noticeably slower if it is this many times another: two CPUs or runtimes may differ
 * by half.
 */
const SLOWER = 1.5;

/** A median is much slower if it is this many times another. */
const MUCH_SLOWER = 3;

/** Seconds below which it does not matter that a median is slower. */
const NEGLIGIBLE_MEDIAN = 100e-6;

/** Finds the process that is slower than the others at what they all do. */
export function slowProcess(inputs: FindingInputs): UnexplainedFinding[] {
  const { series } = subjects(inputs);
  const shared = series.flatMap(({ label, processes }) => {
    const enough = processes.filter(({ statistics: { count, p50 } }) => count >= MIN_COUNT_OF_MEDIAN && p50 > 0);
    return enough.length < 2 ? [] : enough.map(({ process, statistics }) => {
      const others = median(enough.filter((other) => other.process !== process).map(({ statistics: { p50 } }) => p50));
      return { label, process, statistics, others };
    });
  }).filter(({ statistics: { p50 }, others }) => Math.max(p50, others) >= NEGLIGIBLE_MEDIAN);
  const [slowest] = [...Map.groupBy(shared, ({ process }) => process)]
    .map(([process, parts]) => ({ process, parts, ratio: ratioToOthers(parts) }))
    .filter(({ ratio }) => ratio >= SLOWER)
    .sort((a, b) => b.ratio - a.ratio);
  if (slowest === undefined) return [];
  const { process, parts, ratio } = slowest;
  const example = parts.toSorted((a, b) => excess(b) - excess(a))[0]!;
  const others = inputs.processes.length > 2 ? "others" : "other";
  return [{
    kind: "latency",
    weight: ratio >= MUCH_SLOWER ? "bad" : "attention",
    text:
      `${nameProcess(process, inputs)} is ${
        formatTimes(ratio)
      } as slow as the ${others}: its median of ${example.label} is ` +
      `${formatDuration(example.statistics.p50)}, that of the ${others} ${formatDuration(example.others)}.`,
    label: example.label,
    process,
  }];
}

/** A series in one process, compared with the others. */
interface Part {
  readonly statistics: DurationStatistics;
  /** The median of the other processes' medians. */
  readonly others: number;
}

/**
 * Returns how many times as long everything took as the other processes would have needed. By
 * medians, since a few outliers are not typical of a process.
 */
function ratioToOthers(parts: readonly Part[]): number {
  return sum(parts.map(({ statistics: { count, p50 } }) => count * p50)) /
    sum(parts.map(({ statistics: { count }, others }) => count * others));
}

/** Returns the seconds that the others would not have needed. */
function excess({ statistics: { count, p50 }, others }: Part): number {
  return count * (p50 - others);
}

/** Shorter recordings begin and end within startup and shutdown; seconds. */
const MIN_SECONDS_OF_TREND = 30;

/** Finds the series that became slower during the recording. */
export function becameSlower(inputs: FindingInputs): UnexplainedFinding[] {
  if (inputs.span < MIN_SECONDS_OF_TREND * 1e9) return [];
  const { series } = subjects(inputs);
  const [worst] = series.flatMap((of) => {
    const thirds = mediansOfThirds(of, inputs.bins.count);
    if (thirds === undefined) return [];
    const [first, second, third] = thirds;
    const ratio = third / first;
    // The second third must lie between the others: slowness that comes and goes is no trend.
    const isTrend = third >= NEGLIGIBLE_MEDIAN && ratio >= SLOWER && second >= 0.95 * first && second <= 1.05 * third;
    return isTrend ? [{ label: of.label, first, third, ratio }] : [];
  }).sort((a, b) => b.ratio - a.ratio);
  if (worst === undefined) return [];
  const { label, first, third, ratio } = worst;
  return [{
    kind: "latency",
    weight: ratio >= MUCH_SLOWER ? "bad" : "attention",
    text: `${label} became slower: its median was ${formatDuration(first)} in the first third of the recording and ` +
      `${formatDuration(third)} in the last, ${formatTimes(ratio)} as long.`,
    label,
    window: [Math.round(inputs.span * 2 / 3), inputs.span],
  }];
}

/**
 * Returns the medians of the three thirds of the time; `undefined` if one of them has too few
 * durations.
 */
function mediansOfThirds({ processes }: DurationData, bins: number): readonly [number, number, number] | undefined {
  const thirds = [0, 1, 2].map(() => ({ counts: [] as number[], lows: [] as number[], highs: [] as number[] }));
  for (const { cells } of processes) {
    for (const [i, bin] of cells?.bin.entries() ?? []) {
      const { counts, lows, highs } = thirds[Math.min(2, Math.floor(3 * bin / bins))]!;
      forEachBucket(cells!.buckets[i], (bucket, count, low, high) => {
        counts[bucket] = (counts[bucket] ?? 0) + count;
        lows[bucket] = Math.min(lows[bucket] ?? 1, low);
        highs[bucket] = Math.max(highs[bucket] ?? 0, high);
      });
    }
  }
  if (thirds.some(({ counts }) => sum(counts.filter(Boolean)) < MIN_COUNT_OF_MEDIAN)) return undefined;
  const [first, second, third] = thirds.map(({ counts, ...spread }) => DURATION_BUCKETS.quantile(counts, 0.5, spread));
  return [first!, second!, third!];
}
