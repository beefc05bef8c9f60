/**
 * Values over time of runs that all begin at t = 0: on one axis, so that they can be laid over each
 * other.
 *
 * @module
 */

import type { LabelRun, RunData } from "../../shared/difference_data.ts";

/** A value for each cell: `null` where a line is interrupted, `undefined` where it goes on. */
export type Line = readonly (number | null | undefined)[];

/** Cells without a value between two with one, up to which a line goes on. */
const LONGEST_GAP = 3;

/** Puts the values of some cells on the axis. */
export function lineOf(cells: readonly number[], values: readonly number[], count: number): Line {
  const line: (number | null | undefined)[] = new Array(count).fill(null);
  let before: number | undefined;
  for (const [i, cell] of cells.entries()) {
    if (cell < 0 || cell >= count) continue;
    line[cell] = values[i]!;
    if (before !== undefined && cell - before <= LONGEST_GAP + 1) line.fill(undefined, before + 1, cell);
    before = cell;
  }
  return line;
}

/** A cell of which the run has less than this part says nothing of a rate. */
const LEAST_PART = 0.1;

/** How the cells of a label divide the time. */
export interface CellAxis {
  /** Length of a bin, ns. */
  readonly width: number;
  /** Bins in a cell. */
  readonly step: number;
  /** Number of cells. */
  readonly count: number;
}

/** How many samples a run has per second, cell by cell; 0 only where other rows say that it recorded. */
export function rateLine(
  { cells, counts }: Pick<LabelRun, "cells" | "counts">,
  { span, empty }: Pick<RunData, "span" | "empty">,
  { width, step, count }: CellAxis,
): Line {
  const found = new Map(cells.map((cell, i) => [cell, counts[i]!]));
  const isEmpty = new Set(empty);
  return Array.from({ length: count }, (_, cell) => {
    const from = cell * step * width;
    const length = Math.min(span, from + step * width) - from;
    const bins = Array.from({ length: step }, (_, bin) => cell * step + bin);
    if (length < LEAST_PART * step * width || bins.every((bin) => isEmpty.has(bin))) return null;
    return (found.get(cell) ?? 0) / length * 1e9;
  });
}

/**
 * The mean of several runs, cell by cell, of those that have a value there: of durations the geometric
 * one, as in the table.
 */
export function meanLine(lines: readonly Line[], mean: "arithmetic" | "geometric"): Line {
  if (lines.length === 1) return lines[0]!;
  const [into, back] = mean === "geometric"
    ? [(value: number) => Math.log(Math.max(1e-9, value)), Math.exp]
    : [(value: number) => value, (value: number) => value];
  return (lines[0] ?? []).map((_, cell) => {
    const values = lines.map((line) => line[cell]);
    const known = values.filter((value) => typeof value === "number");
    if (known.length === 0) return values.includes(undefined) ? undefined : null;
    return back(known.reduce((sum, value) => sum + into(value), 0) / known.length);
  });
}
