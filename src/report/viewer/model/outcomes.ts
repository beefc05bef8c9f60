/**
 * How the requests of each route ended, in the part of the report that is shown.
 *
 * @module
 */

import { type DurationData, FAILURES } from "../../shared/report_data.ts";
import type { ViewStore } from "./view_store.ts";

/** The requests of a route. Streams are left out: they last as long as their clients want. */
export interface RouteOutcomes {
  /** Route and method. */
  readonly route: string;
  /** Its series, one for each outcome. */
  readonly series: readonly DurationData[];
  readonly total: number;
  readonly failed: number;
  /** Numbers of failed requests, by how they failed; only those that there are. */
  readonly failures: readonly (readonly [outcome: string, count: number])[];
}

/** Returns the routes with requests in the part shown, those with the most failures first. */
export function outcomesByRoute(store: ViewStore): RouteOutcomes[] {
  const requests = store.data.durations.filter(({ request }) => request !== undefined && request.outcome !== "stream");
  return [...Map.groupBy(requests, ({ request }) => request!.route)].map(([route, series]): RouteOutcomes => {
    const counts = new Map(series.map((of) => [
      of.request!.outcome,
      store.statisticsOf(of)?.count ?? 0,
    ]));
    const failures = FAILURES.map((outcome) => [outcome, counts.get(outcome) ?? 0] as const)
      .filter(([, count]) => count > 0);
    const failed = failures.reduce((sum, [, count]) => sum + count, 0);
    return { route, series, failed, failures, total: failed + (counts.get("ok") ?? 0) };
  }).filter(({ total }) => total > 0).sort((a, b) => b.failed - a.failed || b.total - a.total);
}
