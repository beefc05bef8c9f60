/**
 * A chart of what happens so many times per second, stacked: durations by process, failures by
 * outcome.
 *
 * @module
 */

import uPlot from "uplot";
import { formatQuantity } from "../../../display/numbers.ts";
import { failure, type Result, success } from "../../../result.ts";
import type { WallClock } from "../model/clock.ts";
import { livedGroups } from "../model/lives.ts";
import { offGroups, type Recorder } from "../model/recorded.ts";
import { addUp, secondsOf } from "../model/rates.ts";
import { type Groups, groupsOf, type Selection } from "../model/selection.ts";
import type { ViewStore } from "../model/view_store.ts";
import { mix } from "../ui/colours.ts";
import { type ChartContent, OFF } from "./time_chart.ts";

/** Number of events that a group should have on average: fewer make no steady rate. */
const ENOUGH = 6;
/** Minimum number of groups, however few events there are. */
const FEWEST_GROUPS = 40;

/** Groups for the rates of `total` events on a chart `width` pixels wide. */
export function rateGroups(selection: Selection, width: number, total: number): Groups {
  return groupsOf(selection, Math.min(width / 4, Math.max(FEWEST_GROUPS, total / ENOUGH)));
}

/** What is stacked. */
export interface RatePart {
  readonly name: string;
  readonly colour: string;
  /** How many in each group. */
  readonly counts: readonly number[];
  /** Where they can happen: their rates leave out the time in which none of these recorded. */
  readonly recorders: readonly Recorder[];
}

/** How the chart is made. */
export interface StackOptions {
  readonly store: ViewStore;
  readonly clock: WallClock;
  readonly groups: Groups;
  /** From the bottom to the top. */
  readonly parts: readonly RatePart[];
  /** The name of the sum of all parts. */
  readonly all: string;
  /** Whether even a single part has its name in the legend. */
  readonly named?: boolean;
}

/** Returns the content of the chart. */
export function stackedRates(
  { store, clock, groups, parts, all, named = parts.length > 1 }: StackOptions,
): Result<ChartContent, "empty"> {
  if (store.data.span === 0) {
    return failure("empty", "All observations have the same timepoint, so there is no rate.");
  }
  const drawn = parts.map((part) => {
    const seconds = secondsOf(store, part.recorders, groups);
    return { ...part, rates: part.counts.map((count, group) => count / (seconds[group] ?? 1)) };
  });
  const start = (group: number): number => (groups.from + group * groups.size) * store.binSeconds;
  const total = addUp(drawn.map(({ rates }) => rates), groups);
  const average = (of: readonly RatePart[]): number =>
    of.reduce((sum, { counts }) => sum + counts.reduce((sum, count) => sum + count, 0), 0) /
    store.recordedSeconds(of.flatMap(({ recorders }) => recorders), groups.from, groups.to);
  const { off } = store.recordedTimes(parts.flatMap(({ recorders }) => recorders));
  const areOff = offGroups(off, groups, store.data.bins.width);
  // The last part is on top of the stack: it is drawn first, and the others over it.
  const stacked = drawn.map(({ colour }, at) => ({
    colour,
    heights: addUp(drawn.slice(0, at + 1).map(({ rates }) => rates), groups),
  })).reverse();
  const ground = store.state.dark ? "#171b20" : "#ffffff";
  const valueOf = (rates: readonly number[], of: readonly RatePart[]) => {
    const recorders = of.flatMap(({ recorders }) => recorders);
    const lives = recorders.flatMap(({ process }) => store.data.processes[process]?.lives ?? []);
    const lived = livedGroups(lives, groups, store.data.bins.width);
    const areOff = offGroups(store.recordedTimes(recorders).off, groups, store.data.bins.width);
    return (index: number | null): string => {
      if (index === null) return perSecond(average(of));
      const rate = rates[index] ?? 0;
      if (rate === 0 && areOff[index]) return OFF;
      return rate === 0 && lived[index] !== true ? "–" : perSecond(rate);
    };
  };
  const stepped = uPlot.paths.stepped?.({ align: 1, alignGaps: 1 });
  return success({
    x: [...total.map((_, group) => start(group)), groups.to * store.binSeconds],
    series: stacked.map(({ colour, heights }) => ({
      options: {
        stroke: colour,
        width: 1,
        fill: mix(ground, colour, 0.42),
        ...stepped === undefined ? {} : { paths: stepped },
      },
      data: [...heights, heights.at(-1) ?? 0].map((height, group) =>
        areOff[group] && total[group] === 0 ? null : height
      ),
    })),
    y: {
      logarithmic: false,
      range: [0, Math.max(...total) * 1.08],
      format: (value, format) => formatQuantity(value, "1/s", format),
    },
    indexAt: (seconds) => Math.floor((seconds / store.binSeconds - groups.from) / groups.size),
    legend: [
      ...parts.length > 1
        ? [{ name: all, colour: "transparent", mark: "area" as const, value: valueOf(total, parts) }]
        : [],
      ...drawn.map((part) => ({
        name: named ? part.name : "",
        colour: part.colour,
        mark: "area" as const,
        value: valueOf(part.rates, [part]),
      })),
    ],
    off,
    summary: `On average ${perSecond(average(parts))}, at most ${perSecond(Math.max(...total))}.`,
    table: () => ({
      columns: ["Time", ...parts.map(({ name }) => name), "All"],
      rows: total.map((all, group) => [
        clock.time(start(group), 3),
        ...drawn.map(({ rates }) => all === 0 && areOff[group] ? OFF : perSecond(rates[group] ?? 0)),
        all === 0 && areOff[group] ? OFF : perSecond(all),
      ]),
    }),
  });
}

function perSecond(rate: number): string {
  return formatQuantity(rate, "1/s");
}
