/**
 * The requests that failed: a table of routes, and a chart over time.
 *
 * @module
 */

import { counted, formatInteger, formatPercent } from "../../../display/numbers.ts";
import { isOutgoing } from "../../../display/outgoing.ts";
import { failuresChart } from "../charts/failures_chart.ts";
import { timeChart } from "../charts/time_chart.ts";
import type { WallClock } from "../model/clock.ts";
import { addedUp, isOfFailures, outcomesByRoute, type RouteOutcomes } from "../model/outcomes.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h, replace } from "../ui/dom.ts";
import { labelText } from "../ui/label_text.ts";

const HEIGHT = 130;

/** Number of routes shown at first. */
const FEW_ROUTES = 8;

/**
 * Creates the section; `open` is called with the label that the user clicks. `undefined` if no
 * request of the whole report failed.
 */
export function failures(store: ViewStore, clock: WallClock, open: (label: string) => void): HTMLElement | undefined {
  const hasFailed = store.isLive
    ? store.data.durations.some(isOfFailures)
    : outcomesByRoute(store).some(({ failed }) => failed > 0);
  if (!hasFailed) return undefined;
  const note = h("p", { class: "note", role: "status" });
  const body = h("tbody");
  const more = h("button", { type: "button", class: "more" });
  let everything = false;
  const show = (): void => {
    const routes = outcomesByRoute(store);
    const failing = routes.filter(({ failed }) => failed > 0);
    const [outgoing, own] = [true, false].map((is) => routes.filter(({ route }) => isOutgoing(route) === is));
    const sums = [sumOf(own!, "request"), sumOf(outgoing!, "outgoing request")].filter((text) => text !== "");
    note.textContent = sums.join(" ") || "No requests in this selection.";
    const shown = everything ? failing : failing.slice(0, FEW_ROUTES);
    replace(body, ...shown.map((route) => rowOf(route, open)));
    more.hidden = shown.length === failing.length;
    more.textContent = `Show all ${failing.length} routes`;
    frame.hidden = failing.length === 0;
  };
  more.addEventListener("click", () => {
    everything = true;
    show();
  });
  const heads = ["Route", "Failed", "Of", "Share", "How"].map((name) => h("th", { scope: "col" }, name));
  const table = h(
    "table",
    { class: "failed-routes" },
    h("caption", { class: "hidden" }, "Failed requests by route"),
    h("thead", {}, h("tr", {}, ...heads)),
    body,
  );
  const frame = h(
    "div",
    { class: "table-frame wide", tabindex: 0, role: "region", "aria-label": "Table: failed requests by route" },
    table,
  );
  const chart = timeChart({
    store,
    clock,
    title: "Failed requests",
    about: "all routes; outgoing requests only if no others failed",
    level: "h3",
    height: HEIGHT,
    times: true,
    content: (palette, width) => failuresChart(store, clock, addedUp(store.data.durations))(palette, width),
  });
  show();
  store.subscribe((_, before) => {
    if (store.selectionChanged(before)) show();
  });
  return h(
    "section",
    { "aria-labelledby": "failures" },
    h("div", { class: "section-head" }, h("h2", { id: "failures" }, "Errors"), note),
    h("div", { class: "failures-columns" }, h("div", {}, frame, more), h("div", { class: "label" }, chart.element)),
  );
}

/** How many requests failed; nothing if there are none. */
function sumOf(routes: readonly RouteOutcomes[], what: string): string {
  const sum = (of: (route: RouteOutcomes) => number): number => routes.reduce((sum, route) => sum + of(route), 0);
  const [failed, total] = [sum((route) => route.failed), sum((route) => route.total)];
  if (total === 0) return "";
  return `${formatInteger(failed)} of ${counted(total, what)} failed: ${
    formatPercent(failed / total, { trim: true })
  }.`;
}

function rowOf({ route, series, failed, total, failures }: RouteOutcomes, open: (label: string) => void): HTMLElement {
  const label = (series.find(({ label }) => label === route) ?? series[0])?.label ?? route;
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("button", { type: "button", onclick: () => open(label) }, labelText(route))),
    h("td", {}, formatInteger(failed)),
    h("td", {}, formatInteger(total)),
    h("td", { class: "failures" }, formatPercent(failed / total, { trim: true })),
    h("td", {}, failures.map(([outcome, count]) => `${outcome} ${formatInteger(count)}`).join(", ")),
  );
}
