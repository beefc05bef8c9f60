/**
 * The chart of a quantity over time: a line in a band from the smallest to the largest value for
 * levels; for events stems, or a line of the largest above their mean where stems would be a block.
 *
 * @module
 */

import uPlot from "uplot";
import { formatInteger, formatQuantity, type NumberFormat } from "../../../display/numbers.ts";
import { success } from "../../../result.ts";
import type { QuantityCells, QuantityData } from "../../shared/report_data.ts";
import type { WallClock } from "../model/clock.ts";
import { livedGroups } from "../model/lives.ts";
import { offGroups } from "../model/recorded.ts";
import { type QuantityView, viewQuantity } from "../model/quantity_view.ts";
import { type Groups, groupsOf } from "../model/selection.ts";
import type { ViewStore } from "../model/view_store.ts";
import { type Palette, processColour, processDash, translucent } from "../ui/colours.ts";
import type { LegendItem } from "../ui/legend.ts";
import { logRange } from "../../../display/ticks.ts";
import { type ChartContent, type ContentMaker, nothing, OFF } from "./time_chart.ts";

type ChartSeries = ChartContent["series"][number];

/** Returns the content of the chart. */
export function quantityChart(store: ViewStore, clock: WallClock, data: QuantityData): ContentMaker {
  return (palette, width) => {
    const { state } = store;
    const shown = data.processes.filter(({ process }) => state.processes.has(process));
    const lines = [...Map.groupBy(shown, ({ process }) => store.lineOf(process))];
    const viewsIn = (groups: Groups): LineView[] =>
      lines.map(([line, parts]) => lineView(store, line, parts, groups))
        .filter(({ view: { count } }) => count.some((count) => count > 0));
    const { off } = store.recordedTimes(shown);
    const fine = groupsOf(state, width / 2);
    const views = viewsIn(fine);
    if (views.length === 0) return nothing(store, shown);
    if (data.kind === "level" || stemsPerPixel(views, width) <= MOST_STEMS_PER_PIXEL) {
      return success({ ...content(store, clock, palette, data, { groups: fine, views, look: data.kind }), off });
    }
    const groups = groupsOf(state, width / DENSE);
    return success({ ...content(store, clock, palette, data, { groups, views: viewsIn(groups), look: "dense" }), off });
  };
}

/** More stems than this, of 2 pixels each, leave hardly a gap between them. */
const MOST_STEMS_PER_PIXEL = 0.2;

/** Pixels of a group where events are too dense for stems. */
const DENSE = 8;

function stemsPerPixel(views: readonly LineView[], width: number): number {
  const stems = views.reduce((sum, { view }) => sum + view.count.filter((count) => count > 0).length, 0);
  return stems / Math.max(1, width);
}

/** What is drawn. */
interface Drawing {
  readonly groups: Groups;
  readonly views: readonly LineView[];
  /** How: `"dense"` is of events. */
  readonly look: "level" | "event" | "dense";
}

/**
 * The values of a line, and in which groups a process of it recorded, or lived while recording was
 * off.
 */
interface LineView {
  readonly line: number;
  readonly view: QuantityView;
  readonly lived: readonly boolean[];
  readonly off: readonly boolean[];
}

function lineView(store: ViewStore, line: number, parts: readonly QuantityCells[], groups: Groups): LineView {
  const lives = parts.flatMap(({ process }) => store.data.processes[process]?.lives ?? []);
  const view = viewQuantity(parts, groups);
  const lived = livedGroups(lives, groups, store.data.bins.width);
  const off = offGroups(store.recordedTimes(parts).off, groups, store.data.bins.width);
  const has = (group: number): boolean => (view.count[group] ?? 0) > 0;
  return {
    line,
    view,
    lived: lived.map((lived, group) => lived && !off[group] || has(group)),
    off: off.map((off, group) => off && !has(group)),
  };
}

function content(
  store: ViewStore,
  clock: WallClock,
  palette: Palette,
  data: QuantityData,
  { groups, views, look }: Drawing,
): ChartContent {
  const start = (group: number): number => (groups.from + group * groups.size) * store.binSeconds;
  const all = Array.from({ length: groups.count }, (_, group) => group);
  const formatValue = (value: number, format?: NumberFormat): string => formatQuantity(value, data.unit, format);
  const drawn = views.map((of) => {
    const colour = processColour(palette, of.line);
    const dash = processDash(palette, of.line);
    const series = look === "event"
      ? stems(of.view, colour)
      : look === "dense"
      ? largestAboveMean(of, colour, dash)
      : lineInBand(of, colour, dash);
    return { of, colour, series };
  });
  const nameOf = ({ line }: LineView): string => store.data.lines[line]?.short ?? "";
  const known = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
  const smallest = views.reduce((least, { view }) => Math.min(least, ...known(view.min)), Infinity);
  const largest = views.reduce((most, { view }) => Math.max(most, ...known(view.max)), -Infinity);
  // Waiting times are mostly short, and a few long ones must not hide the others.
  const logarithmic = data.unit === "s" && smallest > 0 &&
    largest / smallest > 100;
  return {
    x: all.map((group) => start(group) + groups.size * store.binSeconds / 2),
    series: drawn.flatMap(({ series }) => series),
    ...look === "event" ? {} : {
      bands: drawn.map(({ colour }, at) => ({
        series: [at * 3 + 1, at * 3 + 2] as [number, number],
        fill: translucent(colour, look === "dense" ? 0.2 / views.length : 0.22),
      })),
    },
    y: logarithmic
      ? { logarithmic, range: logRange(smallest, largest), format: formatValue }
      : { logarithmic, range: rangeOf(data, smallest, largest), format: formatValue },
    legend: drawn.map(({ of, colour }) =>
      legendItem(of, views.length > 1 ? nameOf(of) : "", colour, { data, look, formatValue })
    ),
    summary: `From ${formatValue(smallest)} to ${formatValue(largest)}.`,
    table: () => ({
      columns: ["Time", "Process", "Count", "Min", "Mean", "Max"],
      rows: all.flatMap((group) =>
        views.filter(({ view: { count } }) => (count[group] ?? 0) > 0).map((of) => [
          clock.time(start(group), 3),
          nameOf(of),
          formatInteger(of.view.count[group] ?? 0),
          ...[of.view.min, of.view.mean, of.view.max].map((values) => formatValue(values[group] ?? 0)),
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

/**
 * A line that is interrupted where no process of it recorded, and not between two observations of
 * one.
 */
function lineInBand(
  { view: { min, mean, max }, lived }: LineView,
  colour: string,
  dash: number[],
): ChartSeries[] {
  return bandAndLine(lived, max, min, { values: mean, colour, dash });
}

/** The largest event of each group as a line, in a band that begins at the mean. */
function largestAboveMean({ view: { mean, max }, lived }: LineView, colour: string, dash: number[]): ChartSeries[] {
  return bandAndLine(lived, max, mean, { values: max, colour, dash });
}

type Values = readonly (number | null)[];

function bandAndLine(
  lived: readonly boolean[],
  top: Values,
  bottom: Values,
  { values, colour, dash }: { readonly values: Values; readonly colour: string; readonly dash: number[] },
): ChartSeries[] {
  const joined = (values: Values): (number | null | undefined)[] =>
    values.map((value, group) => value ?? (lived[group] === true ? undefined : null));
  const edge: uPlot.Series = { stroke: "transparent", width: 0 };
  return [
    { options: edge, data: joined(top) },
    { options: edge, data: joined(bottom) },
    {
      options: { stroke: colour, width: 1.5, dash, points: { size: 4, fill: colour } },
      data: joined(values),
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

/**
 * For the whole time range, an entry has the largest event, or the range of a level. Where no
 * process of the line lived it has no value.
 */
function legendItem(
  { view, lived, off }: LineView,
  name: string,
  colour: string,
  { data, look, formatValue }: {
    readonly data: QuantityData;
    readonly look: Drawing["look"];
    readonly formatValue: (value: number) => string;
  },
): LegendItem {
  const known = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
  const largest = Math.max(...known(view.max));
  const whole = data.kind === "event"
    ? `max ${formatValue(largest)}`
    : `${formatValue(Math.min(...known(view.min)))} – ${formatValue(largest)}`;
  return {
    name,
    colour,
    mark: look === "event" ? "dot" : "line",
    value: (index) => {
      if (index === null) return whole;
      const at = nearest(view.mean, lived, index, data.kind === "event" ? 2 : 40);
      if (off[index]) return OFF;
      return at === undefined ? "–" : formatValue((data.kind === "event" ? view.max : view.mean)[at] ?? 0);
    },
  };
}

/** Returns the nearest index of the same life that has a value, at most `farthest` away. */
function nearest(
  values: readonly (number | null)[],
  lived: readonly boolean[],
  index: number,
  farthest: number,
): number | undefined {
  const ended = new Set<number>();
  for (let distance = 0; distance <= farthest; distance++) {
    for (const direction of [-1, 1]) {
      const at = index + direction * distance;
      if (lived[at] !== true) ended.add(direction);
      if (ended.has(direction)) continue;
      if (values[at] !== null && values[at] !== undefined) return at;
    }
  }
  return undefined;
}
