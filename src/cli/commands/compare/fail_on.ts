/**
 * Which findings of a comparison end the command with 1.
 *
 * @module
 */

import type { Comparison, Quantity, Verdict } from "../../../analysis/compare/changes.ts";
import { parseRequestLabel } from "../../../http/request_labels.ts";
import type { FoundChanges } from "../../../report/shared/difference_data.ts";

/** What --fail-on takes. */
export const FAIL_ON = ["slower", "faster", "cannot-tell", "errors", "memory", "gc", "cpu", "lag"] as const;
/** One of them. */
export type FailOn = typeof FAIL_ON[number];

/** The quantities whose growth fails. */
const QUANTITIES: Readonly<Partial<Record<FailOn, readonly Quantity[]>>> = {
  memory: ["memory", "memory growth"],
  gc: ["gc"],
  cpu: ["cpu"],
  lag: ["lag"],
};

/** Whether one of the findings is there, and of which it could not be measured whether they are. */
export function failuresOf(
  found: FoundChanges,
  failOn: readonly FailOn[],
): { readonly hasFailed: boolean; readonly unmeasured: readonly FailOn[] } {
  const unmeasured = [...new Set(failOn)].filter((one) => !isMeasured(one, found));
  return { hasFailed: failOn.some((one) => isThere(one, found)), unmeasured };
}

function isThere(one: FailOn, { comparisons, failures, quantities }: FoundChanges): boolean {
  if (one === "errors") return failures.some(({ verdict }) => verdict === "more errors");
  const of = QUANTITIES[one];
  if (of !== undefined) return quantities.some(({ quantity, verdict }) => verdict === "more" && of.includes(quantity));
  // A label that only one side has cannot be told either.
  const wanted = one === "cannot-tell" ? "cannot tell" : one as Verdict;
  return comparisons.some(({ median, p99 }) => median.verdict === wanted || p99.verdict === wanted);
}

function isMeasured(one: FailOn, { comparisons, quantities }: FoundChanges): boolean {
  const of = QUANTITIES[one];
  if (of !== undefined) {
    return quantities.some(({ quantity, interval }) => interval !== undefined && of.includes(quantity));
  }
  if (one === "errors") return isInBoth(comparisons);
  return comparisons.some(({ median, p99 }) => median.interval !== undefined || p99.interval !== undefined);
}

/** Whether both sides have requests of one route, however they ended. */
function isInBoth(comparisons: readonly Comparison[]): boolean {
  const routes = (side: "a" | "b"): Set<string> =>
    new Set(comparisons.flatMap((comparison) => {
      const parts = parseRequestLabel(comparison.label);
      return parts === undefined || parts.outcome === "stream" || comparison[side] === undefined
        ? []
        : [`${parts.route} [${parts.verb}]`];
    }));
  return !routes("a").isDisjointFrom(routes("b"));
}
