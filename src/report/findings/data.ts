import { counted, inPercent } from "../../display/words.ts";
import type { Draft, Facts } from "./finding.ts";
import type { Evidence } from "./finding_inputs.ts";

/** From this part of the rows on, what the others say may be wrong. */
const MANY = 0.01;

/** As many labels are named. */
const NAMED = 3;

/** Rows that could not be read; the page has below how each of them was damaged. */
export function unreadData({ rows, unread }: Facts): Draft[] {
  if (unread.rows === 0) return [];
  const share = unread.rows / (unread.rows + rows);
  return [{
    kind: "data",
    weight: share >= MANY ? "bad" : "attention",
    text: `${counted(unread.rows, "row")} could not be read${share >= 0.001 ? `, ${inPercent(share)} of all` : ""}.`,
  }];
}

/** Observations that no picture can show. */
export function notFiniteData({ notFinite }: Evidence): Draft[] {
  const [first, ...others] = notFinite;
  if (first === undefined) return [];
  const named = others.slice(0, NAMED - 1).map(({ label, count }) => `${count.toLocaleString("en-US")} of ${label}`);
  const rest = others.slice(NAMED - 1);
  const left = rest.reduce((sum, { count }) => sum + count, 0);
  if (rest.length > 0) named.push(`${left.toLocaleString("en-US")} of ${counted(rest.length, "other label")}`);
  const all = [`${counted(first.count, "observation")} of ${first.label}`, ...named];
  const list = all.length === 1 ? all[0] : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
  return [{
    kind: "data",
    weight: "note",
    text: all.length === 1 && first.count === 1
      ? `${list} is no finite number; it is counted, but not drawn, nor is it in the statistics.`
      : `${list} are no finite numbers; they are counted, but not drawn, nor are they in the statistics.`,
  }];
}
