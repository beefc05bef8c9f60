import type { CorrelatedSeries, SlowCorrelation } from "../../analysis/slow/slow_correlation.ts";
import { inPercent } from "../../display/words.ts";
import { isRequest } from "./slow_series.ts";

/** A part of the time of slow requests that explains them. */
const MOST_OF_IT = 0.5;

/** How much more of the time of the slow than of the others has to be within something that does not explain most, but sets them apart. */
const SETS_APART = 0.2;

/** Shares that differ by less are told as the same. */
const ALIKE = 0.1;

/** And how many times more of it than of any other time: what runs all the time, or many times at once, is within everything. */
const BEYOND_CHANCE = 2;

/** So many are told by their number, more as a part of all. */
const FEW = 100;

/**
 * Why a series is slow, in a sentence; `undefined` if what was recorded does not tell. `chance` is which part of all time was within the durations of a
 * label.
 */
export function whySlow(
  { label, slow, others, correlated }: SlowCorrelation,
  chance: (label: string) => number,
): string | undefined {
  const slowest = slow.count <= FEW
    ? `its ${slow.count} slowest`
    : `its slowest ${inPercent(slow.count / (slow.count + others.count))}`;
  const block = greatest(
    correlated,
    "duration",
    ({ label, share }) =>
      (share.slow >= MOST_OF_IT || excess(share) >= SETS_APART) && share.slow >= BEYOND_CHANCE * chance(label),
  );
  if (block !== undefined) {
    return `${inPercent(Math.min(1, block.share.slow))} of the time of ${slowest} was within “${block.label}”, ${
      contrast(block.share, isRequest(label) ? "requests" : "runs")
    }.`;
  }
  const lag = greatest(correlated, "lag", ({ share }) => excess(share) >= SETS_APART);
  if (lag !== undefined) {
    return `The event loop was blocked for ${
      inPercent(Math.min(1, lag.share.slow))
    } of the time of ${slowest}, and for ` +
      `${inPercent(lag.share.others)} of the others’: they waited for something else.`;
  }
  const gc = greatest(correlated, "gc", ({ share }) => excess(share) >= SETS_APART);
  if (gc !== undefined) {
    return `Garbage was being collected for some ${
      inPercent(Math.min(1, gc.share.slow))
    } of the time around ${slowest}, and for ` +
      `${inPercent(gc.share.others)} of that around the others.`;
  }
  return undefined;
}

/** The series of that kind which took the most of the slow requests' time. */
function greatest(
  correlated: readonly CorrelatedSeries[],
  kind: CorrelatedSeries["kind"],
  isTelling: (series: CorrelatedSeries) => boolean,
): CorrelatedSeries | undefined {
  const [first] = correlated.filter((series) => series.kind === kind && isTelling(series))
    .sort((a, b) => b.share.slow - a.share.slow);
  return first;
}

/** How the others differ, or that they do not: then it is where the time goes, and not what makes some slow. */
function contrast(share: CorrelatedSeries["share"], things: string): string {
  if (excess(share) < SETS_APART && Math.abs(excess(share)) < ALIKE) return `as of all its ${things}`;
  return `${excess(share) >= SETS_APART ? "but" : "and"} ${inPercent(Math.min(1, share.others))} of the others’`;
}

function excess({ slow, others }: CorrelatedSeries["share"]): number {
  return slow - others;
}
