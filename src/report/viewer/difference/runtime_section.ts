/**
 * The runtime of both sides from t = 0.
 *
 * @module
 */

import {
  formatBytes,
  formatDuration,
  formatPercent,
  formatQuantity,
  type NumberFormat,
} from "../../../display/numbers.ts";
import type { DifferenceData, RuntimeQuantity, RuntimeSeries, SideName } from "../../shared/difference_data.ts";
import type { WallClock } from "../model/clock.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h } from "../ui/dom.ts";
import { lineOf } from "./over_time.ts";
import { overlayChart } from "./overlay_chart.ts";

/** What is drawn, and how it is written. */
const CHARTS: Readonly<
  Record<RuntimeQuantity, readonly [title: string, format: (value: number, format?: NumberFormat) => string]>
> = {
  requests: ["Requests per second", (value, format) => formatQuantity(value, "1/s", format)],
  memory: ["Memory of a process (RSS)", formatBytes],
  cores: ["CPU of a process, cores", (value, format) => formatQuantity(value, "cores", format)],
  gc: ["Time in GC pauses", formatPercent],
  lag: ["Event-loop lag", formatDuration],
};

/** The charts of the runtime. */
export interface RuntimeSection {
  readonly element: HTMLElement;
  /** Scrolls to the chart of a quantity of the table. */
  readonly open: (quantity: string) => void;
}

/** Creates the section; `undefined` if neither side recorded its runtime. */
export function runtimeSection(store: ViewStore, clock: WallClock, data: DifferenceData): RuntimeSection | undefined {
  if (data.runtime.length === 0) return undefined;
  const charts = data.runtime.map((series) => {
    const [title, format] = CHARTS[series.quantity];
    const lines = (side: SideName) => series[side].map(({ bins, values }) => lineOf(bins, values, data.bins.count));
    const { element } = overlayChart(store, clock, data, {
      title,
      about: "both sides",
      height: 170,
      lines: { a: lines("a"), b: lines("b") },
      cell: data.bins.width / 1e9,
      mean: "arithmetic",
      logarithmic: false,
      format,
      whole: (side) => wholeOf(series, side, format),
    });
    return { quantity: series.quantity, element };
  });
  const element = h(
    "section",
    { class: "runtime", "aria-labelledby": "runtime" },
    h("div", { class: "section-head" }, h("h2", { id: "runtime", tabindex: -1 }, "Runtime")),
    h("div", { class: "label-charts" }, ...charts.map(({ element }) => h("div", { class: "label" }, element))),
  );
  const open = (quantity: string): void => {
    const drawn = quantity === "memory growth" ? "memory" : quantity === "cpu" ? "cores" : quantity;
    const chart = charts.find((one) => one.quantity === drawn)?.element ?? element;
    chart.scrollIntoView({ block: "center" });
    chart.querySelector<HTMLElement>(".plot-focus")?.focus({ preventScroll: true });
    chart.classList.remove("pointed-out");
    requestAnimationFrame(() => chart.classList.add("pointed-out"));
  };
  return { element, open };
}

/** The mean of a side: of its runs, each of its bins. */
function wholeOf(series: RuntimeSeries, side: SideName, format: (value: number) => string): string {
  const means = series[side].map(({ values }) => values.reduce((sum, value) => sum + value, 0) / values.length);
  return means.length === 0 ? "–" : format(means.reduce((sum, mean) => sum + mean, 0) / means.length);
}
