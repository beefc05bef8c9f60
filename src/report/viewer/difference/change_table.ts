/**
 * The table of all changes: sorted, filtered by text and by verdict.
 *
 * @module
 */

import { formatInteger } from "../../../display/numbers.ts";
import type { DifferenceData } from "../../shared/difference_data.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h, replace } from "../ui/dom.ts";
import { intervalBar } from "./interval_bar.ts";
import { type ChangeRow, type Tone, TONES } from "./rows.ts";

/** Rows that are shown at first. */
const FEW_ROWS = 30;

/** What the filters are called. */
const TONE_NAMES: Readonly<Record<Tone, string>> = {
  worse: "Worse",
  better: "Better",
  unknown: "Cannot tell",
  same: "The same",
};

interface Column {
  readonly name: string;
  readonly title: string;
  /** What it is sorted by; without it cannot be sorted. */
  readonly value?: (row: ChangeRow) => number | string;
  /** Whether it begins with the largest. */
  readonly descending?: boolean;
  readonly className?: "number" | "bar";
  readonly cell: (row: ChangeRow) => HTMLElement;
}

const signed = ({ place, change, severity }: ChangeRow): number =>
  place === undefined && change === "" ? NaN : /^[-−]/.test(change) ? -severity : severity;

const COLUMNS: readonly Column[] = [
  {
    name: "Measure",
    title: "What was measured",
    value: ({ measure }) => measure,
    cell: ({ measure }) => h("td", {}, measure),
  },
  {
    name: "Verdict",
    title: "What the interval says",
    value: ({ tone }) => TONES.indexOf(tone),
    cell: ({ verdict, tone }) => h("td", {}, h("span", { class: `verdict tone-${tone}` }, verdict)),
  },
  {
    name: "A",
    title: "The baseline",
    className: "number",
    value: ({ values }) => values[0],
    descending: true,
    cell: ({ a }) => h("td", { class: "number" }, a),
  },
  {
    name: "B",
    title: "The candidate",
    className: "number",
    value: ({ values }) => values[1],
    descending: true,
    cell: ({ b }) => h("td", { class: "number" }, b),
  },
  {
    name: "Change",
    title: "From A to B, with its confidence interval",
    className: "number",
    value: signed,
    descending: true,
    cell: ({ change, interval }) =>
      h("td", { class: "number change" }, change, interval !== "" && h("span", { class: "range" }, interval)),
  },
  {
    name: "Interval",
    title: "The change with its interval. The band in the middle is the margin, within which it is the same",
    className: "bar",
    cell: (row) => h("td", { class: "bar" }, intervalBar(row)),
  },
  {
    name: "To tell",
    title: "How much each side would have to have to tell",
    value: ({ needed, reason }) => needed || reason,
    cell: ({ needed, reason, tone }) =>
      h(
        "td",
        { class: "needed", title: reason === "" ? undefined : reason },
        tone === "unknown" ? needed || reason : "",
      ),
  },
];

/** Creates the table; `open` is called with the row whose name the user clicks. */
export function changeTable(
  store: ViewStore,
  { margin, confidence, sides }: DifferenceData,
  all: readonly ChangeRow[],
  open: (row: ChangeRow) => void,
): HTMLElement {
  const body = h("tbody");
  const note = h("p", { class: "note", role: "status" });
  const more = h("button", { type: "button", class: "more" });
  const field = h("input", {
    type: "search",
    placeholder: "Find a label",
    "aria-label": "Show only rows that contain",
    autocomplete: "off",
    spellcheck: "false",
  });
  let sorted: { readonly by: Column | "name"; readonly descending: boolean } | undefined;
  let everything = false;
  const chips = ([undefined, ...TONES] as const).map((of) => {
    const count = all.filter((row) => of === undefined || row.tone === of).length;
    const name = of === undefined ? "All" : TONE_NAMES[of];
    const button = h(
      "button",
      {
        type: "button",
        class: `filter${of === undefined ? "" : ` tone-${of}`}`,
      },
      name,
      h("span", { class: "count" }, ` ${formatInteger(count)}`),
    );
    button.addEventListener("click", () => store.set({ verdict: of }));
    return { of, button };
  });
  const sortButton = (name: string, title: string, by: Column | "name", descends: boolean): HTMLElement => {
    const button = h("button", { type: "button", title }, name);
    button.addEventListener("click", () => {
      sorted = { by, descending: sorted?.by === by ? !sorted.descending : descends };
      show();
    });
    return button;
  };
  const heads = [
    {
      by: "name" as const,
      element: h("th", { scope: "col" }, sortButton("What", "Label, route or quantity", "name", false)),
    },
    ...COLUMNS.map((column) => ({
      by: column,
      element: h(
        "th",
        { scope: "col", class: column.className, title: column.title },
        column.value === undefined
          ? column.name
          : sortButton(column.name, column.title, column, column.descending ?? false),
      ),
    })),
  ];
  const show = (): void => {
    const { labelText, verdict } = store.state;
    const text = labelText.toLowerCase();
    if (field.value !== labelText) field.value = labelText;
    for (const { of, button } of chips) button.setAttribute("aria-pressed", `${of === verdict}`);
    const found = all.filter((row) =>
      (verdict === undefined || row.tone === verdict) &&
      `${row.label} ${row.name} ${row.measure}`.toLowerCase().includes(text)
    );
    const rows = sorted === undefined ? found : sortedRows(found, sorted);
    for (const { by, element } of heads) {
      if (by === sorted?.by) element.setAttribute("aria-sort", sorted.descending ? "descending" : "ascending");
      else element.removeAttribute("aria-sort");
    }
    const shown = everything ? rows : rows.slice(0, FEW_ROWS);
    replace(body, ...shown.map((row) => rowOf(row, open)));
    more.hidden = shown.length === rows.length;
    more.textContent = `Show all ${formatInteger(rows.length)} rows`;
    frame.hidden = rows.length === 0;
    note.textContent = rows.length === 0 ? "No row has this text and this verdict." : explained;
  };
  const from = sides.a.runs.length > 1 ? ", by what differs from run to run" : "";
  const same = margin > 0 ? ` What changed by ${margin} % at most is the same.` : "";
  const explained = `The intervals hold together with ${confidence} % confidence${from}.${same}`;
  field.addEventListener("input", () => store.set({ labelText: field.value }));
  store.subscribe(({ labelText, verdict }, before) => {
    if (labelText !== before.labelText || verdict !== before.verdict) show();
  });
  more.addEventListener("click", () => {
    everything = true;
    show();
  });
  const table = h(
    "table",
    { class: "changes" },
    h("caption", { class: "hidden" }, "Changes from A to B"),
    h("thead", {}, h("tr", {}, ...heads.map(({ element }) => element))),
    body,
  );
  const frame = h(
    "div",
    { class: "table-frame wide", tabindex: 0, role: "region", "aria-label": "Table: changes from A to B" },
    table,
  );
  show();
  return h(
    "section",
    { "aria-labelledby": "changes" },
    h("div", { class: "section-head" }, h("h2", { id: "changes" }, "What changed"), note),
    h(
      "div",
      { class: "filters", role: "group", "aria-label": "Which rows are shown" },
      field,
      ...chips.map(({ button }) => button),
    ),
    frame,
    more,
  );
}

function sortedRows(
  rows: readonly ChangeRow[],
  { by, descending }: { readonly by: Column | "name"; readonly descending: boolean },
): ChangeRow[] {
  const value = (row: ChangeRow): number | string => by === "name" ? row.name : by.value!(row);
  const sign = descending ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (typeof a === "string" || typeof b === "string") {
      // What has nothing in this column comes last, whichever way it is sorted.
      if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1;
      return sign * String(a).localeCompare(String(b), "en", { numeric: true });
    }
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return sign * (a - b);
  });
}

function rowOf(row: ChangeRow, open: (row: ChangeRow) => void): HTMLElement {
  const button = h("button", { type: "button", onclick: () => open(row) }, row.name);
  return h(
    "tr",
    { class: `tone-${row.tone}` },
    h("th", { scope: "row" }, button),
    ...COLUMNS.map(({ cell }) => cell(row)),
  );
}
