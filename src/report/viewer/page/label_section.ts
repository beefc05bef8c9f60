/**
 * All about one series of durations.
 *
 * @module
 */

import type { DurationData } from "../../shared/report_data.ts";
import type { WallClock } from "../model/clock.ts";
import { h, replace } from "../ui/dom.ts";
import { statisticsOf } from "../model/duration_statistics.ts";
import { hasCells } from "../model/duration_view.ts";
import * as format from "../model/format.ts";
import { heatMap } from "../charts/heat_map.ts";
import { latencyChart } from "../charts/latency_chart.ts";
import { rateChart } from "../charts/rate_chart.ts";
import type { Store } from "../model/store.ts";
import { timeChart } from "../charts/time_chart.ts";

const RATE_HEIGHT = 92;
const LATENCY_HEIGHT = 210;
const HEAT_HEIGHT = 190;

/** The section of a series on the page. */
export interface LabelSection {
  readonly element: HTMLElement;
  /** To be called when it leaves the page. */
  readonly forget: () => void;
}

/** Makes the section of a series. */
export function labelSection(store: Store, clock: WallClock, data: DurationData): LabelSection {
  const heading = h("h3", { tabindex: -1 }, data.label);
  const facts = h("p", { class: "facts" });
  const show = (): void => replace(facts, ...factsOf(store, data));
  show();
  const unsubscribe = store.subscribe((_, before) => {
    if (store.looksElsewhere(before)) show();
  });
  const shared = { store, clock, about: data.label, level: "h4" } as const;
  const charts = !hasCells(data) ? [] : [
    timeChart({ ...shared, title: "Rate", height: RATE_HEIGHT, times: false, content: rateChart(store, clock, data) }),
    timeChart({
      ...shared,
      title: "Latency",
      height: LATENCY_HEIGHT,
      times: true,
      content: latencyChart(store, clock, data),
    }),
    timeChart({
      ...shared,
      title: "Heat map",
      height: HEAT_HEIGHT,
      times: true,
      content: heatMap(store, clock, data, HEAT_HEIGHT - 30),
    }),
  ];
  const nothing = "There are more series than the report has room for: of this one it has the numbers only.";
  const element = h(
    "article",
    { class: "label", "aria-label": data.label },
    h("div", { class: "label-head" }, heading, facts),
    ...charts.map(({ element }) => element),
    charts.length === 0 && h("p", { class: "nothing" }, nothing),
  );
  const forget = (): void => {
    unsubscribe();
    for (const chart of charts) chart.forget();
  };
  return { element, forget };
}

function factsOf(store: Store, data: DurationData): HTMLElement[] {
  const statistics = statisticsOf(data, store.state, store.bins);
  if (statistics === undefined) {
    return [h("span", {}, "nothing in this selection")];
  }
  const { count, p50, p99, max, exact } = statistics;
  const about = exact ? "" : "≈ ";
  const known = (value: number): string => Number.isFinite(value) ? `${about}${format.duration(value)}` : "–";
  const facts: [string, string][] = [
    ["", count === 1 ? "once" : `${format.integer(count)} times`],
    ["p50", known(p50)],
    ["p99", known(p99)],
    ["max", format.duration(max)],
  ];
  return facts.map(([name, value]) => h("span", {}, name, name === "" ? "" : " ", h("b", {}, value)));
}
