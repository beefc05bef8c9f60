import { FAILED_OUTCOMES, type FailedOutcome, parseRequestLabel } from "../../http/request_labels.ts";

/** How the requests of a route ended. */
export interface RouteOutcomes {
  /** The route with its method, as in the label of those that went well: `/orders/:id [GET]`. */
  readonly route: string;
  /** All of its requests but streams, which end when their clients want. */
  readonly requests: number;
  /** Those that failed. */
  readonly failed: number;
  /** Those that failed, by how. */
  readonly byOutcome: Readonly<Record<FailedOutcome, number>>;
}

/**
 * How requests ended, by route, from the counts of their series; those with the most failures come
 * first. Streams and series that are not of requests are left out.
 */
export function outcomesByRoute(
  series: Iterable<{ readonly label: string; readonly count: number }>,
): RouteOutcomes[] {
  const routes = new Map<string, { requests: number; failed: number; byOutcome: Record<FailedOutcome, number> }>();
  for (const { label, count } of series) {
    const parts = parseRequestLabel(label);
    if (parts === undefined || parts.outcome === "stream") continue;
    const name = `${parts.route} [${parts.verb}]`;
    const route = routes.get(name) ?? { requests: 0, failed: 0, byOutcome: noFailures() };
    routes.set(name, route);
    route.requests += count;
    const { outcome } = parts;
    if (outcome === "ok") continue;
    route.failed += count;
    route.byOutcome[outcome] += count;
  }
  return Array.from(routes, ([route, outcomes]) => ({ route, ...outcomes }))
    .sort((one, other) => other.failed - one.failed || (one.route < other.route ? -1 : 1));
}

function noFailures(): Record<FailedOutcome, number> {
  return Object.fromEntries(FAILED_OUTCOMES.map((outcome) => [outcome, 0])) as Record<FailedOutcome, number>;
}
