/**
 * Findings about the data itself: what the report does not show.
 *
 * @module
 */

import { counted, formatInteger, formatPercent } from "../../display/numbers.ts";
import type { FindingInputs, UnexplainedFinding } from "./finding_inputs.ts";

/** From this share of unread rows on, other findings may be wrong. */
const MANY = 0.01;

/** Maximum number of labels that a finding names. */
const MAX_NAMED = 3;

/** Finds rows that could not be read. (The page lists below what was wrong with them.) */
export function unreadData({ rows, unread }: FindingInputs): UnexplainedFinding[] {
  if (unread.rows === 0) return [];
  const share = unread.rows / (unread.rows + rows);
  return [{
    kind: "data",
    weight: share >= MANY ? "bad" : "attention",
    text: `${counted(unread.rows, "row")} could not be read${
      share >= 0.001 ? `, ${formatPercent(share, { trim: true })} of all` : ""
    }.`,
  }];
}

/** Finds observations that no chart can show. */
export function notFiniteData({ notFinite }: FindingInputs): UnexplainedFinding[] {
  const [first, ...others] = notFinite;
  if (first === undefined) return [];
  const named = others.slice(0, MAX_NAMED - 1)
    .map(({ label, count }) => `${formatInteger(count)} of ${label}`);
  const rest = others.slice(MAX_NAMED - 1);
  const left = rest.reduce((sum, { count }) => sum + count, 0);
  if (rest.length > 0) named.push(`${formatInteger(left)} of ${counted(rest.length, "other label")}`);
  const all = [`${counted(first.count, "observation")} of ${first.label}`, ...named];
  const list = all.length === 1 ? all[0] : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
  return [{
    kind: "data",
    weight: "note",
    text: all.length === 1 && first.count === 1
      ? `${list} is NaN, infinite or beyond 1e290; charts and statistics leave it out.`
      : `${list} are NaN, infinite or beyond 1e290; charts and statistics leave them out.`,
  }];
}
