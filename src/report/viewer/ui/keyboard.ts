/**
 * Time by keyboard: arrows move, plus and minus zoom, Escape shows the whole time, and F follows it if
 * it goes on. Keys are taken
 * only while a chart, a button of the time range or nothing has the focus.
 *
 * @module
 */

import type { ViewStore } from "../model/view_store.ts";
import { magnify, pan } from "./toolbar.ts";

/** Listens to keys. */
export function keyboard(store: ViewStore): void {
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => pan(store, -1),
    ArrowRight: () => pan(store, 1),
    "+": () => magnify(store, 0.5),
    "=": () => magnify(store, 0.5),
    "-": () => magnify(store, 2),
    Escape: () => store.resetZoom(),
    ...store.isLive && { f: () => store.follow(!store.state.follows) },
  };
  document.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const at = document.activeElement;
    const free = at === null || at === document.body ||
      at.matches(".plot-focus, [data-keys=time] *, h3");
    if (!free && event.key !== "Escape") return;
    event.preventDefault();
    act();
  });
}
