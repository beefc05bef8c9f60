/**
 * The page of a report.
 *
 * @module
 */

import type { Finding } from "../shared/report_data.ts";
import { WallClock } from "./model/clock.ts";
import { readData } from "./model/read_data.ts";
import { ViewStore } from "./model/view_store.ts";
import { keepInAddress } from "./page/address.ts";
import { about } from "./page/about.ts";
import { failures } from "./page/failures.ts";
import { header } from "./page/header.ts";
import { type LabelSections, labelSections } from "./page/label_sections.ts";
import { lifelines } from "./page/lifelines.ts";
import { overview } from "./page/overview.ts";
import { type Quantities, quantities } from "./page/quantities.ts";
import { heapProfiles, type Profiles, profiles } from "./profile/profiles.ts";
import { append, h, replace } from "./ui/dom.ts";
import { keyboard } from "./ui/keyboard.ts";
import { drawAll } from "./ui/lazy_drawing.ts";
import { toolbar } from "./ui/toolbar.ts";

/** Time shown before and after the time range of a finding, as a share of its length. */
const AROUND = 0.6;

async function start(): Promise<void> {
  const data = await readData("data");
  const store = new ViewStore(data, matchMedia("(prefers-color-scheme: dark)").matches);
  const clock = new WallClock(data.from);
  const labels = labelSections(store, clock);
  const charts = quantities(store, clock);
  const flames = profiles(store, clock);
  const columns = h("div", { class: "columns" }, data.durations.length > 0 && labels.element, charts?.element);
  const main = h(
    "main",
    {},
    lifelines(store, clock),
    failures(store, clock, labels.open),
    data.durations.length > 0 && overview(store, labels.open),
    columns,
    flames?.element,
    heapProfiles(store),
  );
  const showFinding = (finding: Finding): void => show(finding, store, { labels, charts, flames });
  const page = [
    header(data, clock, showFinding),
    data.rows > 0 && toolbar(store, clock, showFinding),
    main,
    about(data),
  ];
  replace(document.body);
  append(document.body, page);
  keyboard(store);
  keepInAddress(store, labels.open);
  printsLight(store);
  document.documentElement.dataset["ready"] = "";
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

/** The parts of the page that findings can be about. */
interface Parts {
  readonly labels: LabelSections;
  readonly charts: Quantities | undefined;
  readonly flames: Profiles | undefined;
}

/**
 * Shows what a finding is about: its time range, and the section or chart of its series, or its
 * function.
 */
function show(finding: Finding, store: ViewStore, { labels, charts, flames }: Parts): void {
  const { kind, label, window, function: called, process } = finding;
  store.set({ pointedOut: window && { from: window[0], to: window[1] } });
  if (window !== undefined) {
    const [from, to] = [window[0] / 1e9, window[1] / 1e9];
    const around = Math.max((to - from) * AROUND, store.binSeconds / 2);
    store.zoomToSeconds(from - around, to + around);
  }
  const ofDurations = store.data.durations.some((series) => series.label === label);
  if (kind === "ends") document.querySelector(".programs")?.scrollIntoView({ block: "start" });
  else if (label !== undefined && ofDurations) labels.open(label);
  else if (called !== undefined) flames?.pointOut(called, process);
  else document.querySelector(".columns")?.scrollIntoView({ block: "start" });
  charts?.pointOut(finding);
}

start().catch((error: unknown) => {
  replace(
    document.body,
    h(
      "p",
      { class: "failed", role: "alert" },
      `This report cannot be shown: ${error}`,
    ),
  );
});
