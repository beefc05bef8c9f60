/**
 * Findings about requests that failed.
 *
 * @module
 */

import { counted, formatInteger, formatPercent } from "../../display/numbers.ts";
import type { FailedOutcome } from "../../http/request_labels.ts";
import { FAILURES } from "../shared/report_data.ts";
import { type FindingInputs, sum, type UnexplainedFinding } from "./finding_inputs.ts";

/** Failures of the server: its users did nothing wrong. */
const SERVER: readonly FailedOutcome[] = ["5xx", "threw"];

/** Fewer failures than this may be chance. */
const MIN_FAILED = 5;

/** The share of a route's requests whose failure is a finding, … */
const SHARE = 0.001;

/** … and the one that is bad: one of a hundred users notices. */
const BAD_SHARE = 0.01;

/**
 * Share of a route's requests that clients gave up or made wrongly (4xx) and that is a finding: a
 * part of them is everyday life.
 */
const CLIENT_SHARE = 0.2;

/** Maximum number of routes with a finding; the table has them all. */
const MAX_ROUTES = 3;

/** The requests of a route, by how they ended. */
export interface RouteRequests {
  readonly route: string;
  readonly total: number;
  readonly failed: Readonly<Record<FailedOutcome, number>>;
}

/** Counts the requests of each route, streams left out. */
export function requestsByRoute({ durations }: Pick<FindingInputs, "durations">): RouteRequests[] {
  const routes = new Map<string, { total: number; failed: Record<FailedOutcome, number> }>();
  for (const { request, statistics: { count } } of durations) {
    if (request === undefined || request.outcome === "stream") continue;
    const { route, outcome } = request;
    const found = routes.get(route) ?? { total: 0, failed: { "5xx": 0, threw: 0, aborted: 0, "4xx": 0 } };
    routes.set(route, found);
    found.total += count;
    if (outcome !== "ok") found.failed[outcome] += count;
  }
  return [...routes].map(([route, found]) => ({ route, ...found }));
}

/** What to say of requests if none of their failures is a finding; nothing without requests. */
export function calmRequests(inputs: Pick<FindingInputs, "durations">): string[] {
  const routes = requestsByRoute(inputs);
  if (routes.length === 0) return [];
  return [routes.some((of) => countOf(of, FAILURES) > 0) ? "few requests failed" : "no request failed"];
}

/** Finds the routes whose requests failed, those with the most failures of the server first. */
export function failedRequests(inputs: Pick<FindingInputs, "durations">): UnexplainedFinding[] {
  const routes = requestsByRoute(inputs);
  const byServer = routes.map((of) => ({ ...of, shown: SERVER, count: countOf(of, SERVER) }))
    .filter(({ total, count }) => count > 0 && count >= SHARE * total);
  const byClient = routes.map((of) => ({ ...of, shown: FAILURES, count: countOf(of, FAILURES) }))
    .filter(({ route, total, count }) =>
      count >= MIN_FAILED && count >= CLIENT_SHARE * total && !byServer.some((of) => of.route === route)
    );
  const found = [...byServer.sort(most), ...byClient.sort(most)];
  return found.slice(0, MAX_ROUTES).map(({ route, total, failed, shown, count }, i): UnexplainedFinding => {
    const kinds = FAILURES.filter((outcome) => failed[outcome] > 0);
    const which = kinds.length === 1
      ? kinds[0]
      : kinds.map((kind) => `${kind} ${formatInteger(failed[kind])}`).join(", ");
    const all = countOf({ failed }, FAILURES);
    const isServer = shown === SERVER;
    const left = found.length - MAX_ROUTES;
    const more = i === MAX_ROUTES - 1 && left > 0 ? ` Requests of ${counted(left, "other route")} failed too.` : "";
    return {
      kind: "errors",
      weight: weightOf(isServer, count, total),
      text: `${route}: ${formatPercent(all / total, { trim: true })} of ${
        counted(total, "request")
      } failed (${which}).${more}`,
      label: mostFrequent(failed, route),
    };
  });
}

function weightOf(isServer: boolean, count: number, total: number): UnexplainedFinding["weight"] {
  if (count < MIN_FAILED) return "note";
  if (isServer) return count >= BAD_SHARE * total ? "bad" : "attention";
  return count >= total / 2 ? "attention" : "note";
}

function most(a: { count: number }, b: { count: number }): number {
  return b.count - a.count;
}

function countOf({ failed }: Pick<RouteRequests, "failed">, outcomes: readonly FailedOutcome[]): number {
  return sum(outcomes.map((outcome) => failed[outcome]));
}

/** The label of the failures that a route has the most of. */
function mostFrequent(failed: RouteRequests["failed"], route: string): string {
  const [first] = FAILURES.toSorted((a, b) => failed[b] - failed[a]);
  return `${route} ${first}`;
}
