/**
 * The functions of a CPU profile as a table.
 *
 * @module
 */

import { type SummedTime, sumTimes } from "../../../analysis/profile/call_tree.ts";
import { formatShare, formatTotalTime } from "../../../display/numbers.ts";
import { type FlameNode, functionKey, type ProfileData } from "../../shared/report_data.ts";
import { h, replace } from "../ui/dom.ts";

const FEW_ROWS = 25;

/** Creates the table; `search` is called with the name of the function that the user clicks. */
export function functionTable({ tree }: ProfileData, search: (name: string) => void): HTMLElement {
  const all = sumTimes(tree, functionKey);
  const body = h("tbody");
  let by: "self" | "total" = "self";
  const heads = (["self", "total"] as const).map((key) => {
    const title = key === "self" ? "In the function itself" : "In the function and everything it called";
    const button = h("button", { type: "button", title }, key === "self" ? "Self" : "Total");
    button.addEventListener("click", () => {
      by = key;
      show();
    });
    return { key, element: h("th", { scope: "col" }, button) };
  });
  const show = (): void => {
    for (const { key, element } of heads) {
      if (key === by) element.setAttribute("aria-sort", "descending");
      else element.removeAttribute("aria-sort");
    }
    const rows = all.toSorted((a, b) => b[by] - a[by]).slice(0, FEW_ROWS);
    replace(body, ...rows.map((time) => row(time, tree.total, search)));
  };
  show();
  const caption = h("caption", { class: "hidden" }, "Functions by CPU time");
  const head = h(
    "thead",
    {},
    h(
      "tr",
      {},
      ...heads.map(({ element }) => element),
      h("th", { scope: "col" }, "Function"),
    ),
  );
  const left = all.length - FEW_ROWS;
  return h(
    "div",
    {
      class: "table-frame functions",
      tabindex: 0,
      role: "region",
      "aria-label": "Table: functions by CPU time",
    },
    h("table", {}, caption, head, body),
    left > 0 &&
      h(
        "p",
        { class: "note" },
        `The first ${FEW_ROWS} of ${all.length} functions.`,
      ),
  );
}

function row(
  { node: { name, place }, self, total }: SummedTime<FlameNode>,
  all: number,
  search: (name: string) => void,
): HTMLElement {
  const cell = (seconds: number): HTMLElement =>
    h(
      "td",
      { title: formatTotalTime(seconds) },
      formatShare(seconds / Math.max(all, 1e-12)),
    );
  return h(
    "tr",
    {},
    cell(self),
    cell(total),
    h(
      "th",
      { scope: "row" },
      h("button", { type: "button", onclick: () => search(name) }, name),
      place !== "" && h("span", { class: "place" }, place),
    ),
  );
}
