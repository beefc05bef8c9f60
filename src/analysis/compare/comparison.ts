import type { Change, ComparedSeries, Comparison, Interval } from "./changes.ts";
import { KymoError, quote } from "../../errors.ts";
import { isWholeNumber } from "../../options.ts";
import { checkSpread, logRatioInterval, type QuantileSpread, resampleQuantile, samplesNeeded } from "./bootstrap.ts";
import { randomNumbers } from "./random.ts";
import { readHistograms, readSpans, type SeriesSpan } from "./series_histograms.ts";
import { TelemetryFrame } from "../frames/telemetry_frame.ts";
import type { TimedHistogram } from "./timed_histogram.ts";
import { differenceOfMeans, findingOf, meanOf, samplesFactor } from "./verdict.ts";

/** Options of {@linkcode compare}. */
export interface CompareOptions {
  /** Labels or patterns of labels, as in `where`. Default: all. */
  readonly labels?: string | readonly string[];
  /**
   * Probability that all intervals contain their true ratios, from 0.5 to 0.9999. Default: 0.95.
   */
  readonly confidence?: number;
  /**
   * Changes up to this do not matter. A duration is slower if the whole interval lies above 1 +
   * `margin`, faster if it lies below 1 / (1 + `margin`), and the same if it lies between the two; with
   * a margin of 0 nothing is the same.
   *
   * @default 0.05
   */
  readonly margin?: number;
  /** Bootstrap replicates of each series, from 100 to 1,000,000. Default: 4,000. */
  readonly replicates?: number;
  /** Integer seed of the random numbers. The same seed gives the same intervals. Default: 1. */
  readonly seed?: number;
  /** Called before each pass over a recording with the number of passes, and how many are done. */
  readonly onProgress?: (progress: { readonly done: number; readonly passes: number }) => void;
}

/** Series counted in one query; each takes some MB of memory meanwhile. */
const SERIES_AT_ONCE = 50;

/**
 * Compares two runs, or two groups of runs, label by label, in ascending order: the ratio b/a of the
 * medians and of the 99th percentiles, each with a confidence interval and a verdict: faster, slower,
 * the same, or cannot tell.
 *
 * Of two single runs the intervals come from a block bootstrap, so they allow for successive samples that resemble
 * each other (`bootstrap.ts` has method and sources). They hold simultaneously: with `n` intervals
 * each has the confidence 1 - (1 - `confidence`) / `n` (Bonferroni). So two equal runs, however
 * many labels they have, show no difference at all with at least the probability `confidence`. The
 * intervals are about these two runs. Other runs of the same program may still differ by memory
 * layout, machine or time of day: repeat them, or allow a `margin`.
 *
 * Give several runs of each side, and the intervals are about the programs: Welch's interval for the
 * difference of the means of the logarithms of the runs' medians, and of their 99th percentiles. What
 * differs from run to run widens it, so that it is not taken for a change.
 *
 * Medians and percentiles are exact. The intervals are computed from histograms with buckets 1.1 %
 * wide, in which values count as uniformly distributed. Each frame is read twice, and once more for
 * every further 50 labels.
 *
 * @throws {KymoError} `invalid-argument`, if an option is wrong or an argument is not a
 * `TelemetryFrame`.
 *
 * @example
 * ```ts
 * import { compare, TelemetryDB } from "@kymo/kymo/analysis";
 * import { assertEquals } from "@std/assert";
 * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
 *
 * // Two runs of ten seconds, a request each 10 ms; in the second they take longer.
 * for (const [directory, duration] of [["_before", 0.01], ["_after", 0.011]] as const) {
 *   const rows = Array.from({ length: 1000 }, (_, i) => {
 *     const timepoint = 1700000000000000000n + BigInt(i) * 10_000_000n;
 *     return `${timepoint},${duration * (1 + i % 17 / 100)},/orders [GET],42\r\n`;
 *   });
 *   mkdirSync(directory);
 *   writeFileSync(`${directory}/duration.1.csv`, `Timepoint,Measurement,Label,PID\r\n${rows.join("")}`);
 * }
 * {
 *   await using before = await TelemetryDB.open("_before");
 *   await using after = await TelemetryDB.open("_after");
 *   for (const { label, median } of await compare(before.duration(), after.duration())) {
 *     assertEquals([label, median.ratio?.toFixed(3), median.verdict], ["/orders [GET]", "1.100", "slower"]);
 *     console.log(median.interval); // contains the true ratio with the probability median.confidence
 *   }
 * }
 * for (const directory of ["_before", "_after"]) rmSync(directory, { recursive: true });
 * ```
 */
export async function compare(
  a: TelemetryFrame | readonly TelemetryFrame[],
  b: TelemetryFrame | readonly TelemetryFrame[],
  options: CompareOptions = {},
): Promise<Comparison[]> {
  const sides = [[a].flat(), [b].flat()] as const;
  for (const frame of sides.flat()) {
    if (!(frame instanceof TelemetryFrame)) {
      throw new KymoError("invalid-argument", `Cannot compare: ${quote(frame)}: must be a TelemetryFrame`);
    }
  }
  checkGroups(sides[0].length, sides[1].length);
  const checked = checkCompareOptions(options);
  const { labels: wanted } = options;
  const selected = sides.map((frames) =>
    wanted === undefined ? frames : frames.map((frame) => frame.where({ labels: wanted }))
  ) as [TelemetryFrame[], TelemetryFrame[]];
  return sides[0].length > 1
    ? await compareGroups(selected, checked, options)
    : await compareRuns([selected[0][0]!, selected[1][0]!], checked, options);
}

/**
 * Checks numbers of runs: one of each side, or several of each.
 *
 * @throws {KymoError} `invalid-argument`
 */
export function checkGroups(a: number, b: number): void {
  if (a === 1 && b === 1 || a > 1 && b > 1) return;
  const wrong = a === 0 || b === 0
    ? "a side has no run"
    : "one run cannot be compared with several: give two or more of each";
  throw new KymoError("invalid-argument", `Cannot compare: ${a} with ${b}: ${wrong}`);
}

/** Compares two runs by what varies within each. */
async function compareRuns(
  [a, b]: readonly [TelemetryFrame, TelemetryFrame],
  checked: CheckedOptions,
  options: CompareOptions,
): Promise<Comparison[]> {
  const spansA = await readSpans(a);
  options.onProgress?.({ done: 1, passes: 4 });
  const spansB = await readSpans(b);
  const labels = [...new Set([...spansA.keys(), ...spansB.keys()])].sort();
  const inBoth = labels.filter((label) => spansA.has(label) && spansB.has(label));
  const tail = (1 - checked.confidence) / Math.max(1, 2 * inBoth.length) / 2;
  const passes = 2 + 2 * Math.ceil(inBoth.length / SERIES_AT_ONCE);
  let done = 2;
  const comparisons = new Map<string, Comparison>();
  for (let first = 0; first < inBoth.length; first += SERIES_AT_ONCE) {
    const batch = inBoth.slice(first, first + SERIES_AT_ONCE);
    options.onProgress?.({ done: done++, passes });
    const histogramsA = await readHistograms(a, spansA, batch);
    options.onProgress?.({ done: done++, passes });
    const histogramsB = await readHistograms(b, spansB, batch);
    for (const [index, label] of batch.entries()) {
      comparisons.set(
        label,
        compareSeries(label, [spansA.get(label)!, spansB.get(label)!], [histogramsA[index]!, histogramsB[index]!], {
          ...checked,
          tail,
        }),
      );
    }
  }
  return labels.map((label) =>
    comparisons.get(label) ?? inOneOnly(label, toCompared(spansA.get(label)), toCompared(spansB.get(label)), tail)
  );
}

/** Compares groups of runs by what varies between the runs of each. */
async function compareGroups(
  sides: readonly [readonly TelemetryFrame[], readonly TelemetryFrame[]],
  { confidence, margin }: CheckedOptions,
  { onProgress }: CompareOptions,
): Promise<Comparison[]> {
  const passes = sides[0].length + sides[1].length;
  let done = 0;
  const read = async (frames: readonly TelemetryFrame[]): Promise<Map<string, Group["runs"][number][]>> => {
    const runs = new Map<string, Group["runs"][number][]>();
    for (const [run, frame] of frames.entries()) {
      onProgress?.({ done: done++, passes });
      for (const [label, { count, median, p99 }] of await readSpans(frame)) {
        const series = { run, count, median, p99 };
        const known = runs.get(label);
        if (known === undefined) runs.set(label, [series]);
        else known.push(series);
      }
    }
    return runs;
  };
  const [runsA, runsB] = [await read(sides[0]), await read(sides[1])];
  const labels = [...new Set([...runsA.keys(), ...runsB.keys()])].sort();
  const inBoth = labels.filter((label) => runsA.has(label) && runsB.has(label));
  const tail = (1 - confidence) / Math.max(1, 2 * inBoth.length) / 2;
  return labels.map((label): Comparison => {
    const [a, b] = [groupOf(runsA.get(label)), groupOf(runsB.get(label))];
    if (a === undefined || b === undefined) return inOneOnly(label, a, b, tail);
    const change = (name: "median" | "p99"): Change => changeOfGroups(a, b, name, { tail, margin });
    return { label, a, b, median: change("median"), p99: change("p99") };
  });
}

/** A side of several runs. */
type Group = ComparedSeries & Required<Pick<ComparedSeries, "runs">>;

function groupOf(runs: Group["runs"] | undefined): Group | undefined {
  if (runs === undefined) return undefined;
  const typical = (name: "median" | "p99"): number => Math.exp(meanOf(runs.map((run) => Math.log(run[name]))));
  const count = runs.reduce((sum, run) => sum + run.count, 0);
  return { count, median: typical("median"), p99: typical("p99"), runs };
}

function changeOfGroups(
  a: Group,
  b: Group,
  name: "median" | "p99",
  { tail, margin }: { readonly tail: number; readonly margin: number },
): Change {
  const noInterval = { interval: undefined, confidence: 1 - 2 * tail, verdict: "cannot tell" } as const;
  const [logsA, logsB] = [a, b].map(({ runs }) => runs.map((run) => Math.log(run[name])));
  if (![...logsA!, ...logsB!].every(Number.isFinite)) {
    return { ratio: undefined, ...noInterval, reason: "the ratio needs positive finite numbers" };
  }
  const ratio = b[name] / a[name];
  for (const [side, { runs }] of [["a", a], ["b", b]] as const) {
    if (runs.length < 2) return { ratio, ...noInterval, reason: `${side}: only one of its runs has it`, needed: 2 };
  }
  const { difference, interval } = differenceOfMeans(logsA!, logsB!, tail);
  return judged(difference, interval, { tail, margin, count: Math.max(a.runs.length, b.runs.length) });
}

type CheckedOptions = Required<Omit<CompareOptions, "labels" | "onProgress">>;

interface IntervalOptions extends CheckedOptions {
  /** Probability that the true ratio is above an interval, and again that it is below. */
  readonly tail: number;
}

function compareSeries(
  label: string,
  [a, b]: readonly [SeriesSpan, SeriesSpan],
  [histogramA, histogramB]: readonly [TimedHistogram, TimedHistogram],
  options: IntervalOptions,
): Comparison {
  // Anew for each label, so that the result does not depend on the other labels.
  const random = randomNumbers(options.seed);
  const change = (name: "median" | "p99", q: number): Change => {
    const resampled = [histogramA, histogramB].map((histogram) =>
      resampleQuantile(histogram, q, options.replicates, random)
    );
    return changeOf([a[name], b[name]], [a.count, b.count], resampled as [QuantileSpread, QuantileSpread], q, options);
  };
  return { label, a: toCompared(a), b: toCompared(b), median: change("median", 0.5), p99: change("p99", 0.99) };
}

function changeOf(
  [a, b]: readonly [number, number],
  counts: readonly [number, number],
  [resampledA, resampledB]: readonly [QuantileSpread, QuantileSpread],
  q: number,
  { tail, margin }: IntervalOptions,
): Change {
  const noInterval = { interval: undefined, confidence: 1 - 2 * tail, verdict: "cannot tell" } as const;
  if (!(a > 0 && b > 0 && a < Infinity && b < Infinity)) {
    return { ratio: undefined, ...noInterval, reason: "the ratio needs positive finite numbers" };
  }
  const ratio = b / a;
  const needed = samplesNeeded(q, tail);
  for (const [name, spread] of [["a", resampledA], ["b", resampledB]] as const) {
    const failed = checkSpread(spread, needed);
    if (failed.ok) continue;
    const reason = `${name}: ${failed.reason}`;
    return { ratio, ...noInterval, reason, ...failed.kind === "few-samples" ? { needed } : {} };
  }
  const interval = logRatioInterval(resampledA, resampledB, Math.log(ratio), tail);
  return judged(Math.log(ratio), interval, { tail, margin, count: Math.max(counts[0], counts[1]) });
}

/** What the logarithm of a ratio says, with its interval. */
function judged(
  logRatio: number,
  interval: Interval,
  { tail, margin, count }: { readonly tail: number; readonly margin: number; readonly count: number },
): Change {
  const [low, high] = interval;
  const logMargin = Math.log1p(margin);
  const finding = findingOf(interval, logMargin);
  const needed = finding === "cannot tell" ? count * samplesFactor(logRatio, interval, logMargin) : Infinity;
  return {
    ratio: Math.exp(logRatio),
    interval: [Math.exp(low), Math.exp(high)],
    confidence: 1 - 2 * tail,
    verdict: VERDICTS[finding],
    ...Number.isFinite(needed) && { needed: Math.ceil(needed) },
  };
}

const VERDICTS = { above: "slower", below: "faster", same: "same", "cannot tell": "cannot tell" } as const;

function inOneOnly(
  label: string,
  a: ComparedSeries | undefined,
  b: ComparedSeries | undefined,
  tail: number,
): Comparison {
  const change: Change = {
    ratio: undefined,
    interval: undefined,
    confidence: 1 - 2 * tail,
    verdict: "cannot tell",
    reason: `only in ${a === undefined ? "b" : "a"}`,
  };
  return { label, a, b, median: change, p99: change };
}

function toCompared(span: SeriesSpan | undefined): ComparedSeries | undefined {
  return span && { count: span.count, median: span.median, p99: span.p99 };
}

/** @throws {KymoError} `invalid-argument` */
export function checkCompareOptions(
  { confidence = 0.95, margin = 0.05, replicates = 4_000, seed = 1 }: CompareOptions,
): CheckedOptions {
  const check = (isValid: boolean, name: string, requirement: string, value: unknown): void => {
    if (isValid) return;
    throw new KymoError("invalid-argument", `Cannot compare: ${name} must be ${requirement}: ${quote(value)}`);
  };
  check(confidence >= 0.5 && confidence <= 0.9999, "confidence", "from 0.5 to 0.9999", confidence);
  check(margin >= 0 && margin < Infinity, "margin", "a finite number, 0 or more", margin);
  const wrong = isWholeNumber(100, 1e6)(replicates);
  if (wrong !== undefined) {
    throw new KymoError("invalid-argument", `Cannot compare: replicates ${wrong}: ${quote(replicates)}`);
  }
  check(Number.isSafeInteger(seed), "seed", "a whole number", seed);
  return { confidence, margin, replicates, seed };
}
