/**
 * A chart over the time of the runs, of both sides laid over each other: a thick line for each side,
 * and a thin one for each of several runs, so that their variance can be seen.
 *
 * @module
 */

import type { NumberFormat } from "../../../display/numbers.ts";
import { failure, success } from "../../../result.ts";
import type { DifferenceData, SideName, Sides } from "../../shared/difference_data.ts";
import { logRange } from "../../../display/ticks.ts";
import { type ContentMaker, type TimeChart, timeChart } from "../charts/time_chart.ts";
import { digitsFor, type WallClock } from "../model/clock.ts";
import type { ViewStore } from "../model/view_store.ts";
import { translucent } from "../ui/colours.ts";
import { type Line, meanLine } from "./over_time.ts";
import { sideColour, SIDES, sideTitle } from "./sides.ts";

/** What a chart shows. */
export interface OverlayOptions {
  readonly title: string;
  readonly about: string;
  readonly height: number;
  /** Of each side the lines of its runs. */
  readonly lines: Sides<readonly Line[]>;
  /** Seconds from one value to the next. */
  readonly cell: number;
  readonly mean: "arithmetic" | "geometric";
  readonly logarithmic: boolean;
  readonly format: (value: number, format?: NumberFormat) => string;
  /** The value of a side over the whole time, as the table has it; empty if unknown. */
  readonly whole: (side: SideName) => string;
}

/** Creates the chart. */
export function overlayChart(
  store: ViewStore,
  clock: WallClock,
  data: DifferenceData,
  options: OverlayOptions,
): TimeChart {
  const { title, about, height } = options;
  const content = overlayContent(store, clock, data, options);
  return timeChart({ store, clock, title, about, level: "h3", height, times: true, content });
}

function overlayContent(
  store: ViewStore,
  clock: WallClock,
  data: DifferenceData,
  { lines, cell, mean, logarithmic, format, whole }: OverlayOptions,
): ContentMaker {
  const shown = SIDES.filter((side) => lines[side].length > 0);
  const means = new Map(shown.map((side) => [side, meanLine(lines[side], mean)]));
  return (palette) => {
    const count = Math.max(0, ...[...means.values()].map((line) => line.length));
    const x = Array.from({ length: count }, (_, at) => (at + 0.5) * cell);
    const [from, to] = [store.state.from * store.binSeconds, store.state.to * store.binSeconds];
    const isShown = (at: number): boolean => x[at]! >= from - cell && x[at]! <= to + cell;
    const values = shown.flatMap((side) => lines[side]).flatMap((line) =>
      line.filter((value, at) => typeof value === "number" && isShown(at)) as number[]
    ).filter(Number.isFinite);
    if (values.length === 0) return failure("empty", "Neither side recorded anything in this time.");
    const series = shown.flatMap((side) => {
      const stroke = sideColour(palette, side);
      const thin = lines[side].length < 2 ? [] : lines[side].map((line) => ({
        options: { stroke: translucent(stroke, 0.4), width: 1, points: { size: 3, width: 0, fill: stroke } },
        data: line,
      }));
      const thick = { stroke, width: 2, points: { size: 4, width: 1, fill: stroke } };
      return [...thin, { options: thick, data: means.get(side)! }];
    });
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const text = (value: number | null | undefined): string => typeof value === "number" ? format(value) : "–";
    const runs = shown.flatMap((side) =>
      lines[side].length < 2 ? [] : lines[side].map((line, run) => ({ side, run, line }))
    );
    return success({
      x,
      series,
      y: {
        logarithmic,
        range: logarithmic ? logRange(least, most) : [Math.min(0, least), most > 0 ? most * 1.08 : 1],
        format,
      },
      legend: shown.map((side) => ({
        name: sideTitle(data, side),
        colour: sideColour(palette, side),
        mark: "line",
        value: (index) => index === null ? whole(side) : text(means.get(side)![index]),
      })),
      summary: shown.map((side) => `${side.toUpperCase()}: ${whole(side)}.`).join(" "),
      table: () => ({
        columns: [
          "Time",
          ...shown.map((side) => side.toUpperCase()),
          ...runs.map(({ side, run }) => `${side.toUpperCase()}${run + 1}`),
        ],
        rows: x.map((at, index) => [
          clock.time(at, digitsFor(cell)),
          ...shown.map((side) => text(means.get(side)![index])),
          ...runs.map(({ line }) => text(line[index])),
        ]),
      }),
    });
  };
}
