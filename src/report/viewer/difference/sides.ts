/**
 * How the two sides look, and what they are called.
 *
 * @module
 */

import type { DifferenceData, SideName } from "../../shared/difference_data.ts";
import type { Palette } from "../ui/colours.ts";

/** Both sides, the baseline first. */
export const SIDES: readonly SideName[] = ["a", "b"];

/** The colour of a side on canvases; that of the page is `--side-a` or `--side-b`. */
export function sideColour(palette: Palette, side: SideName): string {
  return palette.processes[side === "a" ? 0 : 1]!;
}

/** A or B, and what it is: `A before`. */
export function sideTitle({ sides }: DifferenceData, side: SideName): string {
  return `${side.toUpperCase()} ${sides[side].name}`;
}
