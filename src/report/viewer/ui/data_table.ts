/**
 * The numbers of a chart as a table.
 *
 * @module
 */

import { h } from "./dom.ts";

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
