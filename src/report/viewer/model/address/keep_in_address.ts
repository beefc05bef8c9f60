/**
 * Keeps the view in the page's address.
 *
 * @module
 */

import type { ViewFormat } from "./view_hash.ts";
import type { State, ViewStore } from "../view_store.ts";

/** Milliseconds for which the view must not change before it is written: dragging changes it often. */
const CALM = 150;

/**
 * Shows the view of the address, and writes there what the user chooses. `open`: shows a label's
 * section.
 */
export function keepInAddress(store: ViewStore, views: ViewFormat, open: (label: string) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // A time that goes on is none of an address.
  const textOf = (state: State): string =>
    views.format(state.follows ? { ...state, from: store.first, to: store.bins } : state);
  const follow = (): void => {
    if (textOf(store.state) === location.hash.slice(1)) return;
    const view = views.parse(location.hash);
    store.set({ ...view, follows: store.isLive && view.from === store.first && view.to === store.bins });
    if (view.opened !== undefined) open(view.opened);
  };
  if (location.hash.length > 1) follow();
  addEventListener("hashchange", follow);
  store.subscribe((state, before) => {
    if (state.dark !== before.dark || state.data !== before.data) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const view = textOf(state);
      if (view === location.hash.slice(1)) return;
      // No entry of the history for each step: "back" leaves the report.
      history.replaceState(null, "", view === "" ? location.pathname + location.search : `#${view}`);
    }, CALM);
  });
}
