/**
 * The foot of the page: how to use it, version and time, and licences.
 *
 * @module
 */

import type { ViewStore } from "../model/view_store.ts";
import { servedAs } from "../model/served.ts";
import { h } from "../ui/dom.ts";

/** Creates the foot. */
export function about({ data: { made, kymo }, isLive }: ViewStore): HTMLElement {
  const when = isLive
    ? `Served by Kymo ${kymo}, which reads spools and files each second. The programs do nothing for it.`
    : `Made by Kymo ${kymo} on ${made.replace("T", " ").replace(/\.\d+Z$|Z$/, " UTC")}. ${
      servedAs() === undefined ? "This file needs no network." : "Load it again for what was recorded since."
    }`;
  const notices = document.querySelector<HTMLTemplateElement>("template#notices")?.content.textContent ?? "";
  return h(
    "footer",
    {},
    h(
      "p",
      {},
      "Drag across a chart to zoom all charts to that time; a double click, Escape or “Reset zoom” shows the whole time. On a chart, the arrow keys move in time, ",
      h("kbd", {}, "+"),
      " and ",
      h("kbd", {}, "−"),
      " zoom",
      ...isLive ? [", and ", h("kbd", {}, "f"), " follows the time"] : [],
      ". Values that are drawn together keep their extremes: bands show the smallest and the largest, dots the longest duration.",
    ),
    h("p", {}, when),
    h(
      "details",
      { class: "notices" },
      h("summary", {}, "Licences"),
      h("pre", { tabindex: 0, role: "region", "aria-label": "Licences" }, notices),
    ),
  );
}
