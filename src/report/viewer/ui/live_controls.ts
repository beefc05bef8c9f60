/**
 * What a page that is live has besides: whether it follows the time, and for how long it shows.
 *
 * @module
 */

import type { LiveHead } from "../../shared/live_data.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h } from "./dom.ts";

/** Levels as people call them. */
const NAMES: Readonly<Record<string, string>> = { "15m": "15 min", "3h": "3 h", "24h": "24 h" };

/** The button that follows the time, or stops that. */
export function followButton(store: ViewStore): HTMLElement {
  const sign = h("i", { "aria-hidden": "true" });
  const text = h("span", {});
  const button = h("button", { type: "button", class: "follow" }, sign, text);
  button.addEventListener("click", () => store.follow(!store.state.follows));
  const show = (): void => {
    const { follows } = store.state;
    button.setAttribute("aria-pressed", `${follows}`);
    button.title = follows ? "The time shown ends now. Press to stay at it (f)" : "Show the time up to now again (f)";
    text.textContent = follows ? "Following" : "Follow";
  };
  show();
  store.subscribe((state, before) => {
    if (state.follows !== before.follows) show();
  });
  return button;
}

/** Links to the same page for longer and shorter times. */
export function levelLinks({ levels, level }: LiveHead): HTMLElement {
  const links = levels.map((one) => {
    const link = h(
      "a",
      { href: `?level=${one}`, ...one === level ? { "aria-current": "true" } : {} },
      NAMES[one] ?? one,
    );
    // The choice of programs and labels stays.
    link.addEventListener("click", () => void (link.hash = location.hash.replace(/(^#|&)time=[^&]*&?/, "$1")));
    return link;
  });
  return h("nav", { class: "levels", "aria-label": "How much time is kept" }, ...links);
}
