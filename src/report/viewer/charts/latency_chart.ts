/**
 * The chart of quantiles over time: p50, p90 and p99 as lines, and the longest durations as dots.
 *
 * @module
 */

import type uPlot from "uplot";
import { formatDuration, formatInteger } from "../../../display/numbers.ts";
import { success } from "../../../result.ts";
import type { DurationData } from "../../shared/report_data.ts";
import type { WallClock } from "../model/clock.ts";
import { type DurationView, quantilesOf, viewDurations } from "../model/duration_view.ts";
import { groupsOf } from "../model/selection.ts";
import type { ViewStore } from "../model/view_store.ts";
import { type Palette, translucent } from "../ui/colours.ts";
import { logRange } from "../../../display/ticks.ts";
import { type ChartContent, type ContentMaker, nothing } from "./time_chart.ts";

/**
 * Number of durations that a group should have on average, so that its quantiles are meaningful.
 */
const ENOUGH = 20;
/** Minimum number of groups, however few durations there are. */
const FEWEST_GROUPS = 30;

/** Returns the content of the chart. */
export function latencyChart(store: ViewStore, clock: WallClock, data: DurationData): ContentMaker {
  return (palette, width) => {
    const { state } = store;
    const dots = viewDurations(data, state, groupsOf(state, width / 3));
    const total = dots.count.reduce((sum, count) => sum + count, 0);
    const recorders = data.processes.filter(({ process }) => state.processes.has(process));
    if (total === 0) return nothing(store, recorders);
    const most = Math.min(width / 3, Math.max(FEWEST_GROUPS, total / ENOUGH));
    const lines = viewDurations(data, state, groupsOf(state, most, dots.groups.size));
    const { off } = store.recordedTimes(recorders);
    return success({ ...content(store, clock, palette, data, lines, dots), off });
  };
}

function content(
  store: ViewStore,
  clock: WallClock,
  palette: Palette,
  data: DurationData,
  lines: DurationView,
  dots: DurationView,
): ChartContent {
  const { groups } = lines;
  const quantiles = [
    { name: "p50", colour: palette.p50, data: quantilesOf(lines, 0.5) },
    { name: "p90", colour: palette.p90, data: quantilesOf(lines, 0.9) },
    { name: "p99", colour: palette.p99, data: quantilesOf(lines, 0.99) },
  ];
  const whole = store.statisticsOf(data);
  const overall = [whole?.p50, whole?.p90, whole?.p99];
  const all = Array.from({ length: groups.count }, (_, group) => group);
  const longest = Math.max(...dots.max);
  const lowest = Math.min(...(quantiles[0]?.data ?? []).filter((value) => value !== null));
  const formatValue = (value: number | null | undefined): string =>
    value === null || value === undefined || !Number.isFinite(value) ? "–" : formatDuration(value);
  return {
    x: all.map((group) => middleOf(lines, group) * store.binSeconds),
    series: quantiles.map(({ colour, data }, at) => ({
      options: {
        stroke: colour,
        width: at === 0 ? 2 : 1.5,
        points: { size: 5, width: 1.5, fill: colour },
      },
      data,
    })),
    bands: [
      { series: [2, 1], fill: translucent(palette.p50, 0.16) },
      { series: [3, 2], fill: translucent(palette.p99, 0.13) },
    ],
    y: { logarithmic: true, range: logRange(lowest, longest), format: formatDuration },
    above: (plot) => drawDots(plot, palette, outstanding(lines, dots), store.binSeconds),
    legend: [
      ...quantiles.map(({ name, colour, data }, at) => ({
        name,
        colour,
        mark: "line" as const,
        value: (index: number | null) => formatValue(index === null ? overall[at] : data[index]),
      })),
      {
        name: "max",
        colour: palette.max,
        mark: "dot" as const,
        value: (index) => formatValue(index === null ? longest : lines.max[index]),
      },
    ],
    summary: `Median ${formatValue(whole?.p50)}, 99 % within ${formatValue(whole?.p99)}, the longest took ${
      formatValue(longest)
    }.`,
    table: () => ({
      columns: ["Time", "Count", "p50", "p90", "p99", "Max"],
      rows: all.filter((group) => (lines.count[group] ?? 0) > 0).map((group) => [
        clock.time((groups.from + group * groups.size) * store.binSeconds, 3),
        formatInteger(lines.count[group] ?? 0),
        ...quantiles.map(({ data }) => formatValue(data[group])),
        formatValue(lines.max[group]),
      ]),
    }),
  };
}

/** Returns the longest durations and their bins, without those below the line of the p99. */
function outstanding(lines: DurationView, dots: DurationView): [bin: number, duration: number][] {
  const most = quantilesOf(lines, 0.99);
  return Array.from(dots.max, (duration, group): [number, number] => [middleOf(dots, group), duration])
    .filter(([bin, duration]) =>
      duration >= (most[Math.floor((bin - lines.groups.from) / lines.groups.size)] ?? Infinity)
    );
}

/** Returns the middle of a group, in bins. */
function middleOf({ groups: { from, to, size } }: DurationView, group: number): number {
  const start = from + group * size;
  return (start + Math.min(to, start + size)) / 2;
}

function drawDots(plot: uPlot, palette: Palette, dots: readonly [number, number][], binSeconds: number): void {
  const { ctx } = plot;
  const radius = 1.6 * devicePixelRatio;
  ctx.fillStyle = translucent(palette.max, 0.72);
  ctx.beginPath();
  for (const [bin, duration] of dots) {
    const [x, y] = [plot.valToPos(bin * binSeconds, "x", true), plot.valToPos(duration, "y", true)];
    ctx.moveTo(x + radius, y);
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
  }
  ctx.fill();
}
