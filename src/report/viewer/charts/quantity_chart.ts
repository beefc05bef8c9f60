/**
 * The chart of a quantity over time: a line in a band from the smallest to the largest value for
 * levels, stems for events.
 *
 * @module
 */

import uPlot from "uplot";
import { formatInteger, formatQuantity, type NumberFormat } from "../../../display/numbers.ts";
import { success } from "../../../result.ts";
import type { QuantityData } from "../../shared/report_data.ts";
import type { WallClock } from "../model/clock.ts";
import { type QuantityView, viewQuantity } from "../model/quantity_view.ts";
import { type Groups, groupsOf } from "../model/selection.ts";
import type { ViewStore } from "../model/view_store.ts";
import { type Palette, processColour, processDash, translucent } from "../ui/colours.ts";
import type { LegendItem } from "../ui/legend.ts";
import { logRange } from "./ticks.ts";
import { type ChartContent, type ContentMaker, NOTHING } from "./time_chart.ts";

type ChartSeries = ChartContent["series"][number];

/** Returns the content of the chart. */
export function quantityChart(store: ViewStore, clock: WallClock, data: QuantityData): ContentMaker {
  return (palette, width) => {
    const { state } = store;
    const groups = groupsOf(state, width / 2);
    const views = data.processes.filter(({ pid }) => state.pids.has(pid)).map((cells) => viewQuantity(cells, groups))
      .filter(({ count }) => count.some((count) => count > 0));
    return views.length === 0 ? NOTHING : success(content(store, clock, palette, data, groups, views));
  };
}

function content(
  store: ViewStore,
  clock: WallClock,
  palette: Palette,
  data: QuantityData,
  groups: Groups,
  views: readonly QuantityView[],
): ChartContent {
  const start = (group: number): number => (groups.from + group * groups.size) * store.binSeconds;
  const all = Array.from({ length: groups.count }, (_, group) => group);
  const formatValue = (value: number, format?: NumberFormat): string => formatQuantity(value, data.unit, format);
  const drawn = views.map((view) => {
    const index = store.data.processes.findIndex(({ pid }) => pid === view.pid);
    const colour = processColour(palette, index);
    const series = data.kind === "event" ? stems(view, colour) : lineInBand(view, colour, processDash(palette, index));
    return { view, colour, series };
  });
  const smallest = Math.min(...views.flatMap(({ min }) => min).filter((value) => value !== null));
  const largest = Math.max(...views.flatMap(({ max }) => max).filter((value) => value !== null));
  // Waiting times are mostly short, and a few long ones must not hide the others.
  const logarithmic = data.unit === "s" && smallest > 0 &&
    largest / smallest > 100;
  return {
    x: all.map((group) => start(group) + groups.size * store.binSeconds / 2),
    series: drawn.flatMap(({ series }) => series),
    ...data.kind === "event" ? {} : {
      bands: drawn.map(({ colour }, at) => ({
        series: [at * 3 + 1, at * 3 + 2] as [number, number],
        fill: translucent(colour, 0.22),
      })),
    },
    y: logarithmic
      ? { logarithmic, range: logRange(smallest, largest), format: formatValue }
      : { logarithmic, range: rangeOf(data, smallest, largest), format: formatValue },
    legend: drawn.map(({ view, colour }) => legendItem(view, colour, data, views.length > 1, formatValue)),
    summary: `From ${formatValue(smallest)} to ${formatValue(largest)}.`,
    table: () => ({
      columns: ["Time", "PID", "Count", "Min", "Mean", "Max"],
      rows: all.flatMap((group) =>
        views.filter(({ count }) => (count[group] ?? 0) > 0).map(({ pid, count, min, mean, max }) => [
          clock.time(start(group), 3),
          `${pid}`,
          formatInteger(count[group] ?? 0),
          ...[min, mean, max].map((values) => formatValue(values[group] ?? 0)),
        ])
      ),
    }),
  };
}

/**
 * Returns the range of the axis. It begins at 0, unless the values are far from 0 and change
 * little.
 */
function rangeOf({ kind }: QuantityData, smallest: number, largest: number): [number, number] {
  const size = largest - smallest;
  if (kind === "level" && smallest > 0 && size < 0.15 * largest && size > 0) {
    return [smallest - size * 0.6, largest + size * 0.15];
  }
  const [low, high] = [Math.min(0, smallest), Math.max(0, largest)];
  return high === low ? [0, 1] : [low * 1.08, high + (high - low) * 0.08];
}

function lineInBand({ min, mean, max }: QuantityView, colour: string, dash: number[]): ChartSeries[] {
  const edge: uPlot.Series = {
    stroke: "transparent",
    width: 0,
    spanGaps: true,
  };
  return [
    { options: edge, data: max },
    { options: edge, data: min },
    {
      options: {
        stroke: colour,
        width: 1.5,
        dash,
        spanGaps: true,
        points: { size: 4, fill: colour },
      },
      data: mean,
    },
  ];
}

function stems({ max }: QuantityView, colour: string): ChartSeries[] {
  const bars = uPlot.paths.bars?.({ size: [0.001, 3, 2] });
  return [{
    options: {
      stroke: colour,
      fill: colour,
      width: 0,
      points: { show: true, size: 4.5, width: 0, fill: colour },
      ...bars === undefined ? {} : { paths: bars },
    },
    data: max,
  }];
}

/** For the whole time range, an entry has the largest event, or the range of a level. */
function legendItem(
  view: QuantityView,
  colour: string,
  data: QuantityData,
  many: boolean,
  formatValue: (value: number) => string,
): LegendItem {
  const known = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
  const largest = Math.max(...known(view.max));
  const whole = data.kind === "event"
    ? `max ${formatValue(largest)}`
    : `${formatValue(Math.min(...known(view.min)))} – ${formatValue(largest)}`;
  return {
    name: many ? `${view.pid}` : "",
    colour,
    mark: data.kind === "event" ? "dot" : "line",
    value: (index) => {
      if (index === null) return whole;
      const at = nearest(view.mean, index, data.kind === "event" ? 2 : 40);
      return at === undefined ? "–" : formatValue((data.kind === "event" ? view.max : view.mean)[at] ?? 0);
    },
  };
}

/** Returns the nearest index that has a value, at most `farthest` away. */
function nearest(values: readonly (number | null)[], index: number, farthest: number): number | undefined {
  for (let distance = 0; distance <= farthest; distance++) {
    for (const at of [index - distance, index + distance]) {
      if (values[at] !== null && values[at] !== undefined) return at;
    }
  }
  return undefined;
}
