import { counted, inPercent } from "../words.ts";
import type { Draft, Facts } from "./draft.ts";

/** From this part of the rows on, what the others say may be wrong. */
const MANY = 0.01;

/** What could not be read or shown. */
export function unreadData({ rows, unread }: Facts): Draft[] {
  const [first, ...others] = unread.problems;
  if (unread.rows === 0 && first === undefined) return [];
  const share = unread.rows / (unread.rows + rows);
  const because = first === undefined ? {} : {
    because: `${first}${others.length === 0 ? "" : `; and ${counted(others.length, "more problem")}`}.`,
  };
  return [{
    kind: "data",
    weight: share >= MANY ? "bad" : unread.rows > 0 ? "attention" : "note",
    text: unread.rows > 0
      ? `${counted(unread.rows, "row")} could not be read${share >= 0.001 ? `, ${inPercent(share)} of all` : ""}.`
      : "Not all of the data are shown.",
    ...because,
  }];
}
