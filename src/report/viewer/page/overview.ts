/**
 * The table of all duration series.
 *
 * @module
 */

import {
  formatDuration,
  formatInteger,
  formatPercent,
  formatQuantity,
  formatTotalTime,
} from "../../../display/numbers.ts";
import type { DurationData } from "../../shared/report_data.ts";
import { sparkline } from "../charts/sparkline.ts";
import { hasCells, type SelectedStatistics } from "../model/duration_view.ts";
import { outcomesByRoute } from "../model/outcomes.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h, replace } from "../ui/dom.ts";
import { labelText } from "../ui/label_text.ts";
import { unwatchWithin, watch } from "../ui/lazy_drawing.ts";

interface Row {
  readonly data: DurationData;
  readonly statistics: SelectedStatistics;
  /** Seconds in which a process recorded it. */
  readonly seconds: number;
  /** Of requests: the share of those of the same route that failed. */
  readonly failed: number | undefined;
}

interface DurationColumn {
  readonly name: string;
  readonly title: string;
  readonly value: (row: Row) => number | string;
  readonly text: (row: Row, store: ViewStore) => string;
}

/** Number of rows shown at first. */
const FEW_ROWS = 40;

const time = (
  name: string,
  title: string,
  key: "mean" | "p50" | "p90" | "p99" | "p999" | "max" | "sum",
): DurationColumn => ({
  name,
  title,
  value: ({ statistics }) => statistics[key],
  text: ({ statistics }) => {
    const value = statistics[key];
    if (!Number.isFinite(value)) return "–";
    if (key === "sum") return formatTotalTime(value);
    return `${statistics.exact || !/^p\d/.test(key) ? "" : "≈ "}${formatDuration(value)}`;
  },
});

const COLUMNS: readonly DurationColumn[] = [
  {
    name: "Label",
    title: "Label",
    value: ({ data }) => data.label,
    text: ({ data }) => labelText(data.label),
  },
  {
    name: "Count",
    title: "Number of durations",
    value: ({ statistics }) => statistics.count,
    text: ({ statistics }) => formatInteger(statistics.count),
  },
  {
    name: "Rate",
    title: "Durations per second, while a program that records them lived and recording was on",
    value: ({ statistics, seconds }) => statistics.count / seconds,
    text: ({ statistics, seconds }, store) => store.data.span === 0 ? "–" : perSecond(statistics.count / seconds),
  },
  {
    name: "Failed",
    title: "Share of the route's requests that failed, whatever the outcome in this row",
    value: ({ failed = -1 }) => failed,
    text: ({ failed }) => failed === undefined ? "–" : failed === 0 ? "0" : formatPercent(failed, { trim: true }),
  },
  time("Mean", "Arithmetic mean", "mean"),
  time("p50", "Half took at most this long", "p50"),
  time("p90", "90 % took at most this long", "p90"),
  time("p99", "99 % took at most this long", "p99"),
  time("p99.9", "99.9 % took at most this long", "p999"),
  time("Max", "Longest duration", "max"),
  time("Total", "Sum of all durations", "sum"),
];

/** Creates the table; `open` is called with the label that the user clicks. */
export function overview(store: ViewStore, open: (label: string) => void): HTMLElement {
  const body = h("tbody");
  const fill = rowsOf(body, store, open);
  // What changes each second is not read out.
  const note = h("p", { class: "note", ...store.isLive ? {} : { role: "status" } });
  const more = h("button", { type: "button", class: "more" });
  let sorted = { column: COLUMNS.length - 1, descending: true };
  let everything = false;
  const heads = COLUMNS.map(({ name, title }, index) => {
    const button = h("button", { type: "button", title }, name);
    button.addEventListener("click", () => {
      const descending = sorted.column === index ? !sorted.descending : index > 0;
      sorted = { column: index, descending };
      show();
    });
    return h("th", { scope: "col" }, button);
  });
  more.addEventListener("click", () => {
    everything = true;
    show();
  });
  const show = (): void => {
    const rows = sortedRows(store, COLUMNS[sorted.column], sorted.descending);
    heads.forEach((head, index) => {
      if (index === sorted.column) {
        head.setAttribute("aria-sort", sorted.descending ? "descending" : "ascending");
      } else head.removeAttribute("aria-sort");
    });
    const shown = everything ? rows : rows.slice(0, FEW_ROWS);
    fill(shown);
    more.hidden = shown.length === rows.length;
    more.textContent = `Show all ${rows.length} labels`;
    note.textContent = noteOf(rows, store);
    frame.hidden = rows.length === 0;
  };
  const head = h("thead", {}, h("tr", {}, ...heads, h("th", { scope: "col" }, "p99 over time")));
  const table = h("table", { class: "overview" }, h("caption", { class: "hidden" }, "Durations by label"), head, body);
  const frame = h(
    "div",
    { class: "table-frame wide", tabindex: 0, role: "region", "aria-label": "Table: durations by label" },
    table,
  );
  show();
  store.subscribe((state, before) => {
    const isFiltered = state.labelText !== before.labelText || state.picked !== before.picked;
    if (isFiltered || store.selectionChanged(before)) show();
  });
  return h(
    "section",
    { "aria-labelledby": "durations" },
    h("div", { class: "section-head" }, h("h2", { id: "durations" }, "Durations"), note),
    frame,
    more,
  );
}

function sortedRows(store: ViewStore, column: DurationColumn | undefined, descending: boolean): Row[] {
  const failed = new Map(outcomesByRoute(store).map(({ route, failed, total }) => [route, failed / total]));
  const rows = store.data.durations.filter(({ label }) => store.shows(label))
    .flatMap((data) => {
      const statistics = store.statisticsOf(data);
      if (statistics === undefined) return [];
      const recorders = data.processes.filter(({ process }) => store.state.processes.has(process));
      const seconds = store.recordedSeconds(recorders, store.state.from, store.state.to);
      const isRequest = data.request !== undefined && data.request.outcome !== "stream";
      return [{ data, statistics, seconds, failed: isRequest ? failed.get(data.request!.route) : undefined }];
    });
  if (column === undefined) return rows;
  const sign = descending ? -1 : 1;
  return rows.sort((a, b) => {
    const [one, other] = [column.value(a), column.value(b)];
    if (typeof one === "string" || typeof other === "string") {
      return sign * String(one).localeCompare(String(other));
    }
    return sign *
      ((Number.isNaN(one) ? -1 : one) - (Number.isNaN(other) ? -1 : other));
  });
}

/**
 * Returns a function that shows rows. The row of a label stays the same element, so that it keeps the
 * focus and can be pressed while its numbers change.
 */
function rowsOf(
  body: HTMLElement,
  store: ViewStore,
  open: (label: string) => void,
): (rows: readonly Row[]) => void {
  const made = new Map<string, { readonly element: HTMLElement; readonly fill: (row: Row) => void }>();
  return (rows) => {
    const focused = document.activeElement;
    const shown = new Set(rows.map(({ data: { label } }) => label));
    for (const [label, { element }] of made) {
      if (shown.has(label)) continue;
      element.remove();
      unwatchWithin(element);
      made.delete(label);
    }
    let place = body.firstElementChild;
    for (const row of rows) {
      const { label } = row.data;
      const known = made.get(label) ?? newRow(label, store, open);
      made.set(label, known);
      known.fill(row);
      if (known.element === place) place = place.nextElementSibling;
      else body.insertBefore(known.element, place);
    }
    if (focused instanceof HTMLElement && focused !== document.activeElement && body.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  };
}

/** The row of a label, and what fills it. */
function newRow(
  label: string,
  store: ViewStore,
  open: (label: string) => void,
): { readonly element: HTMLElement; readonly fill: (row: Row) => void } {
  const button = h("button", { type: "button", onclick: () => open(label) }, labelText(label));
  const cells = COLUMNS.slice(1).map((column) => ({ column, cell: h("td") }));
  const spark = h("td", { class: "spark-cell" });
  let data: DurationData | undefined;
  const draw = (): void => replace(spark, data === undefined ? "–" : sparkline(data, store));
  const drawing = watch(spark, draw, () => {}, "when idle");
  const fill = (row: Row): void => {
    for (const { column, cell } of cells) {
      const text = column.text(row, store);
      if (cell.textContent !== text) cell.textContent = text;
      cell.className = column.name === "Failed" && (row.failed ?? 0) > 0 ? "failures" : "";
    }
    data = hasCells(row.data) ? row.data : undefined;
    drawing.redraw();
  };
  const element = h("tr", {}, h("th", { scope: "row" }, button), ...cells.map(({ cell }) => cell), spark);
  return { element, fill };
}

/** Rates are counts over the time that programs recorded, which is as exact as its ends are known. */
const EXACT = "Counts, times and quantiles are exact, of the observations that were read.";
const EXACT_BESIDES = "Counts, extremes and sums are exact, of the observations that were read.";

function noteOf(rows: readonly Row[], store: ViewStore): string {
  if (rows.length === 0) return store.noLabelReason ?? "No durations in this selection.";
  const part = rows.length < store.data.durations.length
    ? `${rows.length} of ${store.data.durations.length} labels. `
    : "";
  return rows.every(({ statistics }) => statistics.exact)
    ? `${part}${EXACT}`
    : `${part}Quantiles with ≈ are interpolated, and off by 4.4 % at most. ${EXACT_BESIDES}`;
}

function perSecond(rate: number): string {
  return formatQuantity(rate, "1/s");
}
