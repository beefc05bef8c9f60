/**
 * A narrow chart of the whole time, in which the time range shown is highlighted.
 *
 * @module
 */

import { recordersOf } from "../model/recorded.ts";
import { addUp, countsOf } from "../model/rates.ts";
import type { ViewStore } from "../model/view_store.ts";
import { paletteOf, translucent } from "./colours.ts";
import { h } from "./dom.ts";
import { hatch } from "./hatch.ts";
import { watch } from "./lazy_drawing.ts";

const HEIGHT = 30;

/** Most series whose durations are counted: the largest. */
const MOST_COUNTED = 50;

/** Creates the chart of the number of durations over time; dragging selects a time range. */
export function timeline(store: ViewStore): HTMLElement {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const chosen = h("div", { class: "chosen" });
  const element = h("div", { class: "timeline" }, canvas, chosen);
  const place = (): void => {
    const { from, to } = store.state;
    const [left, right] = [from, to].map((bin) => Math.max(0, bin - store.first) / (store.bins - store.first) * 100);
    chosen.style.setProperty("left", `${left}%`);
    chosen.style.setProperty("width", `${right! - left!}%`);
    element.classList.toggle("zoomed", store.zoomed);
  };
  const draw = (): void => {
    const width = element.clientWidth;
    canvas.width = width * devicePixelRatio;
    canvas.height = HEIGHT * devicePixelRatio;
    const context = canvas.getContext("2d");
    if (context === null || width === 0) return;
    context.scale(devicePixelRatio, devicePixelRatio);
    const all = new Set(store.data.processes.keys());
    const bins = store.bins - store.first;
    const size = Math.max(1, Math.ceil(bins / (width / 2)));
    const groups = { from: store.first, to: store.bins, size, count: Math.ceil(bins / size) };
    const cells = store.data.durations.slice(0, MOST_COUNTED)
      .flatMap(({ processes }) => processes.flatMap(({ cells }) => cells === undefined ? [] : [cells]));
    const counts = addUp(cells.map((one) => countsOf(one, groups)), groups);
    const most = counts.reduce((most, count) => Math.max(most, count), 1);
    const { off } = store.recordedTimes(recordersOf(all));
    const xOf = (time: number): number => (time / store.data.bins.width - store.first) / bins * width;
    const areas = off.map(({ from, to }) => ({ left: xOf(from), top: 0, width: xOf(to) - xOf(from), height: HEIGHT }));
    hatch(context, areas, { colour: paletteOf(store.state.dark).hatch, step: 6 });
    context.fillStyle = translucent(paletteOf(store.state.dark).axis, 0.55);
    counts.forEach((count, group) => {
      const left = group * size / bins * width;
      const height = count === 0 ? 0 : Math.max(1, count / most * (HEIGHT - 4));
      context.fillRect(left, HEIGHT - height, Math.max(1, size / bins * width - 0.3), height);
    });
  };
  const drawing = watch(element, draw, () => {}, "when idle");
  place();
  store.subscribe((state, before) => {
    place();
    if (state.dark !== before.dark || state.data !== before.data) drawing.redraw();
  });
  dragSelects(element, store);
  return element;
}

/** Dragging selects a time range; dragging from within the selected range moves it. */
function dragSelects(element: HTMLElement, store: ViewStore): void {
  let drag: {
    readonly start: number;
    readonly from: number;
    readonly to: number;
    readonly moves: boolean;
  } | undefined;
  const bin = (event: PointerEvent): number => {
    const { left, width } = element.getBoundingClientRect();
    return store.first + Math.min(1, Math.max(0, (event.clientX - left) / width)) * (store.bins - store.first);
  };
  element.addEventListener("pointerdown", (event) => {
    const start = bin(event);
    const { from, to } = store.state;
    drag = { start, from, to, moves: store.zoomed && start >= from && start <= to };
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (drag === undefined) return;
    const now = bin(event);
    if (drag.moves) {
      store.zoom(drag.from + now - drag.start, drag.to + now - drag.start);
    } else if (Math.abs(now - drag.start) > (store.bins - store.first) / 200) {
      store.zoom(Math.min(now, drag.start), Math.max(now, drag.start));
    }
  });
  const end = (): void => drag = undefined;
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  element.addEventListener("dblclick", () => store.resetZoom());
}
