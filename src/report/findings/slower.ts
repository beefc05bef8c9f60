import { DURATION_BUCKETS } from "../shared/duration_buckets.ts";
import type { DurationData } from "../shared/report_data.ts";
import { inSeconds, times } from "../../display/words.ts";
import { type Draft, type Facts, sum } from "./finding.ts";
import { subjects } from "./slow_series.ts";

/** Shorter recordings, in seconds, begin and end in the middle of something. */
const LONG_ENOUGH = 30;

/** A median of fewer durations than this may be off by a fifth. */
const ENOUGH = 100;

/** Growth of the median from the first third of a recording to the last that is worth a sentence. Buckets are off by 2 %, load changes by more. */
const SLOWER = 1.5;

/** And that is bad. */
const MUCH_SLOWER = 3;

/** A duration in seconds that nobody minds. */
const NEGLIGIBLE = 100e-6;

/** The series that became slower during the recording. */
export function becameSlower(facts: Facts): Draft[] {
  if (facts.span < LONG_ENOUGH * 1e9) return [];
  const { series } = subjects(facts);
  const [worst] = series.flatMap((of) => {
    const thirds = mediansOfThirds(of, facts.bins.count);
    if (thirds === undefined) return [];
    const [first, second, third] = thirds;
    const ratio = third / first;
    // The middle has to be between the two: what comes and goes is no trend.
    const isTrend = third >= NEGLIGIBLE && ratio >= SLOWER && second >= 0.95 * first && second <= 1.05 * third;
    return isTrend ? [{ label: of.label, first, third, ratio }] : [];
  }).sort((a, b) => b.ratio - a.ratio);
  if (worst === undefined) return [];
  const { label, first, third, ratio } = worst;
  return [{
    kind: "latency",
    weight: ratio >= MUCH_SLOWER ? "bad" : "attention",
    text:
      `${label} became slower: its median was ${inSeconds(first)} in the first third of the recording and ${
        inSeconds(third)
      } in the last, ` +
      `${times(ratio)} as long.`,
    label,
    window: [Math.round(facts.span * 2 / 3), facts.span],
  }];
}

/** Medians of the three thirds of the time; `undefined` if one of them has too few durations. */
function mediansOfThirds({ processes }: DurationData, bins: number): readonly [number, number, number] | undefined {
  const thirds: number[][] = [[], [], []];
  for (const { cells } of processes) {
    for (const [i, bin] of cells?.bin.entries() ?? []) {
      const counts = thirds[Math.min(2, Math.floor(3 * bin / bins))]!;
      const buckets = cells!.buckets[i]!;
      for (let at = 0; at < buckets.length; at += 2) {
        counts[buckets[at]!] = (counts[buckets[at]!] ?? 0) + buckets[at + 1]!;
      }
    }
  }
  if (thirds.some((counts) => sum(counts.filter(Boolean)) < ENOUGH)) return undefined;
  const [first, second, third] = thirds.map((counts) => DURATION_BUCKETS.quantile(counts, 0.5));
  return [first!, second!, third!];
}
