/**
 * The sections of all duration series shown: statistics and charts of each.
 *
 * @module
 */

import { formatDuration, formatInteger, formatPercent } from "../../../display/numbers.ts";
import type { DurationData } from "../../shared/report_data.ts";
import { failuresChart } from "../charts/failures_chart.ts";
import { heatMap } from "../charts/heat_map.ts";
import { latencyChart } from "../charts/latency_chart.ts";
import { rateChart } from "../charts/rate_chart.ts";
import { type ContentMaker, timeChart } from "../charts/time_chart.ts";
import type { WallClock } from "../model/clock.ts";
import { hasCells } from "../model/duration_view.ts";
import { isOfFailures, outcomesByRoute } from "../model/outcomes.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h, replace } from "../ui/dom.ts";
import { slowestSamples } from "./slowest_samples.ts";
import { labelText, wholeLabel } from "../ui/label_text.ts";

/** Number of sections created at a time. */
const BATCH = 20;

/** Number of sections that the page is first drawn with: more are below the window. */
const FIRST = 2;

/** The sections of series. */
export interface LabelSections {
  readonly element: HTMLElement;
  /** Scrolls to the section of a label. */
  readonly open: (label: string) => void;
  /** Creates what the page was first drawn without. */
  readonly complete: () => void;
}

/**
 * Creates the sections of the series shown, the largest first. Sections further down are created
 * when the user asks for more.
 */
export function labelSections(store: ViewStore, clock: WallClock): LabelSections {
  const list = h("div", { class: "sections" });
  const nothing = h("p", { class: "nothing" });
  const more = h("button", { type: "button", class: "more" });
  const element = h(
    "section",
    { class: "labels-column", "aria-labelledby": "each" },
    h("h2", { id: "each" }, "Each label over time"),
    list,
    nothing,
    more,
  );
  const made = new Map<string, LabelSection & { readonly key: string }>();
  /** What a section is made of: that its route has failed can be known later than the route. */
  const keyOf = (data: DurationData): string => `${sameRoute(store, data).some(isOfFailures)}`;
  let wanted = FIRST;
  const show = (): void => {
    const shown = store.data.durations.filter(({ label }) => store.shows(label));
    const now = new Set(shown.slice(0, wanted).map(({ label }) => label));
    const keys = new Map(shown.map((data) => [data.label, store.isLive ? keyOf(data) : ""]));
    for (const [label, section] of made) {
      if (now.has(label) && section.key === keys.get(label)) continue;
      section.element.remove();
      section.dispose();
      made.delete(label);
    }
    let before: Element | null = null;
    for (const data of shown.slice(0, wanted)) {
      const section = made.get(data.label) ??
        { ...labelSection(store, clock, data), key: keys.get(data.label) ?? "" };
      made.set(data.label, section);
      const place: Element | null = before === null ? list.firstElementChild : before.nextElementSibling;
      if (place !== section.element) list.insertBefore(section.element, place);
      before = section.element;
    }
    nothing.hidden = store.noLabelReason === undefined;
    nothing.textContent = store.noLabelReason ?? "";
    const left = shown.length - now.size;
    more.hidden = left <= 0 || wanted < BATCH;
    more.textContent = `Show ${Math.min(BATCH, left)} more of ${left} labels`;
  };
  more.addEventListener("click", () => {
    wanted += BATCH;
    show();
  });
  show();
  store.subscribe((state, before) => {
    const isOther = state.data.durations.length !== before.data.durations.length;
    if (isOther || state.labelText !== before.labelText || state.picked !== before.picked) show();
  });
  const open = (label: string): void => {
    store.set({ opened: label, ...store.shows(label) ? {} : { labelText: "", picked: new Set() } });
    const index = store.data.durations.filter((one) => store.shows(one.label))
      .findIndex((one) => one.label === label);
    if (index < 0) return;
    if (index >= wanted) {
      wanted = index + 1;
      show();
    }
    const section = made.get(label)?.element;
    section?.scrollIntoView({ block: "start" });
    section?.querySelector("h3")?.focus({ preventScroll: true });
  };
  const complete = (): void => {
    wanted = Math.max(wanted, BATCH);
    show();
  };
  return { element, open, complete };
}

const RATE_HEIGHT = 92;
const LATENCY_HEIGHT = 210;
const HEAT_HEIGHT = 190;

/** The section of a series. */
interface LabelSection {
  readonly element: HTMLElement;
  /** Must be called when it is removed from the page. */
  readonly dispose: () => void;
}

/** Creates the section of a series. */
function labelSection(store: ViewStore, clock: WallClock, data: DurationData): LabelSection {
  const now = (): DurationData => store.latest(data);
  const name = labelText(data.label);
  const heading = h("h3", { tabindex: -1 }, ...wholeLabel(data.label));
  const facts = h("p", { class: "facts" });
  const show = (): void => replace(facts, ...factsOf(store, now()));
  show();
  const unsubscribe = store.subscribe((_, before) => {
    if (store.selectionChanged(before)) show();
  });
  const of =
    (chart: (store: ViewStore, clock: WallClock, data: DurationData) => ContentMaker): ContentMaker =>
    (palette, width) => chart(store, clock, now())(palette, width);
  const shared = { store, clock, about: name, level: "h4" } as const;
  const route = sameRoute(store, data);
  const failures = route.some(isOfFailures)
    ? [timeChart({
      ...shared,
      about: labelText(data.request!.route),
      title: "Failed requests",
      height: RATE_HEIGHT + 22,
      times: true,
      content: (palette, width) => failuresChart(store, clock, sameRoute(store, data))(palette, width),
    })]
    : [];
  const charts = !hasCells(data) ? failures : [
    timeChart({ ...shared, title: "Rate", height: RATE_HEIGHT, times: false, content: of(rateChart) }),
    timeChart({
      ...shared,
      title: "Latency",
      height: LATENCY_HEIGHT,
      times: true,
      content: of(latencyChart),
    }),
    timeChart({
      ...shared,
      title: "Heat map",
      height: HEAT_HEIGHT,
      times: true,
      content: of((store, clock, data) => heatMap(store, clock, data, HEAT_HEIGHT - 30)),
    }),
    ...failures,
  ];
  const nothing = "With charts of all series the page would be too large: this one has statistics only.";
  const element = h(
    "article",
    { class: "label", "aria-label": name },
    h("div", { class: "label-head" }, heading, facts),
    ...charts.map(({ element }) => element),
    slowestSamples(store, clock, data),
    charts.length === 0 && h("p", { class: "nothing" }, nothing),
  );
  const dispose = (): void => {
    unsubscribe();
    for (const chart of charts) chart.dispose();
  };
  return { element, dispose };
}

/** The series of the same route, whatever the outcome; none of what is not a request. */
function sameRoute(store: ViewStore, { request }: DurationData): DurationData[] {
  if (request === undefined || request.outcome === "stream") return [];
  return store.data.durations.filter((of) => of.request?.route === request.route && of.request.outcome !== "stream");
}

/** What part of the route's requests failed, and how. */
function failuresOf(store: ViewStore, data: DurationData): [string, string][] {
  const found = outcomesByRoute(store).find(({ route }) => route === data.request?.route);
  if (found === undefined || found.failed === 0 || data.request?.outcome === "stream") return [];
  const { failed, total, failures } = found;
  const which = failures.map(([outcome, count]) => `${outcome} ${formatInteger(count)}`).join(", ");
  return [["failed", `${formatPercent(failed / total, { trim: true })} of ${formatInteger(total)} (${which})`]];
}

function factsOf(store: ViewStore, data: DurationData): HTMLElement[] {
  const statistics = store.statisticsOf(data);
  if (statistics === undefined) {
    return [h("span", {}, "nothing in this selection")];
  }
  const { count, p50, p99, max, exact } = statistics;
  const about = exact ? "" : "≈ ";
  const known = (value: number): string => Number.isFinite(value) ? `${about}${formatDuration(value)}` : "–";
  const facts: [string, string][] = [
    ["", count === 1 ? "once" : `${formatInteger(count)} times`],
    ["p50", known(p50)],
    ["p99", known(p99)],
    ["max", formatDuration(max)],
    ...failuresOf(store, data),
  ];
  return facts.map(([name, value]) => h("span", {}, name, name === "" ? "" : " ", h("b", {}, value)));
}
