/**
 * The label that is chosen: its distributions, and how it went over time on both sides.
 *
 * @module
 */

import { formatDuration, formatInteger, formatQuantity } from "../../../display/numbers.ts";
import type { DifferenceData, LabelRun, LabelSeries, SideName } from "../../shared/difference_data.ts";
import type { TimeChart } from "../charts/time_chart.ts";
import type { WallClock } from "../model/clock.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h, replace } from "../ui/dom.ts";
import { unwatch } from "../ui/lazy_drawing.ts";
import { labelText, wholeLabel } from "../ui/label_text.ts";
import { histogramChart, quantileChart } from "./distribution_charts.ts";
import { quantileOfSide } from "./distributions.ts";
import { lineOf, rateLine } from "./over_time.ts";
import { overlayChart } from "./overlay_chart.ts";
import type { ChangeRow } from "./rows.ts";
import { SIDES } from "./sides.ts";

/** The section of the label that is chosen. */
export interface LabelSection {
  readonly element: HTMLElement;
  /** Shows another label. */
  readonly show: (label: string) => void;
}

/** Creates the section, which is empty until a label is shown. */
export function labelSection(
  store: ViewStore,
  clock: WallClock,
  data: DifferenceData,
  rows: readonly ChangeRow[],
): LabelSection {
  const element = h("section", { class: "chosen-label", "aria-labelledby": "chosen" });
  let charts: readonly TimeChart[] = [];
  const show = (label: string): void => {
    for (const chart of charts) chart.dispose();
    for (const figure of element.querySelectorAll("figure")) unwatch(figure);
    const series = data.labels.find((one) => one.label === label);
    const heading = h("h2", { id: "chosen", tabindex: -1 }, ...wholeLabel(label));
    const verdicts = rows.filter((row) => row.kind === "label" && row.label === label).map((row) =>
      h(
        "span",
        { class: `tone-${row.tone}` },
        `${row.measure} `,
        h("b", {}, row.verdict),
        row.change === "" ? "" : ` ${row.change}`,
      )
    );
    const head = h("div", { class: "section-head" }, heading, h("p", { class: "facts" }, ...verdicts));
    if (series === undefined) {
      charts = [];
      const why =
        "With charts of all labels the page would be too large: of this one there are only the numbers above.";
      return replace(element, head, h("p", { class: "nothing" }, why));
    }
    charts = overTime(store, clock, data, series);
    replace(
      element,
      head,
      h("p", { class: "note" }, countsOf(series)),
      h(
        "div",
        { class: "label-charts" },
        h("div", { class: "label" }, histogramChart(store, data, series)),
        h("div", { class: "label" }, quantileChart(store, data, series)),
        ...charts.map(({ element }) => h("div", { class: "label" }, element)),
      ),
    );
  };
  return { element, show };
}

/** How many samples each side has. */
function countsOf(series: LabelSeries): string {
  return SIDES.map((side) => {
    const count = series[side].reduce((sum, run) => sum + run.count, 0);
    if (count === 0) return `${side.toUpperCase()} has none`;
    const of = series[side].length > 1 ? ` in ${series[side].length} runs` : "";
    return `${side.toUpperCase()} has ${formatInteger(count)} samples${of}`;
  }).join(", ") + ". Time begins with the first row of each run.";
}

/** Height of a chart over time, pixels. */
const HEIGHT = 200;

function overTime(store: ViewStore, clock: WallClock, data: DifferenceData, series: LabelSeries): TimeChart[] {
  const { step } = series;
  const axis = { width: data.bins.width, step, count: Math.ceil(data.bins.count / step) };
  const linesOf = (line: (run: LabelRun, side: SideName) => ReturnType<typeof lineOf>) => ({
    a: series.a.map((run) => line(run, "a")),
    b: series.b.map((run) => line(run, "b")),
  });
  const shared = { about: labelText(series.label), height: HEIGHT, cell: axis.width * step / 1e9 };
  const quantile = (title: string, key: "p50s" | "p99s", q: number): TimeChart =>
    overlayChart(store, clock, data, {
      ...shared,
      title,
      lines: linesOf((run) => lineOf(run.cells, run[key], axis.count)),
      mean: "geometric",
      logarithmic: true,
      format: formatDuration,
      whole: (side) => series[side].length === 0 ? "–" : formatDuration(quantileOfSide(series[side], q)),
    });
  const rate = (value: number): string => formatQuantity(value, "1/s");
  return [
    quantile("p50 over time", "p50s", 0.5),
    quantile("p99 over time", "p99s", 0.99),
    overlayChart(store, clock, data, {
      ...shared,
      title: "Rate over time",
      lines: linesOf((run, side) => rateLine(run, data.sides[side].runs[run.run]!, axis)),
      mean: "arithmetic",
      logarithmic: false,
      format: rate,
      whole: (side) => {
        const runs = series[side];
        const seconds = runs.reduce((sum, { run }) => {
          const { span, off } = data.sides[side].runs[run]!;
          return sum + span / 1e9 - off;
        }, 0);
        return seconds > 0 ? rate(runs.reduce((sum, { count }) => sum + count, 0) / seconds) : "–";
      },
    }),
  ];
}
