/**
 * How the two sides look, and what they are called.
 *
 * @module
 */

import type { DifferenceData, RunMark, SideName } from "../../shared/difference_data.ts";
import type { Palette } from "../ui/colours.ts";

/** What was marked in all runs, by time; the text begins with the run, such as `B: deploy` or `A2: deploy`. */
export function marksOfSides(sides: DifferenceData["sides"]): RunMark[] {
  return SIDES.flatMap((side) =>
    sides[side].runs.flatMap(({ marks }, run, { length }) =>
      marks.map(({ at, text }) => ({ at, text: `${side.toUpperCase()}${length > 1 ? run + 1 : ""}: ${text}` }))
    )
  ).sort((one, other) => one.at - other.at);
}

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
