/**
 * The foot of the page: how to use it, who made it, and the licences of what it is made of.
 *
 * @module
 */

import type { ReportData } from "../../shared/report_data.ts";
import { h } from "../ui/dom.ts";

/** Makes the foot. */
export function about({ made, kymo }: ReportData): HTMLElement {
  const notices = document.querySelector<HTMLTemplateElement>("template#notices")?.content.textContent ?? "";
  return h(
    "footer",
    {},
    h(
      "p",
      {},
      "Drag across a chart to zoom all of them to that time; two clicks, Escape or “Reset zoom” go back. On a chart the arrow keys move in time, ",
      h("kbd", {}, "+"),
      " and ",
      h("kbd", {}, "−"),
      " zoom. Between the dots and lines nothing is lost: what is drawn together keeps its smallest and largest value.",
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
