import type { DifferenceData } from "../../shared/difference_data.ts";
import { h } from "../ui/dom.ts";

/** Creates the foot: how to use the page, version and time, and licences. */
export function foot({ made, kymo }: DifferenceData): HTMLElement {
  const notices = document.querySelector<HTMLTemplateElement>("template#notices")?.content.textContent ?? "";
  return h(
    "footer",
    {},
    h(
      "p",
      {},
      "A is the baseline, B the candidate. Each run begins at 0 with its first row. Of several runs a side has a thin line each, and a thick one that is their mean. Drag across a chart over time to zoom all of them; a double click or Escape shows the whole time. On such a chart the arrow keys move in time, ",
      h("kbd", {}, "+"),
      " and ",
      h("kbd", {}, "−"),
      " zoom.",
    ),
    h(
      "p",
      {},
      `Made by Kymo ${kymo} on ${made.replace("T", " ").replace(/\.\d+Z$|Z$/, " UTC")}. This file needs no network.`,
    ),
    h(
      "details",
      { class: "notices" },
      h("summary", {}, "Licences"),
      h("pre", { tabindex: 0, role: "region", "aria-label": "Licences" }, notices),
    ),
  );
}
