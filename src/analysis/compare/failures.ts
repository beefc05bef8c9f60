import { differenceOfShares } from "../../statistics/proportions.ts";
import { outcomesByRoute, type RouteOutcomes } from "../frames/route_outcomes.ts";
import type { ComparedSeries, Comparison } from "./comparison.ts";

/** What the requests say about the share of those that failed. */
export type FailureVerdict = "more errors" | "fewer errors" | "cannot tell";

/** The failed requests of a route in two runs. */
export interface FailureComparison {
  /** The route with its method, such as `/orders/:id [GET]`. */
  readonly route: string;
  /** In the first run; `undefined` if it has no such requests. */
  readonly a: RouteOutcomes | undefined;
  /** In the second run; `undefined` if it has no such requests. */
  readonly b: RouteOutcomes | undefined;
  /** Share of failed requests in b minus that in a, from -1 to 1; `undefined` unless both have some. */
  readonly difference: number | undefined;
  /** Confidence interval of the true difference. */
  readonly interval: readonly [low: number, high: number] | undefined;
  /** `"more errors"` if the whole interval is above 0, `"fewer errors"` if it is below. */
  readonly verdict: FailureVerdict;
}

/**
 * Compares the shares of failed requests of two runs, route by route, by the counts of their
 * compared series; those with the largest growth come first, and routes without failures in both
 * runs are left out. The intervals are those of Newcombe (`statistics/proportions.ts`), and hold
 * simultaneously with the given confidence (Bonferroni). They count requests as independent:
 * failures that come together, such as those of one outage, are one event to whoever asks whether
 * the next run will have them too.
 */
export function compareFailures(comparisons: readonly Comparison[], confidence: number): FailureComparison[] {
  const [before, after] = [routesOf(comparisons, ({ a }) => a), routesOf(comparisons, ({ b }) => b)];
  const names = [...new Set([...before.keys(), ...after.keys()])]
    .filter((route) => (before.get(route)?.failed ?? 0) + (after.get(route)?.failed ?? 0) > 0);
  const compared = names.filter((route) => before.has(route) && after.has(route)).length;
  const tail = (1 - confidence) / Math.max(1, compared) / 2;
  const failures = names.map((route) => compareRoute(route, before.get(route), after.get(route), tail));
  const size = ({ difference }: FailureComparison): number => difference ?? -Infinity;
  return failures.sort((one, other) => size(other) - size(one) || (one.route < other.route ? -1 : 1));
}

function compareRoute(
  route: string,
  a: RouteOutcomes | undefined,
  b: RouteOutcomes | undefined,
  tail: number,
): FailureComparison {
  if (a === undefined || b === undefined) {
    return { route, a, b, difference: undefined, interval: undefined, verdict: "cannot tell" };
  }
  const interval = differenceOfShares(
    { count: a.failed, total: a.requests },
    { count: b.failed, total: b.requests },
    tail,
  );
  const verdict = interval[0] > 0 ? "more errors" : interval[1] < 0 ? "fewer errors" : "cannot tell";
  return { route, a, b, difference: b.failed / b.requests - a.failed / a.requests, interval, verdict };
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
