/**
 * The colours of differences of shares in flame graphs, as in B. Gregg, "Differential Flame Graphs"
 * (2014): red is more, blue is less, and the stronger the colour, the larger the difference. Dark text
 * can be read on all of them.
 *
 * @module
 */

import { mix } from "../ui/colours.ts";

const [MORE, LESS, SAME] = ["#ff8068", "#7db4ec", "#e2e5e9"];

/** The colour of a difference; one of `much` has the full colour. */
export function differenceColour(difference: number, much: number): string {
  return mix(SAME, difference > 0 ? MORE : LESS, Math.min(1, Math.abs(difference) / much));
}
