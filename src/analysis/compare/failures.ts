import { differenceOfShares } from "../../statistics/proportions.ts";
import { outcomesByRoute, type RouteOutcomes } from "../frames/route_outcomes.ts";
import type { ComparedSeries, Comparison, FailureComparison, FailureVerdict } from "./changes.ts";
import type { CompareOptions } from "./comparison.ts";
import { differenceOfMeans, findingOf, samplesFactor, type Values } from "./verdict.ts";

/**
 * Compares the shares of failed requests of two runs, route by route, by the counts of their
 * compared series; those with the largest growth come first, and routes without failures in both
 * runs are left out. The intervals are those of Newcombe (`statistics/proportions.ts`), and hold
 * simultaneously with the given confidence (Bonferroni). They count requests as independent:
 * failures that come together, such as those of one outage, are one event to whoever asks whether
 * the next run will have them too. Of several runs on each side, the interval is Welch's, of the
 * shares of the runs, so that an outage of one of them does not count for all.
 *
 * Any change that is certain is told. Shares are the same if they certainly differ by less than a
 * fiftieth of the margin: by 0.1 points, if that is 5 %.
 */
export function compareFailures(
  comparisons: readonly Comparison[],
  { confidence = 0.95, margin = 0.05 }: Pick<CompareOptions, "confidence" | "margin"> = {},
): FailureComparison[] {
  const [before, after] = [routesOf(comparisons, ({ a }) => a), routesOf(comparisons, ({ b }) => b)];
  const names = [...new Set([...before.keys(), ...after.keys()])]
    .filter((route) => (before.get(route)?.failed ?? 0) + (after.get(route)?.failed ?? 0) > 0);
  const compared = names.filter((route) => before.has(route) && after.has(route)).length;
  const tail = (1 - confidence) / Math.max(1, compared) / 2;
  const failures = names.map((route) =>
    compareRoute(route, [before.get(route), after.get(route)], [
      sharesOf(comparisons, ({ a }) => a, route),
      sharesOf(comparisons, ({ b }) => b, route),
    ], { tail, margin: margin / 50 })
  );
  const size = ({ difference }: FailureComparison): number => difference ?? -Infinity;
  return failures.sort((one, other) => size(other) - size(one) || (one.route < other.route ? -1 : 1));
}

function compareRoute(
  route: string,
  [a, b]: readonly [RouteOutcomes | undefined, RouteOutcomes | undefined],
  [sharesA, sharesB]: readonly [Values | undefined, Values | undefined],
  { tail, margin }: { readonly tail: number; readonly margin: number },
): FailureComparison {
  const unknown = { difference: undefined, interval: undefined, verdict: "cannot tell" } as const;
  if (a === undefined || b === undefined) {
    return { route, a, b, ...unknown, reason: `only in ${a === undefined ? "b" : "a"}` };
  }
  const isGroup = sharesA !== undefined && sharesB !== undefined;
  if (isGroup && (sharesA.length < 2 || sharesB.length < 2)) {
    return { route, a, b, ...unknown, reason: "only one run of a side has it", needed: 2 };
  }
  const { difference, interval } = isGroup ? differenceOfMeans(sharesA, sharesB, tail) : {
    difference: b.failed / b.requests - a.failed / a.requests,
    interval: differenceOfShares(
      { count: a.failed, total: a.requests },
      { count: b.failed, total: b.requests },
      tail,
    ),
  };
  const certain = findingOf(interval, 0);
  const verdict = certain === "above"
    ? "more errors"
    : certain === "below"
    ? "fewer errors"
    : findingOf(interval, margin);
  if (verdict !== "cannot tell") return { route, a, b, difference, interval, verdict: verdict as FailureVerdict };
  // Whichever is told first: that they differ, or that they are the same.
  const factor = Math.min(samplesFactor(difference, interval, 0), samplesFactor(difference, interval, margin));
  const needed = factor * (isGroup ? Math.max(sharesA.length, sharesB.length) : Math.max(a.requests, b.requests));
  return { route, a, b, difference, interval, verdict, ...Number.isFinite(needed) && { needed: Math.ceil(needed) } };
}

/** The share of a route's requests that failed in each run of one side; `undefined` if it is one run. */
function sharesOf(
  comparisons: readonly Comparison[],
  side: (comparison: Comparison) => ComparedSeries | undefined,
  route: string,
): number[] | undefined {
  const counts = new Map<number, { label: string; count: number }[]>();
  let isGroup = false;
  for (const comparison of comparisons) {
    for (const { run, count } of side(comparison)?.runs ?? []) {
      isGroup = true;
      const known = counts.get(run);
      if (known === undefined) counts.set(run, [{ label: comparison.label, count }]);
      else known.push({ label: comparison.label, count });
    }
  }
  if (!isGroup) return undefined;
  return [...counts.values()].flatMap((series) => {
    const outcomes = outcomesByRoute(series).find((of) => of.route === route);
    return outcomes === undefined ? [] : [outcomes.failed / outcomes.requests];
  });
}

/** How the requests of one side ended, by route. */
function routesOf(
  comparisons: readonly Comparison[],
  side: (comparison: Comparison) => ComparedSeries | undefined,
): Map<string, RouteOutcomes> {
  const series = comparisons.flatMap((comparison) => {
    const { count } = side(comparison) ?? {};
    return count === undefined ? [] : [{ label: comparison.label, count }];
  });
  return new Map(outcomesByRoute(series).map((outcomes) => [outcomes.route, outcomes]));
}
