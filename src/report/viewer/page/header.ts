/**
 * The head of the page: title, findings, and what could not be read.
 *
 * @module
 */

import { counted, formatSpan } from "../../../display/numbers.ts";
import { withTimesOfDay } from "../../shared/clock_times.ts";
import type { Finding, ReportData } from "../../shared/report_data.ts";
import { lengthOf } from "../../../statistics/spans.ts";
import { recordedTimes, recordersOf } from "../model/recorded.ts";
import type { WallClock } from "../model/clock.ts";
import type { ViewStore } from "../model/view_store.ts";
import { renewed } from "../ui/renewed.ts";
import { h } from "../ui/dom.ts";
import { weightIcon } from "../ui/time_signs.ts";

/** Creates the head; `show` is called with the finding that the user clicks. */
export function header(store: ViewStore, clock: WallClock, show: (finding: Finding) => void): HTMLElement {
  const { data, isLive } = store;
  const line = h("p", { class: "facts" }, facts(data, clock));
  if (isLive) {
    store.subscribe((state, before) => {
      if (state.data !== before.data) line.textContent = facts(state.data, clock);
    });
  }
  return h(
    "header",
    { class: "head" },
    h("div", { class: "brand", "aria-hidden": "true" }, "Kymo"),
    h("h1", {}, data.title === "" ? "Kymo report" : data.title),
    line,
    isLive ? h("p", { class: "note" }, ELSEWHERE) : findings(data, clock, show),
    renewed(store, () => JSON.stringify(store.data.unread), () => unread(store.data)),
  );
}

/** What a page that is live does not have. */
const ELSEWHERE = "“Look closer” shows what is in files and spools of the time shown, at any zoom, with what stands " +
  "out, the slowest samples and flame graphs.";

function facts(data: ReportData, clock: WallClock): string {
  const { rows, span, processes, profiles } = data;
  if (rows === 0 && data.made === "") return "Nothing is recorded yet: waiting for programs.";
  if (rows === 0) return profiles.length === 0 ? "Nothing was recorded." : "There are only CPU profiles.";
  const seconds = span / 1e9;
  const sameDay = clock.date(0) === clock.date(seconds);
  const [from, to] = [
    `${clock.date(0)}, ${clock.time(0)}`,
    `${sameDay ? "" : `${clock.day(seconds)}, `}${clock.time(seconds)}`,
  ];
  const counts = `${counted(processes.length, "process")} · ${counted(rows, "observation")}`;
  const off = lengthOf(recordedTimes(data, recordersOf(processes.keys())).off) / 1e9;
  const pause = off > 0 ? `, recording was off for ${formatSpan(off)} of it` : "";
  return `${from} – ${to} (${clock.zone()}) · ${formatSpan(seconds)}${pause} · ${counts}`;
}

const KINDS: Readonly<Record<Finding["kind"], string>> = {
  errors: "Errors",
  ends: "Programs",
  latency: "Latency",
  stall: "Stall",
  gc: "Garbage collection",
  memory: "Memory",
  cpu: "CPU",
  data: "Data",
};

function findings(
  { findings, rows, span }: ReportData,
  clock: WallClock,
  show: (finding: Finding) => void,
): HTMLElement {
  const timed = (sentence: string): string =>
    withTimesOfDay(sentence, (at) => clock.timeWithDay(at / 1e9, clock.date(0) !== clock.date(span / 1e9)));
  const list = findings.map((finding) => {
    const { weight, also = [] } = finding;
    const others = also.map((of) => h("li", { class: `weight-${of.weight}` }, card(of, timed, show)));
    return h(
      "li",
      { class: `weight-${weight}` },
      card(finding, timed, show),
      others.length > 0 && h("ul", { class: "also", "aria-label": "With the same cause" }, ...others),
    );
  });
  const nothing = h("p", { class: "nothing" }, rows === 0 ? "There are no findings." : "Nothing stands out.");
  return h(
    "section",
    { class: "findings", "aria-labelledby": "findings" },
    h("h2", { id: "findings" }, "What stands out"),
    list.length === 0 ? nothing : h("ol", {}, ...list),
  );
}

/** A finding: a button, if there is something to show of it. `timed`: writes the times of a sentence. */
function card(
  finding: Finding,
  timed: (sentence: string) => string,
  show: (finding: Finding) => void,
): HTMLElement {
  const { text, because, kind, weight, label, window, function: called } = finding;
  const body = [
    h("span", { class: "kind" }, weightIcon(weight), KINDS[kind]),
    h("span", { class: "text" }, timed(text)),
    because !== undefined && h("span", { class: "because" }, timed(because)),
  ];
  if ([label, window, called].every((subject) => subject === undefined)) return h("div", { class: "finding" }, ...body);
  return h(
    "button",
    { class: "finding", type: "button", onclick: () => show(finding) },
    ...body,
    h("span", { class: "go" }, "Show me"),
  );
}

function unread({ unread }: ReportData): HTMLElement | undefined {
  if (unread.rows === 0 && unread.problems.length === 0) return undefined;
  const list = h("ul", {}, ...unread.problems.map((problem) => h("li", {}, problem)));
  return h(
    "details",
    { class: "unread" },
    h("summary", {}, unread.rows === 0 ? "What is not shown, and why" : "What could not be read, and why"),
    list,
  );
}
