/**
 * The page of a report.
 *
 * @module
 */

import type { LiveHead } from "../shared/live_data.ts";
import type { Finding } from "../shared/report_data.ts";
import { WallClock } from "./model/clock.ts";
import { readReport } from "./model/read_data.ts";
import { isOfFailures } from "./model/outcomes.ts";
import { servedAs } from "./model/served.ts";
import { viewsOf } from "./model/address/view_hash.ts";
import { ViewStore } from "./model/view_store.ts";
import { keepInAddress } from "./model/address/keep_in_address.ts";
import { about } from "./page/about.ts";
import { failures } from "./page/failures.ts";
import { header } from "./page/header.ts";
import { type LabelSections, labelSections } from "./page/label_sections.ts";
import { lifelines } from "./page/lifelines.ts";
import { connectLive } from "./page/live.ts";
import { overview } from "./page/overview.ts";
import { type Quantities, quantities } from "./page/quantities.ts";
import { heapProfiles, type Profiles, profiles } from "./profile/profiles.ts";
import { append, h, replace } from "./ui/dom.ts";
import { keyboard } from "./ui/keyboard.ts";
import { drawAll, whenDrawn } from "./ui/lazy_drawing.ts";
import { renewed, shownWhile } from "./ui/renewed.ts";
import { toolbar } from "./ui/toolbar.ts";

/** Time shown before and after the time range of a finding, as a share of its length. */
const AROUND = 0.6;

/** The mark of the moment at which what is in the window was drawn. */
const FIRST_DRAWN = "first drawn";

async function start(): Promise<void> {
  const { matches: dark } = matchMedia("(prefers-color-scheme: dark)");
  if (servedAs() !== "live") return showPage(new ViewStore(await readReport("data"), dark));
  const { first, feed } = await connectLive();
  const store = new ViewStore(first.data, dark, { isLive: true });
  showPage(store, first.head);
  const lost = h(
    "p",
    { class: "lost", role: "alert", hidden: true },
    "The connection is lost: kymo live may have ended.",
  );
  document.body.prepend(lost);
  feed(store, (isConnected) => void (lost.hidden = isConnected));
}

/** `live`: of a page that goes on. */
function showPage(store: ViewStore, live?: LiveHead): void {
  const clock = new WallClock(store.data.from);
  const labels = labelSections(store, clock);
  let charts: Quantities | undefined;
  const quantitiesElement = renewed(store, () => quantitiesKey(store), () => {
    charts = quantities(store, clock);
    return charts?.element;
  });
  const flames = profiles(store, clock);
  const hasDurations = (): boolean => store.data.durations.length > 0;
  const columns = h("div", { class: "columns" }, shownWhile(store, hasDurations, labels.element), quantitiesElement);
  const main = h(
    "main",
    {},
    renewed(store, () => livesKey(store), () => lifelines(store, clock)),
    renewed(store, () => failuresKey(store), () => failures(store, clock, labels.open)),
    shownWhile(store, hasDurations, overview(store, labels.open)),
    columns,
    flames?.element,
    heapProfiles(store),
  );
  const showFinding = (finding: Finding): void => show(finding, store, { labels, charts, flames });
  const page = [
    header(store, clock, showFinding),
    (store.isLive || store.data.rows > 0) && toolbar(store, clock, showFinding, live),
    main,
    about(store),
  ];
  replace(document.body);
  append(document.body, page);
  keyboard(store);
  keepInAddress(store, viewsOf(store), labels.open);
  printsLight(store);
  whenDrawn().then(() => {
    performance.mark(FIRST_DRAWN);
    labels.complete();
    document.documentElement.dataset["ready"] = "";
  });
}

/** Changes when there are other charts of quantities. */
function quantitiesKey({ data: { quantities } }: ViewStore): string {
  return JSON.stringify(quantities.map(({ channel, label }) => [channel, label]));
}

/** Changes when programs begin, end or are called otherwise. */
function livesKey({ data: { processes, lines } }: ViewStore): string {
  return JSON.stringify([
    lines,
    processes.map((
      { line, lives, pauses },
    ) => [line, pauses === undefined, lives.map(({ ends, words }) => [ends, words])]),
  ]);
}

/** Changes when requests fail for the first time. */
function failuresKey({ data: { durations } }: ViewStore): string {
  return `${durations.some(isOfFailures)}`;
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
