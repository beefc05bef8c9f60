import { KymoError, quote } from "../../errors.ts";
import { logRatioInterval, type QuantileSpread, resampleQuantile, samplesNeeded, tooLittle } from "./bootstrap.ts";
import { randomNumbers } from "./random.ts";
import { readHistograms, readSpans, type SeriesSpan } from "./series_histograms.ts";
import { TelemetryFrame } from "../frames/telemetry_frame.ts";
import type { TimedHistogram } from "./timed_histogram.ts";

/** What to compare, and how. */
export interface CompareOptions {
  /** Labels or patterns of labels as `where` takes them. Default: all. */
  readonly labels?: string | readonly string[];
  /** Probability, from 0.5 to 0.9999, that all intervals together hold the true ratios. Default: 0.95. */
  readonly confidence?: number;
  /** Changes up to this do not matter: the interval has to be beyond 1 + `margin` or 1 / (1 + `margin`). Default: 0. */
  readonly margin?: number;
  /** How often each series is resampled, from 100 to 1,000,000. Default: 4,000. */
  readonly replicates?: number;
  /** A whole number that decides what is drawn. The same seed gives the same intervals. Default: 1. */
  readonly seed?: number;
  /** Is told how many passes over the recordings there are, and how many of them are done. */
  readonly onProgress?: (progress: { readonly done: number; readonly passes: number }) => void;
}

/** What can be said of a change in a duration. */
export type Verdict = "faster" | "slower" | "cannot tell";

/** One side of a comparison. */
export interface ComparedSeries {
  /** Observations; NaN is none. */
  readonly count: number;
  /** Exact. */
  readonly median: number;
  /** Exact. */
  readonly p99: number;
}

/** How a quantile changed from a to b. */
export interface Change {
  /** b / a; `undefined` if only one of them has the series, or if one of the two is not above zero. */
  readonly ratio: number | undefined;
  /** Where the true ratio is, with the probability {@linkcode Change.confidence}; `undefined` if the samples cannot tell. */
  readonly interval: readonly [low: number, high: number] | undefined;
  /** Probability that this interval by itself holds the true ratio, so that all of them do with the one asked for. */
  readonly confidence: number;
  /** `"slower"` if the whole interval is above 1 (and the margin), `"faster"` if it is below. */
  readonly verdict: Verdict;
  /** Why there is no interval. */
  readonly reason?: string;
}

/** A series in two runs. */
export interface Comparison {
  /** The label. */
  readonly label: string;
  /** In the first run; `undefined` if it is not there. */
  readonly a: ComparedSeries | undefined;
  /** In the second run; `undefined` if it is not there. */
  readonly b: ComparedSeries | undefined;
  /** Of the median. */
  readonly median: Change;
  /** Of the 99th percentile. */
  readonly p99: Change;
}

/** Series that are counted in one query. What is in memory meanwhile is some MB for each. */
const SERIES_AT_ONCE = 50;

/**
 * Compares two runs, label by label, ascending: the ratio b/a of the medians and of the 99th percentiles, each with an interval, and whether b is
 * faster, slower, or nobody can tell.
 *
 * The intervals are of a block bootstrap, so they allow for successive samples being alike (see `bootstrap.ts` for method and sources). They hold
 * simultaneously: with `n` of them each has the confidence 1 - (1 - `confidence`) / `n` (Bonferroni), so that of two equal runs with any number of labels at
 * least `confidence` are not called different in any of them. They tell about these two runs. Two runs of the same program may differ as well,
 * by their place in memory, the machine, the hour: repeat them, or allow a `margin`.
 *
 * Medians and percentiles are exact. The intervals are computed from histograms with buckets 1.1 % wide, in which values are taken as evenly
 * spread. Each frame is read twice, and once more for every further 50 labels.
 *
 * @throws {KymoError} if an option is wrong.
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
 *     console.log(median.interval); // where the ratio is with the probability median.confidence
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
      throw new KymoError("invalid-argument", `Cannot compare: it is no frame: ${quote(frame)}`);
    }
  }
  const settings = check(options);
  const { labels: wanted } = options;
  if (wanted !== undefined) [a, b] = [a.where({ labels: wanted }), b.where({ labels: wanted })];
  const spansA = await readSpans(a);
  options.onProgress?.({ done: 1, passes: 4 });
  const spansB = await readSpans(b);
  const labels = [...new Set([...spansA.keys(), ...spansB.keys()])].sort();
  const inBoth = labels.filter((label) => spansA.has(label) && spansB.has(label));
  const tail = (1 - settings.confidence) / Math.max(1, 2 * inBoth.length) / 2;
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
          ...settings,
          tail,
        }),
      );
    }
  }
  return labels.map((label) => comparisons.get(label) ?? inOneOnly(label, spansA.get(label), spansB.get(label), tail));
}

type CheckedOptions = Required<Omit<CompareOptions, "labels" | "onProgress">>;

interface Settings extends CheckedOptions {
  /** Probability that the true ratio is above an interval, and that it is below. */
  readonly tail: number;
}

function compareSeries(
  label: string,
  [a, b]: readonly [SeriesSpan, SeriesSpan],
  [histogramA, histogramB]: readonly [TimedHistogram, TimedHistogram],
  options: Settings,
): Comparison {
  const random = randomNumbers(options.seed); // from the start for each label: what else is compared changes nothing
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
  { tail, margin }: Settings,
): Change {
  const nothing = { interval: undefined, confidence: 1 - 2 * tail, verdict: "cannot tell" } as const;
  if (!(a > 0 && b > 0 && a < Infinity && b < Infinity)) {
    return { ratio: undefined, ...nothing, reason: "only numbers above zero have a ratio" };
  }
  const ratio = b / a;
  const needed = samplesNeeded(q, tail);
  const [littleA, littleB] = [tooLittle(resampledA, needed), tooLittle(resampledB, needed)];
  if (littleA !== undefined) return { ratio, ...nothing, reason: `a: ${littleA}` };
  if (littleB !== undefined) return { ratio, ...nothing, reason: `b: ${littleB}` };
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

function check(
  { confidence = 0.95, margin = 0, replicates = 4_000, seed = 1 }: CompareOptions,
): CheckedOptions {
  const demand = (holds: boolean, name: string, what: string, value: unknown): void => {
    if (!holds) throw new KymoError("invalid-argument", `Cannot compare: ${name} must be ${what}: ${quote(value)}`);
  };
  demand(confidence >= 0.5 && confidence <= 0.9999, "confidence", "from 0.5 to 0.9999", confidence);
  demand(margin >= 0 && margin < Infinity, "margin", "a number that is not negative", margin);
  const isCount = Number.isInteger(replicates) && replicates >= 100 && replicates <= 1e6;
  demand(isCount, "replicates", "a whole number from 100 to 1,000,000", replicates);
  demand(Number.isSafeInteger(seed), "seed", "a whole number", seed);
  return { confidence, margin, replicates, seed };
}
