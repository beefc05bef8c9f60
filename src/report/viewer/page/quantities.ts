/**
 * The quantities: series of the runtime and the program's own, on the same time axis as the
 * durations beside them.
 *
 * @module
 */

import { CHANNELS, CPU_RATE, SERIES } from "../../../series.ts";
import type { Finding, QuantityData } from "../../shared/report_data.ts";
import { quantityChart } from "../charts/quantity_chart.ts";
import { type ContentMaker, timeChart } from "../charts/time_chart.ts";
import type { WallClock } from "../model/clock.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h } from "../ui/dom.ts";
import { labelText } from "../ui/label_text.ts";

const HEIGHT = 118;

/** Runtime series that explain most come first; all others follow in their own order. */
const ORDER: readonly string[] = [
  SERIES.eventLoopLag,
  SERIES.gcPause,
  CPU_RATE,
  SERIES.userTime,
  SERIES.systemTime,
  SERIES.rss,
  SERIES.heapUsed,
  SERIES.heapTotal,
  SERIES.gcCollections,
  SERIES.gcCollected,
  SERIES.gcUncollectable,
];

/** The series that show what a finding is about. */
const SHOWN_BY: Readonly<Record<Finding["kind"], readonly string[]>> = {
  errors: [],
  ends: [],
  latency: [],
  data: [],
  stall: [SERIES.eventLoopLag],
  gc: [SERIES.gcPause],
  memory: [SERIES.rss, SERIES.heapUsed],
  cpu: [CPU_RATE, SERIES.userTime],
};

/** The charts of quantities. */
export interface Quantities {
  readonly element: HTMLElement;
  /** Scrolls to the chart that shows what a finding is about. */
  readonly pointOut: (finding: Finding) => void;
}

/** Creates the column of charts. */
export function quantities(store: ViewStore, clock: WallClock): Quantities | undefined {
  const all = store.data.quantities;
  if (all.length === 0) return undefined;
  const charts = new Map<QuantityData, HTMLElement>();
  const runtime = all.filter(({ channel }) => channel === CHANNELS.runtime).sort((a, b) => place(a) - place(b));
  const own = all.filter(({ channel }) => channel !== CHANNELS.runtime);
  const group = (title: string, members: readonly QuantityData[]): (HTMLElement | false)[] => [
    members.length > 0 && h("h2", {}, title),
    ...members.map((data) => {
      const element = chart(store, clock, data);
      charts.set(data, element);
      return element;
    }),
  ];
  const element = h(
    "aside",
    {
      class: "quantities",
      "aria-label": "Runtime and own series",
      tabindex: 0,
    },
    ...group("Runtime", runtime),
    ...group("Own series", own),
  );
  const pointOut = ({ kind, label }: Finding): void => {
    const data = all.find((one) => one.label === label) ??
      [...charts.keys()].find((one) => SHOWN_BY[kind].includes(one.label));
    const shown = data === undefined ? undefined : charts.get(data);
    if (shown === undefined) return;
    // A column that scrolls by itself leaves the page where it is.
    if (element.scrollHeight > element.clientHeight + 1) {
      element.scrollTo({ top: shown.offsetTop - element.offsetTop - 8 });
    } else if (getComputedStyle(element).position !== "sticky") shown.scrollIntoView({ block: "center" });
    shown.classList.remove("pointed-out");
    requestAnimationFrame(() => shown.classList.add("pointed-out"));
  };
  return { element, pointOut };
}

function place({ label }: QuantityData): number {
  const at = ORDER.indexOf(label);
  return at < 0 ? ORDER.length : at;
}

function chart(store: ViewStore, clock: WallClock, data: QuantityData): HTMLElement {
  const about = data.channel === CHANNELS.runtime ? "the processes" : data.channel;
  const title = labelText(data.label).replace(/^(gc|cpu|rss)\b|^\w/, (word) => word.toUpperCase()) +
    (data.unit === "cores" ? ", cores" : "");
  const content: ContentMaker = (palette, width) =>
    quantityChart(store, clock, store.latestQuantity(data))(palette, width);
  return timeChart({ store, clock, title, about, level: "h3", height: HEIGHT, times: true, content }).element;
}
