/**
 * Findings about requests that failed.
 *
 * @module
 */

import { counted, formatInteger, formatPercent } from "../../display/numbers.ts";
import { isOutgoing } from "../../display/outgoing.ts";
import { outcomesByRoute, type RouteOutcomes } from "../../analysis/frames/route_outcomes.ts";
import { type FailedOutcome, UNMATCHED } from "../../http/request_labels.ts";
import { FAILURES } from "../shared/report_data.ts";
import { causeOf } from "./causes.ts";
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

/** What to say of requests if none of their failures is a finding; nothing without requests. */
export function calmRequests(inputs: Pick<FindingInputs, "durations">): string[] {
  const routes = routesOf(inputs);
  if (routes.length === 0) return [];
  return [routes.some(({ failed }) => failed > 0) ? "few requests failed" : "no request failed"];
}

/** Finds the routes whose requests failed, those with the most failures of the server first. */
export function failedRequests(inputs: Pick<FindingInputs, "durations">): UnexplainedFinding[] {
  const routes = routesOf(inputs);
  const byServer = routes.map((of) => ({ ...of, isServer: true, count: countOf(of, SERVER) }))
    .filter(({ requests, count }) => count > 0 && count >= SHARE * requests);
  const byClient = routes.map((of) => ({ ...of, isServer: false, count: of.failed }))
    .filter(({ route, requests, count }) =>
      count >= MIN_FAILED && count >= CLIENT_SHARE * requests && !byServer.some((of) => of.route === route)
    );
  const found = withCauses([...byServer.sort(most), ...byClient.sort(most)]);
  const told = [...new Set(found.map(({ cause }) => cause))].slice(0, MAX_ROUTES);
  const shown = found.filter(({ cause }) => told.includes(cause));
  return shown.map(({ isServer, count, cause, ...of }, i): UnexplainedFinding => {
    const { route, requests, failed, byOutcome } = of;
    const kinds = FAILURES.filter((outcome) => byOutcome[outcome] > 0);
    const which = kinds.length === 1
      ? kinds[0]
      : kinds.map((kind) => `${kind} ${formatInteger(byOutcome[kind])}`).join(", ");
    const left = found.length - shown.length;
    const more = i === shown.length - 1 && left > 0 ? ` Requests of ${counted(left, "other route")} failed too.` : "";
    const text = isUnmatched(of)
      ? `${counted(requests, "request")} asked for paths that no route matches: ${route}.`
      : `${route}: ${formatPercent(failed / requests, { trim: true })} of ${
        counted(requests, "request")
      } failed (${which}).`;
    return {
      kind: "errors",
      weight: isUnmatched(of) ? "note" : weightOf(isServer, count, requests),
      text: text + more,
      label: mostFrequent(of),
      causes: [causeOf.errors(cause)],
    };
  });
}

/**
 * The routes with what they failed of: that of requests to another host is the route there, if its server
 * was recorded too and fails; otherwise their own.
 */
function withCauses<Of extends Pick<RouteOutcomes, "route">>(
  found: readonly Of[],
): (Of & { readonly cause: string })[] {
  const own = new Set(found.map(({ route }) => route).filter((route) => !isOutgoing(route)));
  return found.map((of) => {
    const asked = isOutgoing(of.route) ? of.route.slice(of.route.indexOf("/")) : of.route;
    return { ...of, cause: own.has(asked) ? asked : of.route };
  });
}

/** How the requests of each route ended. */
function routesOf({ durations }: Pick<FindingInputs, "durations">): RouteOutcomes[] {
  return outcomesByRoute(durations.map(({ label, statistics: { count } }) => ({ label, count })));
}

/** Whether requests were for paths that no route matches: those of scanners, mostly. */
function isUnmatched({ route }: RouteOutcomes): boolean {
  return route.startsWith(`${UNMATCHED} [`);
}

function weightOf(isServer: boolean, count: number, total: number): UnexplainedFinding["weight"] {
  if (count < MIN_FAILED) return "note";
  if (isServer) return count >= BAD_SHARE * total ? "bad" : "attention";
  return count >= total / 2 ? "attention" : "note";
}

function most(a: { count: number }, b: { count: number }): number {
  return b.count - a.count;
}

function countOf({ byOutcome }: RouteOutcomes, outcomes: readonly FailedOutcome[]): number {
  return sum(outcomes.map((outcome) => byOutcome[outcome]));
}

/** The label of the failures that a route has the most of. */
function mostFrequent({ route, byOutcome }: RouteOutcomes): string {
  const [first] = FAILURES.toSorted((a, b) => byOutcome[b] - byOutcome[a]);
  return `${route} ${first}`;
}
