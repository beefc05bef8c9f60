/**
 * The chart of durations per second over time, processes stacked.
 *
 * @module
 */

import uPlot from "uplot";
import { formatQuantity } from "../../../display/numbers.ts";
import { failure, success } from "../../../result.ts";
import type { DurationCells, DurationData } from "../../shared/report_data.ts";
import type { WallClock } from "../model/clock.ts";
import { forEachInGroups, type Groups, groupsOf, type Selection } from "../model/selection.ts";
import type { ViewStore } from "../model/view_store.ts";
import { mix, type Palette, processColour } from "../ui/colours.ts";
import { type ChartContent, type ContentMaker, NOTHING } from "./time_chart.ts";

/** Number of durations that a group should have on average: fewer make no steady rate. */
const ENOUGH = 6;
/** Minimum number of groups, however few durations there are. */
const FEWEST_GROUPS = 40;

/** Returns the content of the chart. */
export function rateChart(store: ViewStore, clock: WallClock, data: DurationData): ContentMaker {
  return (palette, width) => {
    const { state } = store;
    const total = totalOf(data, state);
    const groups = groupsOf(state, Math.min(width / 4, Math.max(FEWEST_GROUPS, total / ENOUGH)));
    const parts = data.processes.flatMap(({ pid, cells }) => {
      if (cells === undefined || !state.pids.has(pid)) return [];
      const counts = countsOf(cells, groups);
      return counts.some((count) => count > 0) ? [{ pid, counts }] : [];
    });
    if (parts.length === 0) return NOTHING;
    if (store.data.span === 0) {
      return failure("empty", "All observations have the same timepoint, so there is no rate.");
    }
    const seconds = counts(groups).map((_, group) => secondsOf(store, groups, group));
    const perSecond = (counts: readonly number[]) => counts.map((count, group) => count / (seconds[group] ?? 1));
    const rates = parts.map(({ pid, counts }) => ({ pid, rates: perSecond(counts) }));
    return success(content(store, clock, palette, groups, rates));
  };
}

function counts({ count }: Groups): number[] {
  return new Array(count).fill(0);
}

/** Returns the number of durations in each group. */
function countsOf({ bin, buckets }: DurationCells, groups: Groups): number[] {
  const counted = counts(groups);
  forEachInGroups(bin, groups, (index, group) => {
    const pairs = buckets[index] ?? [];
    for (let at = 1; at < pairs.length; at += 2) counted[group] = (counted[group] ?? 0) + (pairs[at] ?? 0);
  });
  return counted;
}

function totalOf({ processes }: DurationData, selection: Selection): number {
  const groups = groupsOf(selection, 1);
  return processes.filter(({ pid }) => selection.pids.has(pid))
    .reduce((total, { cells }) => total + (cells === undefined ? 0 : countsOf(cells, groups)[0] ?? 0), 0);
}

function secondsOf(store: ViewStore, { from, to, size }: Groups, group: number): number {
  return store.seconds(
    from + group * size,
    Math.min(to, from + (group + 1) * size),
  );
}

function content(
  store: ViewStore,
  clock: WallClock,
  palette: Palette,
  groups: Groups,
  parts: readonly { readonly pid: number; readonly rates: readonly number[] }[],
): ChartContent {
  const start = (group: number): number => (groups.from + group * groups.size) * store.binSeconds;
  const total = counts(groups).map((_, group) => parts.reduce((sum, { rates }) => sum + (rates[group] ?? 0), 0));
  const average = (rates: readonly number[]): number => {
    const whole = store.seconds(groups.from, groups.to);
    return rates.reduce((sum, rate, group) => sum + rate * secondsOf(store, groups, group), 0) / whole;
  };
  // The last process is on top of the stack: it is drawn first, and the others over it.
  const stacked = parts.map((part, at) => ({
    pid: part.pid,
    heights: total.map((_, group) => parts.slice(0, at + 1).reduce((sum, { rates }) => sum + (rates[group] ?? 0), 0)),
  })).reverse();
  const colourOf = (pid: number): string =>
    processColour(palette, store.data.processes.findIndex((one) => one.pid === pid));
  const ground = store.state.dark ? "#171b20" : "#ffffff";
  const valueOf = (rates: readonly number[]) => (index: number | null): string =>
    perSecond(index === null ? average(rates) : rates[index] ?? 0);
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return {
    x: [...total.map((_, group) => start(group)), groups.to * store.binSeconds],
    series: stacked.map(({ pid, heights }) => ({
      options: {
        stroke: colourOf(pid),
        width: 1,
        fill: mix(ground, colourOf(pid), 0.42),
        ...stepped === undefined ? {} : { paths: stepped },
      },
      data: [...heights, heights.at(-1) ?? 0],
    })),
    y: {
      logarithmic: false,
      range: [0, Math.max(...total) * 1.08],
      format: (value, format) => formatQuantity(value, "1/s", format),
    },
    indexAt: (seconds) => Math.floor((seconds / store.binSeconds - groups.from) / groups.size),
    legend: [
      ...parts.length > 1 ? [{ name: "all", colour: "transparent", mark: "area" as const, value: valueOf(total) }] : [],
      ...parts.map(({ pid, rates }) => ({
        name: parts.length > 1 ? `${pid}` : "",
        colour: colourOf(pid),
        mark: "area" as const,
        value: valueOf(rates),
      })),
    ],
    summary: `On average ${perSecond(average(total))}, at most ${perSecond(Math.max(...total))}.`,
    table: () => ({
      columns: ["Time", ...parts.map(({ pid }) => `PID ${pid}`), "All"],
      rows: total.map((all, group) => [
        clock.time(start(group), 3),
        ...parts.map(({ rates }) => perSecond(rates[group] ?? 0)),
        perSecond(all),
      ]),
    }),
  };
}

function perSecond(rate: number): string {
  return formatQuantity(rate, "1/s");
}
