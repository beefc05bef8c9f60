import type { ViewStore } from "../model/view_store.ts";
import { unwatchWithin } from "./lazy_drawing.ts";

/**
 * A part of the page that, if the page is live, is made anew when its key changes: it knows at the
 * beginning what it is made of, such as the programs. `make` returns `undefined` where there is
 * nothing to show.
 */
export function renewed(store: ViewStore, keyOf: () => string, make: () => HTMLElement | undefined): Node {
  if (!store.isLive) return make() ?? document.createComment("");
  const madeNow = (): { readonly node: ChildNode; readonly forget: () => void } => {
    const { result, forget } = store.collect(make);
    return { node: result ?? document.createComment(""), forget };
  };
  let key = keyOf();
  let made = madeNow();
  const first = made.node;
  // The listeners of a part that is made while others are told are told with the next change.
  store.subscribe((state, before) => {
    if (state.data === before.data) return;
    const now = keyOf();
    if (now === key) return;
    key = now;
    made.forget();
    if (made.node instanceof Element) unwatchWithin(made.node);
    const next = madeNow();
    made.node.replaceWith(next.node);
    made = next;
  });
  return first;
}

/** An element that, if the page is live, is hidden while a condition does not hold; absent if it is not live. */
export function shownWhile(store: ViewStore, holds: () => boolean, element: HTMLElement): HTMLElement | false {
  if (!store.isLive) return holds() && element;
  const show = (): void => void (element.hidden = !holds());
  show();
  store.subscribe(show);
  return element;
}
