/**
 * A quantity, its bins merged for drawing.
 *
 * @module
 */

import type { QuantityCells } from "../../shared/report_data.ts";
import { forEachInGroups, type Groups } from "./selection.ts";

/** The values of some processes, group by group; `null` where a group is empty. */
export interface QuantityView {
  readonly min: (number | null)[];
  readonly mean: (number | null)[];
  readonly max: (number | null)[];
  readonly count: number[];
}

/** Merges the bins of some processes. */
export function viewQuantity(parts: readonly QuantityCells[], groups: Groups): QuantityView {
  const view: QuantityView = {
    min: new Array(groups.count).fill(null),
    mean: new Array(groups.count).fill(null),
    max: new Array(groups.count).fill(null),
    count: new Array(groups.count).fill(0),
  };
  for (const cells of parts) {
    forEachInGroups(cells.bin, groups, (index, group) => {
      const count = cells.count[index] ?? 0;
      const before = view.count[group] ?? 0;
      const [min = 0, mean = 0, max = 0] = [cells.min[index], cells.mean[index], cells.max[index]];
      view.min[group] = Math.min(view.min[group] ?? Infinity, min);
      view.max[group] = Math.max(view.max[group] ?? -Infinity, max);
      view.mean[group] = ((view.mean[group] ?? 0) * before + mean * count) /
        (before + count);
      view.count[group] = before + count;
    });
  }
  return view;
}
