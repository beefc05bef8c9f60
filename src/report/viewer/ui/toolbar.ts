/**
 * The toolbar, which stays in view: processes, series, time range, and light or dark.
 *
 * @module
 */

import { formatSpan } from "../../../display/numbers.ts";
import type { Finding } from "../../shared/report_data.ts";
import { digitsFor, type WallClock } from "../model/clock.ts";
import { canLookCloser, lookCloser, servedAs } from "../model/served.ts";
import { FEWEST_BINS, type ViewStore } from "../model/view_store.ts";
import { h, replace, svg } from "./dom.ts";
import type { LiveHead } from "../../shared/live_data.ts";
import { followButton, levelLinks } from "./live_controls.ts";
import { renewed } from "./renewed.ts";
import { labelPicker } from "./pickers/label_picker.ts";
import { processPicker } from "./pickers/process_picker.ts";
import { timeSigns } from "./time_signs.ts";
import { timeline } from "./timeline.ts";

/**
 * Creates the toolbar, and gives its height to the style sheet, which keeps the content clear of
 * it.
 */
export function toolbar(
  store: ViewStore,
  clock: WallClock,
  show: (finding: Finding) => void,
  live?: LiveHead,
): HTMLElement {
  const time = timeWindow(store, clock, live);
  const tools = h(
    "div",
    { class: "tools" },
    renewed(store, () => JSON.stringify(store.data.lines), () => processPicker(store)),
    (store.isLive || store.data.durations.length > 0) && labelPicker(store),
    time,
    themeToggle(store),
  );
  const element = h(
    "section",
    { class: "toolbar", "aria-label": "What is shown" },
    tools,
    timeline(store),
    timeSigns(store, clock, show),
  );
  keepHeight(element, time);
  return element;
}

/** Gives the height of a toolbar, and where its time window is, to the style sheet. */
export function keepHeight(toolbar: HTMLElement, time: HTMLElement): void {
  new ResizeObserver(() => {
    const { style } = document.documentElement;
    style.setProperty("--toolbar", `${toolbar.offsetHeight}px`);
    style.setProperty("--time-top", `${time.offsetTop}px`);
  }).observe(toolbar);
}

/** Creates the time range with its buttons. */
export function timeWindow(store: ViewStore, clock: WallClock, live?: LiveHead): HTMLElement {
  const text = h("output", { class: "window" });
  const button = (label: string, sign: string, act: () => void): HTMLButtonElement =>
    h("button", {
      type: "button",
      class: "small",
      "aria-label": label,
      title: label,
      onclick: act,
    }, sign);
  const reset = h(
    "button",
    { type: "button", class: "reset", onclick: () => store.resetZoom() },
    "Reset",
    h("span", {}, " zoom"),
  );
  const closer = h(
    "button",
    { type: "button", class: "closer", title: "Make the page of this time, with finer cells" },
    "Look closer",
  );
  closer.addEventListener("click", () => {
    closer.textContent = "Looking…";
    closer.setAttribute("aria-busy", "true");
    lookCloser(store);
  });
  // Who comes back finds the page as it was left.
  addEventListener("pageshow", () => {
    closer.textContent = "Look closer";
    closer.removeAttribute("aria-busy");
  });
  const served = servedAs();
  const isPart = served === "part" || served === "part of live";
  const whole = h(
    "a",
    { class: "whole", href: "./", hidden: !isPart },
    served === "part of live" ? "Back to now" : "Whole time",
  );
  const [earlier, later] = [button("Earlier", "‹", () => pan(store, -1)), button("Later", "›", () => pan(store, 1))];
  const [out, into] = [
    button("Zoom out", "−", () => magnify(store, 2)),
    button("Zoom in", "+", () => magnify(store, 0.5)),
  ];
  const group = h(
    "div",
    { class: "time", role: "group", "aria-label": "Time", "data-keys": "time" },
    live && levelLinks(live),
    live && followButton(store),
    earlier,
    later,
    out,
    into,
    text,
    closer,
    reset,
    whole,
  );
  /** A button that can do nothing keeps the focus, and says so. */
  const able = (element: HTMLElement, isAble: boolean): void => element.setAttribute("aria-disabled", `${!isAble}`);
  const show = (): void => {
    const { from, to, follows } = store.state;
    const [start, end] = [from * store.binSeconds, Math.min(to * store.binSeconds, store.data.span / 1e9)];
    const length = Math.max(0, end - start);
    const digits = digitsFor(length / 50);
    const times = `${clock.time(start, digits)} – ${clock.time(end, digits)}`;
    if (store.zoomed && follows) replace(text, `The last ${formatSpan(length)}`);
    else if (store.zoomed) replace(text, times, h("span", { class: "length" }, ` (${formatSpan(length)})`));
    else replace(text, `All ${formatSpan(length)}`);
    reset.hidden = !store.zoomed;
    closer.hidden = !canLookCloser(store);
    able(earlier, from > store.first);
    able(later, to < store.bins);
    able(out, store.zoomed);
    able(into, !store.atFinest || canLookCloser(store));
  };
  show();
  store.subscribe(show);
  return group;
}

/** Moves the time range shown by a quarter of its length. */
export function pan(store: ViewStore, direction: -1 | 1): void {
  const { from, to } = store.state;
  const step = Math.max(1, Math.round((to - from) / 4)) * direction;
  store.zoom(from + step, to + step);
}

/**
 * Makes the time range shown longer or shorter around its middle, which stays where it is. Beyond the
 * finest zoom of a page that is served there is a finer page.
 */
export function magnify(store: ViewStore, factor: number): void {
  if (factor < 1 && store.atFinest && canLookCloser(store)) return lookCloser(store);
  const { from, to, follows } = store.state;
  const length = Math.max(FEWEST_BINS, Math.round((to - from) * factor));
  if (follows) return store.zoom(to - length, to, true);
  // Half a bin more is cut off on one side than on the other, where their number is odd.
  const start = from + Math.trunc((to - from - length) / 2);
  store.zoom(start, start + length);
}

/** Creates the button for light or dark. */
export function themeToggle(store: ViewStore): HTMLElement {
  const sun = svg("svg", {
    viewBox: "0 0 20 20",
    class: "icon",
    "aria-hidden": "true",
  }, svg("path", { d: SUN }));
  const button = h("button", { type: "button", class: "theme", title: "Light or dark" }, sun);
  const show = (): void => {
    document.documentElement.style.setProperty("color-scheme", store.state.dark ? "dark" : "light");
    button.setAttribute("aria-label", store.state.dark ? "Use light colours" : "Use dark colours");
  };
  button.addEventListener("click", () => {
    chosen = true;
    store.set({ dark: !store.state.dark });
  });
  let chosen = false;
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", () => {
    if (!chosen) store.set({ dark: system.matches });
  });
  show();
  store.subscribe(show);
  return button;
}

/** A disc, half filled. */
const SUN = "M10 1.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Zm0 2a6.5 6.5 0 0 1 0 13Z";
