/**
 * The slowest samples of a series, and what overlapped each of them.
 *
 * @module
 */

import { formatDuration, formatInteger, formatPercent } from "../../../display/numbers.ts";
import type { DurationData, OverlapData, SlowSampleData } from "../../shared/report_data.ts";
import type { WallClock } from "../model/clock.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h } from "../ui/dom.ts";
import { labelText } from "../ui/label_text.ts";

/**
 * Creates the table; `undefined` if the report does not have the samples. They are the slowest of
 * all the time and all programs, whatever is selected.
 */
export function slowestSamples(store: ViewStore, clock: WallClock, data: DurationData): HTMLElement | undefined {
  const { label, slowest = [] } = data;
  if (slowest.length === 0) return undefined;
  const { processes, span } = store.data;
  const hasMany = processes.length > 1;
  const withDay = clock.day(0) !== clock.day(span / 1e9);
  const heads = ["Began", "Took", ...hasMany ? ["Program"] : [], "Meanwhile, in the same process"];
  const rows = slowest.map((sample) => {
    const end = sample.end / 1e9;
    const start = end - sample.duration;
    const show = h("button", { type: "button", title: "Show this time in all charts" }, clock.time(start, 3));
    // With as much time before and after it.
    show.addEventListener(
      "click",
      () => store.zoomToSeconds(Math.max(0, start - sample.duration), end + sample.duration),
    );
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, withDay && `${clock.day(start)}, `, show),
      h("td", {}, formatDuration(sample.duration)),
      hasMany && h("td", {}, processes[sample.process]?.name ?? ""),
      h("td", { class: "meanwhile" }, ...meanwhile(sample)),
    );
  });
  const caption = `The slowest of ${labelText(label)}`;
  return h(
    "div",
    { class: "slowest" },
    h("h4", {}, "The slowest of all"),
    h(
      "div",
      { class: "table-frame wide", tabindex: 0, role: "region", "aria-label": `Table: ${caption}` },
      h(
        "table",
        {},
        h("caption", { class: "hidden" }, caption),
        h("thead", {}, h("tr", {}, ...heads.map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, ...rows),
      ),
    ),
  );
}

function meanwhile({ overlaps, duration }: SlowSampleData): HTMLElement[] {
  if (overlaps.length === 0) return [h("span", { class: "note" }, "nothing else was recorded")];
  return overlaps.map((overlap) => {
    const { kind, time } = overlap;
    const share = `${formatPercent(Math.min(1, time / duration), { trim: true })}`;
    return h(
      "div",
      {},
      h("b", {}, `${kind === "gc" ? "≈ " : ""}${formatDuration(time)}`),
      ` (${share}) `,
      nameOf(overlap),
    );
  });
}

function nameOf({ kind, label, position, count }: OverlapData): string {
  const times = count === 1 ? "" : `, ${formatInteger(count)} times`;
  if (kind === "lag") return `the event loop was blocked${times}`;
  if (kind === "gc") return "garbage collection, as pauses around that time say";
  const where = { within: "in", around: "part of", beside: "at the same time" }[position ?? "within"];
  return `${where}: ${labelText(label)}${times}`;
}
