/**
 * The chart of failed requests per second, stacked by how they failed.
 *
 * @module
 */

import { failure } from "../../../result.ts";
import { type DurationData, FAILURES } from "../../shared/report_data.ts";
import type { WallClock } from "../model/clock.ts";
import { addUp, countsOf } from "../model/rates.ts";
import { groupsOf } from "../model/selection.ts";
import type { ViewStore } from "../model/view_store.ts";
import { rateGroups, stackedRates } from "./stacked_rates.ts";
import type { ContentMaker } from "./time_chart.ts";

/** Returns the content of the chart. `series`: the requests, whatever their outcome. */
export function failuresChart(store: ViewStore, clock: WallClock, series: readonly DurationData[]): ContentMaker {
  return (palette, width) => {
    const { state } = store;
    const isShown = (process: number): boolean => state.processes.has(process);
    // A process in which all went well counts too: its requests could have failed.
    const recorders = series.flatMap(({ processes }) => processes).filter(({ process }) => isShown(process));
    const failed = FAILURES.map((outcome) => ({
      outcome,
      cells: series.filter(({ request }) => request?.outcome === outcome)
        .flatMap(({ processes }) =>
          processes.flatMap(({ process, cells }) => isShown(process) && cells ? [cells] : [])
        ),
    }));
    const one = groupsOf(state, 1);
    const total = failed.flatMap(({ cells }) => cells).reduce((sum, cells) => sum + countsOf(cells, one)[0]!, 0);
    if (total === 0) return failure("empty", "No request failed in this time.");
    const groups = rateGroups(state, width, total);
    const parts = failed.map(({ outcome, cells }) => ({
      name: outcome,
      colour: palette.failures[outcome],
      counts: addUp(cells.map((cells) => countsOf(cells, groups)), groups),
      recorders,
    })).filter(({ counts }) => counts.some((count) => count > 0));
    return stackedRates({ store, clock, groups, parts, all: "all", named: true });
  };
}
