/**
 * The CPU profiles of the report.
 *
 * @module
 */

import { sumTimes } from "../../../analysis/profile/call_tree.ts";
import {
  formatBytes,
  formatDuration,
  formatInteger,
  formatPercent,
  formatSpan,
  formatTotalTime,
} from "../../../display/numbers.ts";
import type { Span } from "../../../statistics/spans.ts";
import { functionKey, type ProfileData } from "../../shared/report_data.ts";
import { digitsFor, type WallClock } from "../model/clock.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h } from "../ui/dom.ts";
import { labelText } from "../ui/label_text.ts";
import { differenceColour } from "./difference_colours.ts";
import { type Flame, flamesInOrder, flamesOfSlowest, flamesWithin, indexFlames, timeOfProfile } from "./flames.ts";
import { flameGraph, type FlameView } from "./flame_graph.ts";
import { functionTable } from "./function_table.ts";

/** The sections of the profiles. */
export interface Profiles {
  readonly element: HTMLElement;
  /**
   * Highlights a function and scrolls there: in the profile of the process, or in the one in which
   * it took the largest share.
   */
  readonly pointOut: (name: string, process?: number) => void;
}

/** The section of a profile. */
interface Section {
  readonly profile: ProfileData;
  readonly element: HTMLElement;
  readonly search: (text: string) => void;
}

/** Creates the sections of all profiles. */
export function profiles(store: ViewStore, clock: WallClock): Profiles | undefined {
  const all = store.data.profiles;
  if (all.length === 0) return undefined;
  const sections = all.map((profile) => section(profile, store, clock));
  const element = h(
    "section",
    { class: "profiles", "aria-labelledby": "profiles" },
    h("h2", { id: "profiles" }, "Where the CPU time went"),
    ...sections.map(({ element }) => element),
  );
  const pointOut = (name: string, process?: number): void => {
    const own = sections.filter(({ profile }) => process !== undefined && profile.process === process);
    const [hottest] = (own.length > 0 ? own : sections).toSorted((a, b) =>
      share(b.profile, name) - share(a.profile, name)
    );
    hottest?.search(name);
    hottest?.element.scrollIntoView({ block: "start" });
  };
  return { element, pointOut };
}

/** Creates the sections of the heap profiles; `undefined` if there are none. */
export function heapProfiles(store: ViewStore): HTMLElement | undefined {
  const { heapProfiles: all = [], processes } = store.data;
  if (all.length === 0) return undefined;
  const sections = all.map(({ name, process, tree }) => {
    const graph = flameGraph(name);
    const table = functionTable(graph.search, { of: "bytes", format: formatBytes });
    const whole = Math.max(tree.total, 1e-12);
    graph.show({
      tree,
      describe: (flame) => `${named(flame)}: ${formatBytes(flame.total)}, ${formatPercent(flame.total / whole)}`,
      nothing: "Nothing that was allocated is in use.",
    });
    table.show(tree);
    const facts = [process === undefined ? "" : processes[process]?.name ?? "", `${formatBytes(tree.total)} in use`];
    const element = h(
      "article",
      { class: "profile", "aria-label": `Heap profile ${name}` },
      h(
        "div",
        { class: "label-head" },
        h("h3", {}, name),
        h("p", { class: "facts" }, facts.filter((fact) => fact !== "").join(" · ")),
      ),
      h("div", { class: "profile-columns" }, graph.element, table.element),
    );
    const show = (): void => {
      element.hidden = process !== undefined && !store.state.processes.has(process);
    };
    store.subscribe(show);
    return element;
  });
  return h(
    "section",
    { class: "profiles", "aria-labelledby": "heap-profiles" },
    h("h2", { id: "heap-profiles" }, "What was allocated and is in use"),
    ...sections,
  );
}

/** Returns the largest share of a profile's time that a function of this name took by itself. */
function share({ tree }: ProfileData, name: string): number {
  const times = sumTimes(tree, functionKey).filter(({ node }) => node.name === name);
  return Math.max(0, ...times.map(({ self }) => self)) / Math.max(tree.total, 1e-12);
}

/** How a profile is shown: summed up, in order of time, or of the slowest durations of a label. */
type Look = { readonly kind: "sum" } | { readonly kind: "order" } | { readonly kind: "slowest"; readonly of: number };

/** What is drawn, and what is said above it. */
interface Shown extends FlameView {
  readonly note: string;
  /** The tree whose functions the table has, if it is another one. */
  readonly summed?: Flame;
}

function section(profile: ProfileData, store: ViewStore, clock: WallClock): Section {
  const { name, process, duration, assumed } = profile;
  const time = timeOfProfile(profile, store.data.from);
  const index = indexFlames(profile.tree);
  const graph = flameGraph(name);
  const table = functionTable(graph.search);
  const note = h("p", { class: "note", role: "status" });
  let look: Look = { kind: "sum" };
  const show = (): void => {
    element.hidden = process !== undefined && !store.state.processes.has(process);
    if (element.hidden) return;
    const shown = shownOf(profile, look, { index, time, window: windowOf(store), isZoomed: store.zoomed, clock });
    note.textContent = shown.note;
    graph.show(shown);
    table.show(shown.summed ?? shown.tree);
  };
  const facts = [
    process === undefined ? "" : store.data.processes[process]?.name ?? "",
    `${formatSpan(duration)} sampled`,
    time === undefined ? "" : timesOf(time, clock),
  ].filter((fact) => fact !== "");
  const element: HTMLElement = h(
    "article",
    { class: "profile", "aria-label": `CPU profile ${name}` },
    h("div", { class: "label-head" }, h("h3", {}, name), h("p", { class: "facts" }, facts.join(" · "))),
    ...assumed.map((clause) => h("p", { class: "facts" }, `Assumed: ${clause}.`)),
    looks(profile, (next) => {
      look = next;
      show();
    }),
    note,
    h("div", { class: "profile-columns" }, graph.element, table.element),
  );
  show();
  store.subscribe((_, before) => {
    if (store.selectionChanged(before)) show();
  });
  return { profile, element, search: graph.search };
}

/** The time shown, ns since the report's `from`. */
function windowOf({ state: { from, to }, data: { bins } }: ViewStore): Span<number> {
  return { from: from * bins.width, to: to * bins.width };
}

function timesOf({ from, to }: Span<number>, clock: WallClock): string {
  const digits = Math.min(3, digitsFor((to - from) / 1e9 / 50));
  const [first, last] = [from / 1e9, to / 1e9];
  const day = clock.day(first) === clock.day(last) ? "" : `${clock.day(last)}, `;
  return `${clock.day(first)}, ${clock.time(first, digits)} – ${day}${clock.time(last, digits)}`;
}

/** The buttons that choose how a profile is shown; none if there is one way only. */
function looks({ moments, slow = [] }: ProfileData, choose: (look: Look) => void): HTMLElement | undefined {
  if (moments === undefined) return undefined;
  const labels = h("select", { "aria-label": "The label whose slowest are shown" });
  for (const [i, { label }] of slow.entries()) labels.append(h("option", { value: i }, labelText(label)));
  const choices: readonly { readonly name: string; readonly title: string; readonly look: () => Look }[] = [
    { name: "Summed up", title: "Functions by the time they took", look: () => ({ kind: "sum" }) },
    { name: "In order of time", title: "What ran when, from left to right", look: () => ({ kind: "order" }) },
    ...slow.length === 0 ? [] : [{
      name: "Slowest 1 % of",
      title: "What ran while the slowest 1 % were under way, beside the others",
      look: (): Look => ({ kind: "slowest", of: Number(labels.value) }),
    }],
  ];
  const buttons = choices.map(({ name, title, look }, chosen) => {
    const button = h("button", { type: "button", title, "aria-pressed": `${chosen === 0}` }, name);
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", `${other === button}`);
      choose(look());
    });
    return button;
  });
  labels.addEventListener("change", () => buttons.at(-1)?.click());
  return h(
    "div",
    { class: "looks", role: "group", "aria-label": "What is shown of the profile" },
    ...buttons,
    slow.length > 0 && labels,
  );
}

/** What a profile is shown from. */
interface ShownTimes {
  readonly index: ReturnType<typeof indexFlames>;
  readonly time: Span<number> | undefined;
  readonly window: Span<number>;
  readonly isZoomed: boolean;
  readonly clock: WallClock;
}

function shownOf(profile: ProfileData, look: Look, { index, time, window, isZoomed, clock }: ShownTimes): Shown {
  const { tree, moments } = profile;
  if (look.kind === "slowest") return slowest(profile, look.of, index, isZoomed);
  if (moments === undefined || time === undefined) {
    const whole = "This file does not say when its samples were taken: the whole profile is shown.";
    return { ...plainly(tree), nothing: NOTHING, note: isZoomed ? whole : "" };
  }
  const part = { from: Math.max(window.from, time.from), to: Math.min(window.to, time.to) };
  const nothing = `This profile was taken ${timesOf(time, clock)}: nothing of it is in the time shown.`;
  if (part.to <= part.from) return { ...plainly({ ...tree, total: 0, self: 0, children: [] }), nothing, note: "" };
  if (look.kind === "order") {
    const { tree: ordered, summed } = flamesInOrder(index, moments, part);
    const exact = (summed ?? moments.width) / 1e9;
    const describe = (flame: Flame): string =>
      `${named(flame)}: ${clock.time(flame.start ?? 0, digitsFor(exact))}, ${formatDuration(flame.total)}`;
    const how = summed === undefined
      ? `Exact to ${formatSpan(exact)}: what ran within that is in the order in which it began.`
      : `Of each ${formatSpan(exact)} what took the most time is drawn; zoom in to see more.`;
    const note = `${timesOf(part, clock)}, from left to right. ${how}`;
    return { tree: ordered, describe, nothing: NOTHING, note, summed: flamesWithin(index, moments, part) };
  }
  // A report begins with its first row, and a profile some time before it: nearly all of it is all.
  const isNearlyAll = part.to - part.from >= 0.9 * (time.to - time.from);
  if (!isZoomed && isNearlyAll) return { ...plainly(tree), nothing: NOTHING, note: "" };
  const within = flamesWithin(index, moments, part);
  const length = (part.to - part.from) / 1e9;
  const note = `${timesOf(part, clock)}: ${formatTotalTime(within.total)} of CPU time in ${formatSpan(length)}.`;
  return { ...plainly(within), nothing: "Nothing ran in this time.", note };
}

const NOTHING = "Nothing ran.";

function plainly(tree: Flame): Pick<FlameView, "tree" | "describe"> {
  const whole = Math.max(tree.total, 1e-12);
  const describe = (flame: Flame): string =>
    `${named(flame)}: ${formatTotalTime(flame.total)}, ${formatPercent(flame.total / whole)}`;
  return { tree, describe };
}

function named({ name, place }: Flame): string {
  return `${name}${place === "" ? "" : ` (${place})`}`;
}

/** A difference of this part of the time has the full colour. */
const MUCH = 0.25;

function slowest(
  { slow = [] }: ProfileData,
  of: number,
  index: ReturnType<typeof indexFlames>,
  isZoomed: boolean,
): Shown {
  const samples = slow[of]!;
  const { label, from, count: [slowCount, otherCount] } = samples;
  const tree = flamesOfSlowest(index, samples);
  const whole = Math.max(tree.total, 1e-12);
  const shareOf = ({ total }: Flame): number => total / whole;
  const colour = (flame: Flame): string => {
    return differenceColour(shareOf(flame) - (flame.others?.total ?? 0), MUCH);
  };
  const describe = (flame: Flame): string =>
    `${named(flame)}: ${formatPercent(shareOf(flame))} of the time of the slowest, ${
      formatPercent(flame.others?.total ?? 0)
    } of that of the others`;
  const note = `What ran while the slowest 1 % of ${labelText(label)} were under way (${
    formatInteger(slowCount)
  }, from ${formatDuration(from)} on), beside the time in which only others were (${
    formatInteger(otherCount)
  }). Red: more of their time, blue: less.${isZoomed ? " Of the whole time, not only of the part shown." : ""}`;
  return { tree, describe, colour, nothing: NOTHING, note };
}
