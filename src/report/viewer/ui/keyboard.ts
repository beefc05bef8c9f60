/**
 * Time by keyboard: arrows move, plus and minus magnify, Escape shows all again. Only on a chart, at the time's buttons, or nowhere in
 * particular; who writes or picks something is not disturbed.
 *
 * @module
 */

import type { Store } from "../model/store.ts";
import { magnify, pan } from "./toolbar.ts";

/** Listens to the keys. */
export function keyboard(store: Store): void {
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => pan(store, -1),
    ArrowRight: () => pan(store, 1),
    "+": () => magnify(store, 0.5),
    "=": () => magnify(store, 0.5),
    "-": () => magnify(store, 2),
    Escape: () => store.resetZoom(),
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
