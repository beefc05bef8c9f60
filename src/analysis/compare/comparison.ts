import { KymoError, quote } from "../../errors.ts";
import { isWholeNumber } from "../../options.ts";
import { checkSpread, logRatioInterval, type QuantileSpread, resampleQuantile, samplesNeeded } from "./bootstrap.ts";
import { randomNumbers } from "./random.ts";
import { readHistograms, readSpans, type SeriesSpan } from "./series_histograms.ts";
import { TelemetryFrame } from "../frames/telemetry_frame.ts";
import type { TimedHistogram } from "./timed_histogram.ts";

/** Options of {@linkcode compare}. */
export interface CompareOptions {
  /** Labels or patterns of labels, as in `where`. Default: all. */
  readonly labels?: string | readonly string[];
  /**
   * Probability that all intervals contain their true ratios, from 0.5 to 0.9999. Default: 0.95.
   */
  readonly confidence?: number;
  /**
   * Changes up to this do not matter: an interval must lie above 1 + `margin` or below 1 / (1 +
   * `margin`). Default: 0.
   */
  readonly margin?: number;
  /** Bootstrap replicates of each series, from 100 to 1,000,000. Default: 4,000. */
  readonly replicates?: number;
  /** Integer seed of the random numbers. The same seed gives the same intervals. Default: 1. */
  readonly seed?: number;
  /** Called before each pass over a recording with the number of passes, and how many are done. */
  readonly onProgress?: (progress: { readonly done: number; readonly passes: number }) => void;
}

/** What the samples say about the change of a duration. */
export type Verdict = "faster" | "slower" | "cannot tell";

/** One side of a comparison. */
export interface ComparedSeries {
  /** Observations other than NaN. */
  readonly count: number;
  /** Exact. */
  readonly median: number;
  /** Exact. */
  readonly p99: number;
}

/** The change of a quantile from a to b. */
export interface Change {
  /** b / a; `undefined` if only one run has the series, or if a or b is not positive and finite. */
  readonly ratio: number | undefined;
  /** Confidence interval of the true ratio; `undefined` if there are too few samples. */
  readonly interval: readonly [low: number, high: number] | undefined;
  /**
   * Confidence of this interval by itself; chosen so that all intervals together have the one asked
   * for.
   */
  readonly confidence: number;
  /** `"slower"` if the whole interval is above 1 plus the margin, `"faster"` if it is below. */
  readonly verdict: Verdict;
  /** Why there is no interval; absent if there is one. */
  readonly reason?: string;
  /** Independent samples that an interval needs; only if that is why there is none. */
  readonly needed?: number;
}

/** A series in two runs. */
export interface Comparison {
  /** The label. */
  readonly label: string;
  /** In the first run; `undefined` if it has no such series. */
  readonly a: ComparedSeries | undefined;
  /** In the second run; `undefined` if it has no such series. */
  readonly b: ComparedSeries | undefined;
  /** Change of the median. */
  readonly median: Change;
  /** Change of the 99th percentile. */
  readonly p99: Change;
}

/** Series counted in one query; each takes some MB of memory meanwhile. */
const SERIES_AT_ONCE = 50;

/**
 * Compares two runs label by label, in ascending order: the ratio b/a of the medians and of the
 * 99th percentiles, each with a confidence interval and a verdict: faster, slower, or cannot tell.
 *
 * The intervals come from a block bootstrap, so they allow for successive samples that resemble
 * each other (`bootstrap.ts` has method and sources). They hold simultaneously: with `n` intervals
 * each has the confidence 1 - (1 - `confidence`) / `n` (Bonferroni). So two equal runs, however
 * many labels they have, show no difference at all with at least the probability `confidence`. The
 * intervals are about these two runs. Other runs of the same program may still differ by memory
 * layout, machine or time of day: repeat them, or allow a `margin`.
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
  a: TelemetryFrame,
  b: TelemetryFrame,
  options: CompareOptions = {},
): Promise<Comparison[]> {
  for (const frame of [a, b]) {
    if (!(frame instanceof TelemetryFrame)) {
      throw new KymoError("invalid-argument", `Cannot compare: ${quote(frame)}: must be a TelemetryFrame`);
    }
  }
  const checked = checkCompareOptions(options);
  const { labels: wanted } = options;
  if (wanted !== undefined) [a, b] = [a.where({ labels: wanted }), b.where({ labels: wanted })];
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
  return labels.map((label) => comparisons.get(label) ?? inOneOnly(label, spansA.get(label), spansB.get(label), tail));
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
    return changeOf(a[name], b[name], resampled as [QuantileSpread, QuantileSpread], q, options);
  };
  return { label, a: toCompared(a), b: toCompared(b), median: change("median", 0.5), p99: change("p99", 0.99) };
}

function changeOf(
  a: number,
  b: number,
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
  const [low, high] = logRatioInterval(resampledA, resampledB, Math.log(ratio), tail);
  const interval = [Math.exp(low), Math.exp(high)] as const;
  return { ratio, interval, confidence: 1 - 2 * tail, verdict: verdictOf(interval, margin) };
}

function verdictOf([low, high]: readonly [number, number], margin: number): Verdict {
  if (low > 1 + margin) return "slower";
  return high < 1 / (1 + margin) ? "faster" : "cannot tell";
}

function inOneOnly(label: string, a: SeriesSpan | undefined, b: SeriesSpan | undefined, tail: number): Comparison {
  const change: Change = {
    ratio: undefined,
    interval: undefined,
    confidence: 1 - 2 * tail,
    verdict: "cannot tell",
    reason: `only in ${a === undefined ? "b" : "a"}`,
  };
  return { label, a: a && toCompared(a), b: b && toCompared(b), median: change, p99: change };
}

function toCompared({ count, median, p99 }: SeriesSpan): ComparedSeries {
  return { count, median, p99 };
}

function checkCompareOptions(
  { confidence = 0.95, margin = 0, replicates = 4_000, seed = 1 }: CompareOptions,
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
