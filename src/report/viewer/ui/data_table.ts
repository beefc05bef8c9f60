/**
 * The numbers of a chart as a table.
 *
 * @module
 */

import { h, replace, svg } from "./dom.ts";

/** The content of a table. */
export interface TableContent {
  readonly columns: readonly string[];
  /** Rows; the first cell of each is its heading. */
  readonly rows: Iterable<readonly string[]>;
}

/** Maximum number of rows: nobody reads more, and they cost time. */
const MOST_ROWS = 500;

/** Creates a table in a frame that scrolls. */
export function dataTable({ columns, rows }: TableContent, caption: string): HTMLElement {
  const body = h("tbody");
  let count = 0;
  for (const [heading = "", ...cells] of rows) {
    if (++count > MOST_ROWS) continue;
    body.append(
      h(
        "tr",
        {},
        h("th", { scope: "row" }, heading),
        ...cells.map((cell) => h("td", {}, cell)),
      ),
    );
  }
  const table = h(
    "table",
    {},
    h("caption", { class: "hidden" }, caption),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ...columns.map((column) => h("th", { scope: "col" }, column)),
      ),
    ),
    body,
  );
  return h(
    "div",
    {
      class: "table-frame",
      tabindex: 0,
      role: "region",
      "aria-label": `Table: ${caption}`,
    },
    table,
    count > MOST_ROWS &&
      h(
        "p",
        { class: "note" },
        `The first ${MOST_ROWS} of ${count} rows. Zoom in to see the others.`,
      ),
  );
}

/** Number of tables created, for their ids. */
let tables = 0;

const TABLE_ICON = "M1.5 2h13v12h-13Zm1.4 4v2.6h4.4V6Zm5.8 0v2.6h4.4V6Zm-5.8 4v2.6h4.4V10Zm5.8 0v2.6h4.4V10Z";

/** A table that is created when the user clicks its button, and the button. */
export function tableBehind(about: string): {
  readonly element: HTMLElement;
  readonly toggle: HTMLElement;
  readonly fill: (table: (() => TableContent) | undefined) => void;
} {
  const id = `table-${++tables}`;
  const element = h("div", { class: "data", id, hidden: true });
  const toggle = h(
    "button",
    { type: "button", class: "as-table", "aria-expanded": "false", "aria-controls": id, title: "Show as table" },
    svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, svg("path", { d: TABLE_ICON })),
    h("span", { class: "hidden" }, `Show ${about} as table`),
  );
  let table: (() => TableContent) | undefined;
  const show = (): void => replace(element, !element.hidden && table !== undefined && dataTable(table(), about));
  toggle.addEventListener("click", () => {
    element.hidden = !element.hidden;
    toggle.setAttribute("aria-expanded", `${!element.hidden}`);
    show();
  });
  const fill = (next: typeof table): void => {
    table = next;
    show();
  };
  return { element, toggle, fill };
}
