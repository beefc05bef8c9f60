/**
 * A small line chart within text.
 *
 * @module
 */

import type { DurationData } from "../../shared/report_data.ts";
import { quantilesOf, viewDurations } from "../model/duration_view.ts";
import { offGroups } from "../model/recorded.ts";
import { groupsOf } from "../model/selection.ts";
import type { ViewStore } from "../model/view_store.ts";
import { svg } from "../ui/dom.ts";

const WIDTH = 110;
const HEIGHT = 24;
const GROUPS = 44;

/** Draws the p99 over time, on a logarithmic scale. */
export function sparkline(data: DurationData, store: ViewStore): SVGElement {
  const groups = groupsOf(store.state, GROUPS);
  const values = quantilesOf(viewDurations(data, store.state, groups), 0.99);
  const recorders = data.processes.filter(({ process }) => store.state.processes.has(process));
  const off = offGroups(store.recordedTimes(recorders).off, groups, store.data.bins.width);
  const known = values.filter((value) => value !== null).map((value) => Math.log(Math.max(value, 1e-9)));
  const [low, high] = [Math.min(...known), Math.max(...known)];
  // The scale covers a factor of two at least, so that a series that hardly changes looks calm.
  const range = Math.max(Math.LN2, high - low);
  const middle = (high + low) / 2;
  const points: string[] = [];
  let pen = "M";
  values.forEach((value, at) => {
    if (off[at]) pen = "M"; // the line is interrupted where nobody knows
    if (value === null) return;
    const x = 2 + at / Math.max(1, values.length - 1) * (WIDTH - 4);
    const y = HEIGHT / 2 -
      (Math.log(Math.max(value, 1e-9)) - middle) / range * (HEIGHT - 6);
    points.push(`${pen}${x.toFixed(1)} ${y.toFixed(1)}`);
    pen = "L";
  });
  const line = svg("path", {
    d: points.length === 1 ? `${points[0]}h1` : points.join(""),
  });
  return svg("svg", {
    class: "spark",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    "aria-hidden": "true",
  }, line);
}
