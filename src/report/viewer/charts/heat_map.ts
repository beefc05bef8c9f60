/**
 * The heat map of durations over time. A cell with a single duration is visible, so that no outlier
 * is lost.
 *
 * @module
 */

import type uPlot from "uplot";
import { formatCount, formatDuration, formatInteger } from "../../../display/numbers.ts";
import { success } from "../../../result.ts";
import { DURATION_BUCKETS } from "../../shared/report_buckets.ts";
import type { DurationData } from "../../shared/report_data.ts";
import type { WallClock } from "../model/clock.ts";
import { type DurationView, viewDurations } from "../model/duration_view.ts";
import { groupsOf } from "../model/selection.ts";
import type { ViewStore } from "../model/view_store.ts";
import { between, type Palette } from "../ui/colours.ts";
import { logRange } from "../../../display/ticks.ts";
import { type ChartContent, type ContentMaker, nothing } from "./time_chart.ts";

/** Minimum width and height of a cell, pixels. */
const CELL = 4;
/** Number of shades. */
const SHADES = 32;
/** A cell with fewer durations never gets the darkest shade, even if no cell has more. */
const FEW = 12;

/** Returns the content of the chart, `height` pixels high. */
export function heatMap(store: ViewStore, clock: WallClock, data: DurationData, height: number): ContentMaker {
  return (palette, width) => {
    const view = viewDurations(data, store.state, groupsOf(store.state, width / CELL));
    const recorders = data.processes.filter(({ process }) => store.state.processes.has(process));
    if (view.height === 0) return nothing(store, recorders);
    const cells = coarser(view, Math.max(1, Math.ceil(view.height * CELL / height)));
    return success({ ...content(store, clock, palette, cells), off: store.recordedTimes(recorders).off });
  };
}

/** Cells of several buckets each. */
interface Cells extends DurationView {
  /** Number of rows. */
  readonly rows: number;
  /** Number of buckets in a row. */
  readonly buckets: number;
  /** Counts, at `group * rows + row`. */
  readonly counts: Float64Array;
  readonly most: number;
}

function coarser(view: DurationView, buckets: number): Cells {
  const rows = Math.ceil(view.height / buckets);
  const counts = new Float64Array(view.groups.count * rows);
  for (let group = 0; group < view.groups.count; group++) {
    for (let bucket = 0; bucket < view.height; bucket++) {
      const at = group * rows + Math.floor(bucket / buckets);
      counts[at] = (counts[at] ?? 0) +
        (view.cells[group * view.height + bucket] ?? 0);
    }
  }
  return {
    ...view,
    rows,
    buckets,
    counts,
    most: counts.reduce((most, count) => Math.max(most, count), 1),
  };
}

function content(store: ViewStore, clock: WallClock, palette: Palette, cells: Cells): ChartContent {
  const { groups, lowest, rows, buckets, most } = cells;
  const start = (group: number): number => Math.min(groups.to, groups.from + group * groups.size) * store.binSeconds;
  const bottom = (row: number): number => DURATION_BUCKETS.lowerBound(lowest + row * buckets);
  const all = Array.from({ length: groups.count }, (_, group) => group);
  const shade = (count: number): number => Math.log(count) / Math.log(Math.max(most, FEW));
  const shades = [0, 0.25, 0.5, 0.75, 1].map((share) => between(palette.heat, share * shade(most)));
  const rowOf = (duration: number): number =>
    Math.min(rows - 1, Math.max(0, Math.floor((DURATION_BUCKETS.indexOf(duration) - lowest) / buckets)));
  const filled = cells.counts.reduce((filled, count) => filled + (count > 0 ? 1 : 0), 0);
  return {
    x: all.map((group) => (start(group) + start(group + 1)) / 2),
    // An invisible line lets the cursor find the groups.
    series: [{
      options: { stroke: "transparent", points: { show: false } },
      data: all.map(() => null),
    }],
    y: { logarithmic: true, range: logRange(bottom(0), bottom(rows)), format: formatDuration },
    below: (plot) => draw(plot, palette, cells, start, bottom, shade),
    legend: [
      {
        name: most === 1 ? "1 in a cell" : `1 to ${formatCount(most)} in a cell`,
        colour: `linear-gradient(90deg, ${shades.join(", ")})`,
        mark: "area",
        value: (index) => index === null ? "" : countAt(cells, index, bottom),
      },
    ],
    indexAt: (seconds, value) => {
      const group = Math.floor((seconds / store.binSeconds - groups.from) / groups.size);
      const row = value === undefined ? -1 : rowOf(value);
      return group * (rows + 1) + 1 + row;
    },
    summary: `${filled} cells of ${formatDuration(bottom(0))} to ${formatDuration(bottom(rows))} are filled.`,
    table: () => ({
      columns: ["Time", "From", "To", "Count"],
      rows: all.flatMap((group) =>
        Array.from({ length: rows }, (_, row) => row).filter((row) => (cells.counts[group * rows + row] ?? 0) > 0)
          .map((row) => [
            clock.time(start(group), 3),
            formatDuration(bottom(row)),
            formatDuration(bottom(row + 1)),
            formatInteger(cells.counts[group * rows + row] ?? 0),
          ])
      ),
    }),
  };
}

/**
 * How many durations are at an index: in each group the first one is that of the whole column, and
 * those of its cells follow.
 */
function countAt({ rows, counts, count }: Cells, index: number, bottom: (row: number) => number): string {
  const [group, row] = [Math.floor(index / (rows + 1)), index % (rows + 1) - 1];
  if (row < 0) return `${formatInteger(count[group] ?? 0)} in all`;
  const cell = formatInteger(counts[group * rows + row] ?? 0);
  return `${cell} from ${formatDuration(bottom(row))} to ${formatDuration(bottom(row + 1))}`;
}

function draw(
  plot: uPlot,
  palette: Palette,
  { groups, rows, counts }: Cells,
  start: (group: number) => number,
  bottom: (row: number) => number,
  shade: (count: number) => number,
): void {
  const { ctx } = plot;
  const x = Array.from(
    { length: groups.count + 1 },
    (_, group) => Math.round(plot.valToPos(start(group), "x", true)),
  );
  const y = Array.from({ length: rows + 1 }, (_, row) => Math.round(plot.valToPos(bottom(row), "y", true)));
  const byShade: [number, number][][] = Array.from({ length: SHADES }, () => []);
  for (let group = 0; group < groups.count; group++) {
    for (let row = 0; row < rows; row++) {
      const count = counts[group * rows + row] ?? 0;
      if (count > 0) {
        byShade[Math.round(shade(count) * (SHADES - 1))]?.push([group, row]);
      }
    }
  }
  byShade.forEach((cells, index) => {
    ctx.fillStyle = between(palette.heat, index / (SHADES - 1));
    for (const [group, row] of cells) {
      const [left = 0, right = 0, top = 0, low = 0] = [
        x[group],
        x[group + 1],
        y[row + 1],
        y[row],
      ];
      ctx.fillRect(left, top, Math.max(2, right - left), Math.max(2, low - top));
    }
  });
}
