/**
 * The axes of charts over time.
 *
 * @module
 */

import type uPlot from "uplot";
import type { NumberFormat } from "../../../display/numbers.ts";
import type { WallClock } from "../model/clock.ts";
import type { Palette } from "../ui/colours.ts";
import { linearTicks, logTicks, timeTicks } from "../../../display/ticks.ts";

/** Font of the axes; style sheets do not apply to canvases. */
export const FONT =
  '11px Inter, -apple-system, "Segoe UI", Roboto, "Noto Sans", Ubuntu, Cantarell, Lato, "Helvetica Neue", sans-serif';

/**
 * Pixels for the values on the left of a plot; the same for all, so that their times are aligned.
 */
export const AXIS_WIDTH = 58;

/** Pixels on the right of a plot. */
export const RIGHT_MARGIN = 10;

/** Half the width of a character, pixels. */
const HALF_CHARACTER = 3.1;

/** Pixels between two times below a plot. */
const TIME_SPACE = 78;

/** The vertical axis. */
export interface ValueAxis {
  readonly logarithmic: boolean;
  readonly range: readonly [min: number, max: number];
  readonly format: (value: number, format: NumberFormat) => string;
}

/** Returns the axes of a chart: time below, values on the left. */
export function axesOf(palette: Palette, clock: WallClock, y: ValueAxis, times: boolean): uPlot.Axis[] {
  const look = { stroke: palette.axis, font: FONT, border: { show: false } };
  const grid = { stroke: palette.grid, width: 1 };
  return [
    {
      ...look,
      grid,
      size: times ? 24 : 0,
      gap: 4,
      ticks: { show: false },
      splits: (plot, _axis, min, max) => timeTicks(min, max, widthOf(plot) / TIME_SPACE, clock).at,
      values: (plot, _ticks) => times ? timeLabels(plot, clock) : [],
    },
    {
      ...look,
      grid,
      size: AXIS_WIDTH,
      gap: 6,
      ticks: { show: false },
      splits: (plot, _axis, min, max) => {
        const most = Math.max(2, plot.bbox.height / devicePixelRatio / 26);
        return y.logarithmic ? logTicks(min, max, most) : linearTicks(min, max, most);
      },
      // On a logarithmic axis the library would leave some ticks out.
      filter: (_plot, ticks) => ticks,
      values: (_plot, ticks) => ticks.map((tick) => y.format(tick, { trim: true })),
    },
  ];
}

/** Returns the times below a plot, without those that would be cut off at its right edge. */
function timeLabels(plot: uPlot, clock: WallClock): string[] {
  const { min = 0, max = 0 } = plot.scales["x"] ?? {};
  const { at, labels } = timeTicks(min, max, widthOf(plot) / TIME_SPACE, clock);
  return labels.map((label, index) => {
    const room = widthOf(plot) - plot.valToPos(at[index] ?? 0, "x") + RIGHT_MARGIN;
    return label.length * HALF_CHARACTER > room ? "" : label;
  });
}

/** Returns the width of a plot without its axes, pixels. */
function widthOf(plot: uPlot): number {
  return plot.bbox.width / devicePixelRatio;
}
