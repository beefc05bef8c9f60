/**
 * When processes lived.
 *
 * @module
 */

import type { LivesData } from "../../shared/report_data.ts";
import type { Groups } from "./selection.ts";

/** Returns for each group whether there is a life in it. `width`: of a bin, ns. */
export function livedGroups(lives: readonly LivesData[], groups: Groups, width: number): boolean[] {
  const lived: boolean[] = new Array(groups.count).fill(false);
  const groupOf = (time: number): number => Math.floor((time / width - groups.from) / groups.size);
  for (const { start, end } of lives) {
    const [first, last] = [Math.max(0, groupOf(start)), Math.min(groups.count - 1, groupOf(end))];
    for (let group = first; group <= last; group++) lived[group] = true;
  }
  return lived;
}
