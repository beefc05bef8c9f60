/**
 * The page that compares two recordings, or two groups of them.
 *
 * @module
 */

import type { DifferenceData } from "../../shared/difference_data.ts";
import type { ReportData } from "../../shared/report_data.ts";
import { differenceViews } from "../model/address/difference_hash.ts";
import { readData } from "../model/read_data.ts";
import { ViewStore } from "../model/view_store.ts";
import { keepInAddress } from "../model/address/keep_in_address.ts";
import { append, h, replace } from "../ui/dom.ts";
import { keyboard } from "../ui/keyboard.ts";
import { drawAll, whenDrawn } from "../ui/lazy_drawing.ts";
import { changeTable } from "./change_table.ts";
import { flameSection } from "./flame_section.ts";
import { foot } from "./foot.ts";
import { head } from "./head.ts";
import { labelSection } from "./label_section.ts";
import { type ChangeRow, changeRows, TONES } from "./rows.ts";
import { RunClock } from "./run_clock.ts";
import { runtimeSection } from "./runtime_section.ts";
import { marksOfSides } from "./sides.ts";
import { differenceToolbar } from "./toolbar.ts";

async function start(): Promise<void> {
  const data = await readData<DifferenceData>("data");
  const store = new ViewStore(axisOf(data), matchMedia("(prefers-color-scheme: dark)").matches);
  const clock = new RunClock();
  const rows = changeRows(data);
  const labels = labelSection(store, clock, data, rows);
  const runtime = runtimeSection(store, clock, data);
  const choose = (label: string): void => {
    labels.show(label);
    toolbar.chose(label);
    if (store.state.opened !== label) store.set({ opened: label });
  };
  const toolbar = differenceToolbar(store, clock, data, choose);
  const first = rows.find(({ kind }) => kind === "label")?.label;
  const open = (row: ChangeRow): void => {
    if (row.kind === "runtime") return runtime?.open(row.label);
    // Requests that failed have labels of their own; those that went well have the route as their label.
    choose(row.label);
    labels.element.scrollIntoView({ block: "start" });
    labels.element.querySelector("h2")?.focus({ preventScroll: true });
  };
  if (first !== undefined) choose(first);
  replace(document.body);
  append(document.body, [
    head(data, rows, open),
    toolbar.element,
    h(
      "main",
      { class: "difference" },
      changeTable(store, data, rows, open),
      first !== undefined && labels.element,
      runtime?.element,
      flameSection(data),
    ),
    foot(data),
  ]);
  keyboard(store);
  keepInAddress(store, differenceViews(data, { first, verdicts: TONES }), choose);
  printsLight(store);
  whenDrawn().then(() => document.documentElement.dataset["ready"] = "");
}

/** A report without rows, whose time axis and marks are those of the runs: charts and keys know no other. */
function axisOf({ format, title, kymo, made, span, bins, sides }: DifferenceData): ReportData {
  const marks = marksOfSides(sides).map((mark) => ({ ...mark, process: 0 }));
  const empty = { processes: [], lines: [], pauses: [], marks, findings: [], durations: [], quantities: [] };
  const unread = { rows: 0, problems: [] };
  return { format, title, kymo, made, span, bins, from: "0", rows: 0, profiles: [], unread, ...empty };
}

/** Prints light, and with all charts. */
function printsLight(store: ViewStore): void {
  let dark = store.state.dark;
  addEventListener("beforeprint", () => {
    dark = store.state.dark;
    store.set({ dark: false });
    drawAll();
  });
  addEventListener("afterprint", () => store.set({ dark }));
}

start().catch((error: unknown) => {
  replace(document.body, h("p", { class: "failed", role: "alert" }, `This comparison cannot be shown: ${error}`));
});
