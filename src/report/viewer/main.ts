/**
 * The page of a report.
 *
 * @module
 */

import type { Finding } from "../shared/report_data.ts";
import { about } from "./page/about.ts";
import { drawAll } from "./ui/attention.ts";
import { WallClock } from "./model/clock.ts";
import { append, h, replace } from "./ui/dom.ts";
import { header } from "./page/header.ts";
import { keyboard } from "./ui/keyboard.ts";
import { type LabelSections, labelSections } from "./page/label_sections.ts";
import { overview } from "./page/overview.ts";
import { type Profiles, profiles } from "./profile/profiles.ts";
import { type Quantities, quantities } from "./page/quantities.ts";
import { readData } from "./model/read_data.ts";
import { Store } from "./model/store.ts";
import { toolbar } from "./ui/toolbar.ts";

/** How much of the time around a finding is shown with it, as a share of it on each side. */
const AROUND = 0.6;

async function start(): Promise<void> {
  const data = await readData("data");
  const store = new Store(data, matchMedia("(prefers-color-scheme: dark)").matches);
  const clock = new WallClock(data.from);
  const labels = labelSections(store, clock);
  const meanwhile = quantities(store, clock);
  const stacks = profiles(store);
  const columns = h("div", { class: "columns" }, data.durations.length > 0 && labels.element, meanwhile?.element);
  const main = h("main", {}, data.durations.length > 0 && overview(store, labels.open), columns, stacks?.element);
  const page = [
    header(data, clock, (finding) => show(finding, store, { labels, meanwhile, stacks })),
    data.rows > 0 && toolbar(store, clock),
    main,
    about(data),
  ];
  replace(document.body);
  append(document.body, page);
  keyboard(store);
  printsLight(store);
  document.documentElement.dataset["ready"] = "";
}

/** Paper is light, and has all charts. */
function printsLight(store: Store): void {
  let dark = store.state.dark;
  addEventListener("beforeprint", () => {
    dark = store.state.dark;
    store.set({ dark: false });
    drawAll();
  });
  addEventListener("afterprint", () => store.set({ dark }));
}

/** What findings can be about. */
interface Parts {
  readonly labels: LabelSections;
  readonly meanwhile: Quantities | undefined;
  readonly stacks: Profiles | undefined;
}

/** Shows what a finding is about: its time with some around it, and the section or chart of its series, or its function. */
function show(finding: Finding, store: Store, { labels, meanwhile, stacks }: Parts): void {
  const { label, window, function: called, pid } = finding;
  if (window !== undefined) {
    const [from, to] = [window[0] / 1e9, window[1] / 1e9];
    const around = Math.max((to - from) * AROUND, 12 * store.binSeconds);
    store.zoomToSeconds(from - around, to + around);
  }
  const ofDurations = store.data.durations.some((series) => series.label === label);
  if (label !== undefined && ofDurations) labels.open(label);
  else if (called !== undefined) stacks?.pointOut(called, pid);
  else document.querySelector(".columns")?.scrollIntoView({ block: "start" });
  meanwhile?.pointOut(finding);
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
