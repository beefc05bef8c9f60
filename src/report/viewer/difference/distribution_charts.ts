/**
 * The distributions of both sides laid over each other: a histogram on a logarithmic axis, and the
 * curve of quantiles.
 *
 * @module
 */

import uPlot from "uplot";
import { formatDuration, formatPercent, formatShare } from "../../../display/numbers.ts";
import { failure, success } from "../../../result.ts";
import type { DifferenceData, LabelSeries, SideName } from "../../shared/difference_data.ts";
import { FONT } from "../charts/axes.ts";
import { logRange } from "../../../display/ticks.ts";
import type { ViewStore } from "../model/view_store.ts";
import { type Palette, translucent } from "../ui/colours.ts";
import { labelText } from "../ui/label_text.ts";
import {
  beginningOf,
  histogramAxis,
  histogramOf,
  meanHistogram,
  quantileOfRun,
  quantileOfSide,
} from "./distributions.ts";
import { plainChart, type PlainContent } from "../charts/plain_chart.ts";
import { sideColour, SIDES, sideTitle } from "./sides.ts";

type ChartSeries = PlainContent["series"][number];

/** The quantiles that are marked. */
const MARKED: readonly [name: string, q: number][] = [["p50", 0.5], ["p90", 0.9], ["p99", 0.99]];

/** How many of each side's samples took how long. */
export function histogramChart(store: ViewStore, data: DifferenceData, label: LabelSeries): HTMLElement {
  const axis = histogramAxis([...label.a, ...label.b]);
  const content = (palette: Palette) => {
    if (axis === undefined) return failure("empty", "There are no samples.") as never;
    const x = Array.from({ length: axis.count + 1 }, (_, step) => beginningOf(axis, step));
    const sides = SIDES.filter((side) => label[side].length > 0).map((side) => {
      const runs = label[side].map((run) => histogramOf(run, axis));
      return { side, runs, mean: meanHistogram(runs) };
    });
    // A step holds up to the beginning of the next one.
    const stepped = uPlot.paths.stepped!({ align: 1 });
    const series = sides.flatMap(({ side, runs, mean }): ChartSeries[] => {
      const stroke = sideColour(palette, side);
      const line = (shares: Float64Array, options: uPlot.Series): ChartSeries => ({
        options: { stroke, paths: stepped, points: { show: false }, ...options },
        data: [...shares, 0],
      });
      const thin = runs.length > 1
        ? runs.map(({ shares }) => line(shares, { stroke: translucent(stroke, 0.45), width: 1 }))
        : [];
      return [...thin, line(mean.shares, { width: 1.75, fill: translucent(stroke, 0.16) })];
    });
    const most = Math.max(...series.flatMap(({ data }) => data.map((share) => share ?? 0)));
    const at = (side: SideName, index: number): string =>
      formatShare(sides.find((of) => of.side === side)!.mean.shares[index] ?? 0);
    return success({
      x,
      series,
      xAxis: {
        logarithmic: true,
        range: [x[0]!, x.at(-1)!] as const,
        format: (value: number) => formatDuration(value),
      },
      y: { logarithmic: false, range: [0, most * 1.24] as const, format: formatPercent },
      above: (plot: uPlot) => drawQuantiles(plot, label, palette),
      legend: sides.map(({ side }) => ({
        name: sideTitle(data, side),
        colour: sideColour(palette, side),
        mark: "area" as const,
        value: (index: number | null) => index === null ? "" : at(side, index),
      })),
      summary: SIDES.filter((side) => label[side].length > 0).map((side) =>
        `${side.toUpperCase()}: ${
          MARKED.map(([name, q]) => `${name} ${formatDuration(quantileOfSide(label[side], q))}`).join(", ")
        }.`
      ).join(" "),
      table: () => ({
        columns: ["From", "To", ...sides.map(({ side }) => side.toUpperCase())],
        rows: Array.from({ length: axis.count }, (_, step) => [
          formatDuration(x[step]!),
          formatDuration(x[step + 1]!),
          ...sides.map(({ side }) => at(side, step)),
        ]),
      }),
    });
  };
  return plainChart({ store, title: "Distribution", about: labelText(label.label), height: 250, content });
}

/** Marks the quantiles of both sides: those of A dashed with their names in the first row, B in the second. */
function drawQuantiles(plot: uPlot, label: LabelSeries, palette: Palette): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = FONT.replace("11px", `${11 * ratio}px`);
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  for (const [row, side] of SIDES.entries()) {
    if (label[side].length === 0) continue;
    ctx.strokeStyle = ctx.fillStyle = sideColour(palette, side);
    ctx.lineWidth = 1.5 * ratio;
    const top = bbox.top + row * 14 * ratio;
    let last = -Infinity;
    for (const [name, q] of MARKED) {
      const x = plot.valToPos(quantileOfSide(label[side], q), "x", true);
      if (!(x >= bbox.left - 1 && x <= bbox.left + bbox.width + 1)) continue;
      ctx.setLineDash(side === "a" ? [4 * ratio, 3 * ratio] : []);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const width = ctx.measureText(name).width;
      const left = x + 3 * ratio + width > bbox.left + bbox.width ? x - 3 * ratio - width : x + 3 * ratio;
      if (left > last) ctx.fillText(name, left, top + ratio);
      last = Math.max(last, left + width + 2 * ratio);
    }
  }
  ctx.restore();
}

/** Points of the curve. */
const POINTS = 160;

/** Quantiles below the axis: 1 - 10^-t at t, so that the tail has as much room as the rest. */
const NAMED: readonly [at: number, name: string][] = [
  [0, "min"],
  [Math.log10(2), "p50"],
  [1, "p90"],
  [2, "p99"],
  [3, "p99.9"],
  [4, "p99.99"],
];

/** The quantiles of both sides. */
export function quantileChart(store: ViewStore, data: DifferenceData, label: LabelSeries): HTMLElement {
  const content = (palette: Palette) => {
    const runs = [...label.a, ...label.b];
    if (runs.length === 0) return failure("empty", "There are no samples.") as never;
    // Beyond 1 - 1/n a quantile is only the largest of n samples.
    const most = Math.min(4, Math.max(0.5, ...runs.map(({ count }) => Math.log10(Math.max(1, count)))));
    const x = Array.from({ length: POINTS + 1 }, (_, point) => point / POINTS * most);
    const rankOf = (at: number): number => 1 - 10 ** -at;
    const sides = SIDES.filter((side) => label[side].length > 0);
    const known = (count: number, at: number): boolean => at <= Math.log10(count) + 1e-9;
    const curves = new Map(sides.map((side) => {
      const fewest = Math.min(...label[side].map(({ count }) => count));
      return [side, x.map((at) => known(fewest, at) ? quantileOfSide(label[side], rankOf(at)) : null)];
    }));
    const series = sides.flatMap((side): ChartSeries[] => {
      const stroke = sideColour(palette, side);
      const thin = label[side].length < 2 ? [] : label[side].map((run): ChartSeries => ({
        options: { stroke: translucent(stroke, 0.45), width: 1, points: { show: false } },
        data: x.map((at) => known(run.count, at) ? quantileOfRun(run, rankOf(at)) : null),
      }));
      return [...thin, { options: { stroke, width: 2, points: { show: false } }, data: curves.get(side)! }];
    });
    const values = series.flatMap(({ data }) => data.filter((value) => typeof value === "number"));
    const text = (value: number | null | undefined): string => typeof value === "number" ? formatDuration(value) : "–";
    const named = (at: number): string =>
      NAMED.find(([place]) => Math.abs(place - at) < 1e-6)?.[1] ?? `p${(100 * rankOf(at)).toFixed(at < 2 ? 1 : 2)}`;
    return success({
      x,
      series,
      xAxis: {
        logarithmic: false,
        range: [0, most] as const,
        ticks: NAMED.map(([at]) => at).filter((at) => at <= most + 1e-9),
        format: named,
      },
      y: { logarithmic: true, range: logRange(Math.min(...values), Math.max(...values)), format: formatDuration },
      legend: sides.map((side) => ({
        name: sideTitle(data, side),
        colour: sideColour(palette, side),
        mark: "line" as const,
        value: (index: number | null) => index === null ? "" : text(curves.get(side)![index]),
      })),
      summary: `From the smallest to the ${named(most)}.`,
      table: () => ({
        columns: ["Quantile", ...sides.map((side) => side.toUpperCase())],
        rows: NAMED.filter(([at]) => at <= most + 1e-9).map(([at, name]) => [
          name,
          ...sides.map((side) => text(quantileOfSide(label[side], rankOf(at)))),
        ]),
      }),
    });
  };
  return plainChart({ store, title: "Quantiles", about: labelText(label.label), height: 250, content });
}
