import type { QuantityCells } from "../shared/report_data.ts";
import { toDigits } from "./rounding.ts";

/** A result with a row for each cell, ordered by series, process and bin. */
export type CellColumns = Record<"series" | "pid" | "bin" | "min" | "mean" | "max" | "count", ArrayLike<number>>;

/** The cells of each series. */
export function collectCells({ series, pid, bin, min, mean, max, count }: CellColumns): Map<number, QuantityCells[]> {
  const result = new Map<number, QuantityCells[]>();
  for (let start = 0, end = 0; start < series.length; start = end) {
    while (end < series.length && series[end] === series[start] && pid[end] === pid[start]) end++;
    const part = (column: ArrayLike<number>): number[] => Array.prototype.slice.call(column, start, end);
    const cells = {
      pid: pid[start]!,
      bin: part(bin),
      min: part(min),
      mean: part(mean).map((value) => toDigits(7, value)),
      max: part(max),
      count: part(count),
    };
    result.set(series[start]!, [...result.get(series[start]!) ?? [], cells]);
  }
  return result;
}
