/**
 * How the requests of each route ended, in the part of the report that is shown.
 *
 * @module
 */

import { isOutgoing } from "../../../display/outgoing.ts";
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

/** Whether a series is of requests that failed. */
export function isOfFailures({ request }: Pick<DurationData, "request">): boolean {
  return FAILURES.some((failure) => failure === request?.outcome);
}

/**
 * The series of requests whose failures are added up over time. Outgoing ones are left out where own ones
 * failed: if the server that was asked is recorded too, each failure would count twice.
 */
export function addedUp<Of extends Pick<DurationData, "label" | "request">>(durations: readonly Of[]): Of[] {
  const requests = durations.filter(({ request }) => request !== undefined);
  const own = requests.filter(({ label }) => !isOutgoing(label));
  return own.some(isOfFailures) ? own : requests;
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
