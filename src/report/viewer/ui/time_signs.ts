/**
 * Signs below the strip of the whole time: when findings were, and what programs marked, as buttons
 * that show them.
 *
 * @module
 */

import { withTimesOfDay } from "../../shared/clock_times.ts";
import type { Finding, MarkData } from "../../shared/report_data.ts";
import type { WallClock } from "../model/clock.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h, svg } from "./dom.ts";

/** How a finding's weight looks: shapes differ too, for the colour-blind. */
export function weightIcon(weight: Finding["weight"]): SVGElement {
  const shapes = {
    bad: () => svg("path", { d: "M8 1.5 15 14H1Z" }),
    attention: () => svg("path", { d: "M8 1 15 8 8 15 1 8Z" }),
    note: () => svg("circle", { cx: 8, cy: 8, r: 6 }),
  };
  return svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, shapes[weight]());
}

/** Signs closer than this part of the time are one. */
const NEAR = 0.015;

/** The findings about a time, at their places; those that are close to each other share a sign. */
export function timeSigns(store: ViewStore, clock: WallClock, show: (finding: Finding) => void): HTMLElement {
  const timed = store.data.findings.flatMap((finding) => [finding, ...finding.also ?? []]).filter(({ window }) =>
    window !== undefined
  );
  const length = (store.bins - store.first) * store.data.bins.width;
  const placeOf = ({ window: [from, to] = [0, 0] }: Finding): number => (from + to) / 2 / length;
  const groups: [Finding, ...Finding[]][] = [];
  for (const finding of timed) {
    const near = groups.find(([first]) => Math.abs(placeOf(first) - placeOf(finding)) < NEAR);
    if (near === undefined) groups.push([finding]);
    else near.push(finding);
  }
  const signs = groups.sort(([a], [b]) => placeOf(a) - placeOf(b)).map((group) => {
    const [worst] = group;
    const text = group.map(({ text }) => withTimesOfDay(text, (at) => clock.time(at / 1e9))).join("\n");
    const place = `${Math.min(100, Math.max(0, placeOf(worst) * 100))}%`;
    return h(
      "button",
      {
        type: "button",
        class: `sign weight-${worst.weight}`,
        style: { left: place },
        title: text,
        "aria-label": `Show: ${text}`,
        onclick: () => show(worst),
      },
      weightIcon(worst.weight),
    );
  });
  const marks = new Map<string, HTMLButtonElement>();
  const element = h("div", { class: "signs", role: "group", "aria-label": "Findings and marks" }, ...signs);
  const place = (): void => {
    const gone = new Set(marks.keys());
    for (const mark of store.data.marks) {
      const share = (mark.at / store.data.bins.width - store.first) / (store.bins - store.first);
      if (share < 0) continue;
      const key = `${mark.at} ${mark.process} ${mark.text}`;
      gone.delete(key);
      const sign = marks.get(key) ?? signOf(mark, store, clock);
      sign.style.setProperty("left", `${Math.min(100, share * 100)}%`);
      if (!marks.has(key)) element.append(sign);
      marks.set(key, sign);
    }
    for (const key of gone) {
      marks.get(key)!.remove();
      marks.delete(key);
    }
    element.hidden = element.childElementCount === 0;
  };
  place();
  store.subscribe((state, before) => {
    if (state.data !== before.data) place();
  });
  return element;
}

/** Part of the whole time that is shown around a mark. */
const AROUND_MARK = 0.1;

/** The sign of what a program marked; it shows the time around it. */
function signOf({ at, text }: MarkData, store: ViewStore, clock: WallClock): HTMLButtonElement {
  const flag = svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, svg("path", { d: FLAG }));
  const words = `${text}, ${clock.time(at / 1e9)}`;
  return h(
    "button",
    {
      type: "button",
      class: "sign flag",
      title: words,
      "aria-label": `Show: ${words}`,
      onclick: () => {
        const { width } = store.data.bins;
        const around = (store.bins - store.first) * AROUND_MARK / 2;
        store.set({ pointedOut: { from: at, to: at } });
        store.zoom(at / width - around, at / width + around);
      },
    },
    flag,
  );
}

const FLAG = "M3 1h2v14H3ZM6 2h8l-2.5 3.5L14 9H6Z";
