/**
 * The sections of all series that are shown.
 *
 * @module
 */

import type { WallClock } from "../model/clock.ts";
import { h } from "../ui/dom.ts";
import { type LabelSection, labelSection } from "./label_section.ts";
import type { Store } from "../model/store.ts";

/** Sections that are made at once. */
const BATCH = 20;

/** The sections, and how to get to one of them. */
export interface LabelSections {
  readonly element: HTMLElement;
  /** Scrolls to the section of a label. */
  readonly open: (label: string) => void;
}

/** Makes the sections of the series that are shown, the largest first; those that are far down when they are asked for. */
export function labelSections(store: Store, clock: WallClock): LabelSections {
  const list = h("div", { class: "sections" });
  const nothing = h("p", { class: "nothing" });
  const more = h("button", { type: "button", class: "more" });
  const element = h(
    "section",
    { class: "labels-column", "aria-labelledby": "each" },
    h("h2", { id: "each" }, "Each label over time"),
    list,
    nothing,
    more,
  );
  const made = new Map<string, LabelSection>();
  let wanted = BATCH;
  const show = (): void => {
    const shown = store.data.durations.filter(({ label }) => store.shows(label));
    const now = new Set(shown.slice(0, wanted).map(({ label }) => label));
    for (const [label, section] of made) {
      if (now.has(label)) continue;
      section.element.remove();
      section.forget();
      made.delete(label);
    }
    let before: Element | null = null;
    for (const data of shown.slice(0, wanted)) {
      const section = made.get(data.label) ?? labelSection(store, clock, data);
      made.set(data.label, section);
      const place: Element | null = before === null ? list.firstElementChild : before.nextElementSibling;
      if (place !== section.element) list.insertBefore(section.element, place);
      before = section.element;
    }
    nothing.hidden = store.noLabel === undefined;
    nothing.textContent = store.noLabel ?? "";
    const left = shown.length - now.size;
    more.hidden = left <= 0;
    more.textContent = `Show ${Math.min(BATCH, left)} more of ${left} labels`;
  };
  more.addEventListener("click", () => {
    wanted += BATCH;
    show();
  });
  show();
  store.subscribe((state, before) => {
    if (state.labelText !== before.labelText || state.picked !== before.picked) show();
  });
  const open = (label: string): void => {
    if (!store.shows(label)) store.set({ labelText: "", picked: new Set() });
    const index = store.data.durations.filter((one) => store.shows(one.label))
      .findIndex((one) => one.label === label);
    if (index < 0) return;
    if (index >= wanted) {
      wanted = index + 1;
      show();
    }
    const section = made.get(label)?.element;
    section?.scrollIntoView({ block: "start" });
    section?.querySelector("h3")?.focus({ preventScroll: true });
  };
  return { element, open };
}
