/**
 * Findings about durations: slow series, slow processes, and series that became slower.
 *
 * @module
 */

import { counted, formatDuration, formatPercent, formatTimes } from "../../display/numbers.ts";
import { median } from "../../statistics/quantiles.ts";
import { DURATION_BUCKETS, forEachBucket } from "../shared/report_buckets.ts";
import type { DurationData, DurationStatistics, ModeData, StepData } from "../shared/report_data.ts";
import { causeOf } from "./causes.ts";
import { describeModes, slowModes } from "./modes.ts";
import { type FindingInputs, nameProcess, sum, type UnexplainedFinding } from "./finding_inputs.ts";

/**
 * Minimum number of durations from which a series is described by its p99. With fewer values, p99
 * depends on less than half a value; those are described by their median.
 */
const MIN_COUNT = 50;

/** Fewer durations than this may be anything. */
const MIN_COUNT_OF_RARE = 10;

/**
 * A series is slow if its p99 is this many times the median p99 of the others. Series differ, and
 * smaller differences are no news; this one shows on any chart.
 */
const SLOW_RATIO = 3;

/** Seconds below which nobody minds a duration: a hundred of them fit into the blink of an eye. */
const NEGLIGIBLE = 0.001;

/** Seconds within which an answer seems instant. */
const NOTICEABLE = 0.1;

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

/** The series that users wait for. */
export interface Subjects {
  /** Those with enough durations to say something. */
  readonly series: readonly DurationData[];
  /** How many have too few. */
  readonly few: number;
  /** Seconds of all of them together, also those with few durations. */
  readonly time: number;
  /** What a duration is called. */
  readonly thing: "request" | "run";
}

/**
 * Returns the series that users wait for: requests if there are any, otherwise all. Failed requests
 * are often fast, and streams last as long as their clients want: neither says anything about speed.
 */
export function subjects({ durations }: Pick<FindingInputs, "durations">): Subjects {
  const good = durations.filter(({ request }) => request === undefined || request.outcome === "ok");
  // Without a good request to speak of, blocks of code are not what users wait for either.
  const isServer = durations.some(({ request }) => request !== undefined && request.outcome !== "stream");
  const all = isServer ? good.filter(({ request }) => request !== undefined) : good;
  const series = all.filter(({ statistics }) => statistics.count >= MIN_COUNT_OF_RARE);
  return {
    series,
    few: all.length - series.length,
    time: sum(all.map(({ statistics }) => statistics.sum)),
    thing: isServer ? "request" : "run",
  };
}

/** How long a series takes if it is slow: its p99, or of few durations the median. */
function slowness({ statistics: { count, p50, p99 } }: DurationData): number {
  return count >= MIN_COUNT ? p99 : p50;
}

/** Finds series that are much slower than the others. */
export function slowSeries(inputs: FindingInputs): UnexplainedFinding[] {
  const { series, thing, time } = subjects(inputs);
  const slowest = series.toSorted((a, b) => slowness(b) - slowness(a)).slice(0, MAX_SLOW);
  return slowest.flatMap((of, rank): UnexplainedFinding[] => {
    const { count, p50, p99, max } = of.statistics;
    const typical = median(series.filter((other) => other !== of).map(({ statistics }) => statistics.p99));
    const slow = slowness(of);
    if (!(slow >= SLOW_RATIO * typical)) return [];
    const share = of.statistics.sum / time;
    const long = count >= MIN_COUNT
      ? `, and 1 % more than ${formatDuration(p99)}, which is`
      : `, the longest ${formatDuration(max)}; its median is`;
    return [{
      kind: "latency",
      weight: slow >= VERY_SLOW ? "bad" : slow >= NEGLIGIBLE ? "attention" : "note",
      text: `${of.label} is ${rank === 0 ? "the slowest" : "slow too"}: half of its ${counted(count, thing)} took ` +
        `more than ${formatDuration(p50)}${long} ${formatTimes(slow / typical)} the median p99 of the others` +
        `${
          share >= LARGE_SHARE ? `. It took ${formatPercent(share, { trim: true })} of the time of all ${thing}s` : ""
        }.`,
      label: of.label,
      explain: { slowSeries: of.label },
      causes: [causeOf.label(of.label)],
    }];
  });
}

/** Says which series took the most time in total, slow or not, if it took a large share. */
export function largestShare(inputs: FindingInputs): string | undefined {
  const { series, thing, time: total } = subjects(inputs);
  if (series.length < 3) return undefined;
  const [largest] = series.toSorted((a, b) => b.statistics.sum - a.statistics.sum);
  const { sum: time, count, mean } = largest!.statistics;
  if (time < LARGE_SHARE * total) return undefined;
  return `${largest!.label} took the most time in total, ${
    formatPercent(time / total, { trim: true })
  } of the time of ` +
    `all ${thing}s: ${counted(count, thing)} of ${formatDuration(mean)} on average.`;
}

/** Maximum number of series whose modes are told. */
const MAX_UNEVEN = 2;

/** Finds the series whose durations are around several values far from each other, or have a long tail. */
export function unevenSeries(inputs: FindingInputs): UnexplainedFinding[] {
  const { series, thing } = subjects(inputs);
  const several = series.flatMap((of) => {
    const modes = inputs.modes.get(of.label) ?? [];
    const slow = slowModes(modes);
    const isTold = (inputs.steps.get(of.label) ?? []).some((step) => areBesideStep(modes, step));
    return slow === undefined || slow.around < NEGLIGIBLE || isTold ? [] : [{ of, modes, slow }];
  }).sort((a, b) =>
    b.slow.around * b.slow.share * b.of.statistics.count - a.slow.around * a.slow.share * a.of.statistics.count
  );
  const found = several.slice(0, MAX_UNEVEN).map(({ of: { label, statistics }, modes, slow }): UnexplainedFinding => {
    const share = slow.share * slow.around / statistics.mean;
    return {
      kind: "latency",
      weight: slow.around >= VERY_SLOW
        ? "bad"
        : slow.around >= NOTICEABLE || share >= LARGE_SHARE
        ? "attention"
        : "note",
      text: `${label} has ${modes.length} typical times: of its ${counted(statistics.count, thing)} ${
        describeModes(modes)
      }.`,
      label,
      explain: { slowSeries: label },
      causes: [causeOf.label(label)],
    };
  });
  return [...found, ...longTail(series.filter(({ label }) => !found.some((of) => of.label === label)), thing)];
}

/** A mode is that before or after a step if it is this near to it, as a factor. */
const NEAR = 1.3;

/** Whether two modes are what a series is around before a step and after it. */
function areBesideStep(modes: readonly ModeData[], { before, after }: StepData): boolean {
  const sides = [before, after].sort((a, b) => a - b);
  const isNear = ({ around }: ModeData, i: number): boolean => Math.abs(Math.log(around / sides[i]!)) <= Math.log(NEAR);
  return modes.length === 2 && modes.every(isNear);
}

/** Finds the series with the highest ratio of p99 to p50. */
function longTail(series: readonly DurationData[], thing: string): UnexplainedFinding[] {
  const ratio = ({ statistics: { p50, p99 } }: DurationData): number => p99 / p50;
  const [worst] = series
    .filter((of) => of.statistics.count >= MIN_COUNT && of.statistics.p99 >= NEGLIGIBLE && ratio(of) >= TAIL_RATIO)
    .sort((a, b) => ratio(b) - ratio(a));
  if (worst === undefined) return [];
  const { p50, p99, max } = worst.statistics;
  return [{
    kind: "latency",
    weight: p99 >= VERY_SLOW ? "bad" : p99 >= NOTICEABLE ? "attention" : "note",
    text: `${worst.label} is uneven: half of its ${thing}s took at most ${formatDuration(p50)}, but 1 % more than ` +
      `${formatDuration(p99)}, ${formatTimes(ratio(worst))} as long; the longest took ${formatDuration(max)}.`,
    label: worst.label,
    explain: { slowSeries: worst.label },
    causes: [causeOf.label(worst.label)],
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
    text: `${nameProcess(process, inputs)} is ${formatTimes(ratio)} as slow as the ${others}` +
      `${
        parts.length > 1 ? " at the same work. Most of the lost time is of" : " at"
      } ${example.label}, whose median is ` +
      `${formatDuration(example.statistics.p50)} there and ${formatDuration(example.others)} in the ${others}, ` +
      `${formatTimes(example.statistics.p50 / example.others)} as long.`,
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
  const [worst] = series.filter(({ label }) => !inputs.steps.has(label)).flatMap((of) => {
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
    explain: { slowSeries: label },
    causes: [causeOf.label(label)],
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
