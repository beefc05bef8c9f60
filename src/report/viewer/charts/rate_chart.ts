/**
 * The chart of durations per second over time, processes stacked.
 *
 * @module
 */

import type { DurationData } from "../../shared/report_data.ts";
import type { WallClock } from "../model/clock.ts";
import { addUp, countsOf } from "../model/rates.ts";
import { groupsOf } from "../model/selection.ts";
import type { ViewStore } from "../model/view_store.ts";
import { processColour } from "../ui/colours.ts";
import { rateGroups, stackedRates } from "./stacked_rates.ts";
import { type ContentMaker, nothing } from "./time_chart.ts";

/** Returns the content of the chart. */
export function rateChart(store: ViewStore, clock: WallClock, data: DurationData): ContentMaker {
  return (palette, width) => {
    const { state } = store;
    const shown = data.processes.filter(({ process, cells }) => cells !== undefined && state.processes.has(process));
    const total = shown.reduce((sum, { cells }) => sum + countsOf(cells!, groupsOf(state, 1))[0]!, 0);
    const groups = rateGroups(state, width, total);
    const parts = [...Map.groupBy(shown, ({ process }) => store.lineOf(process))].map(([line, members]) => ({
      name: store.data.lines[line]?.short ?? "",
      colour: processColour(palette, line),
      counts: addUp(members.map(({ cells }) => countsOf(cells!, groups)), groups),
      recorders: members,
    })).filter(({ counts }) => counts.some((count) => count > 0));
    if (parts.length === 0) return nothing(store, shown);
    return stackedRates({ store, clock, groups, parts, all: "all" });
  };
}
