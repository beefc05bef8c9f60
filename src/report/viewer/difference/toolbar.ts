/**
 * The toolbar, which stays in view: the label that is shown, the time range, and light or dark.
 *
 * @module
 */

import type { DifferenceData } from "../../shared/difference_data.ts";
import type { WallClock } from "../model/clock.ts";
import type { ViewStore } from "../model/view_store.ts";
import { h } from "../ui/dom.ts";
import { labelText } from "../ui/label_text.ts";
import { keepHeight, themeToggle, timeWindow } from "../ui/toolbar.ts";

/** The toolbar. */
export interface DifferenceToolbar {
  readonly element: HTMLElement;
  /** Says which label is shown. */
  readonly chose: (label: string) => void;
}

/** Creates the toolbar; `choose` is called with the label that the user chooses. */
export function differenceToolbar(
  store: ViewStore,
  clock: WallClock,
  { labels }: DifferenceData,
  choose: (label: string) => void,
): DifferenceToolbar {
  const select = h(
    "select",
    { "aria-label": "The label that is shown" },
    ...labels.map(({ label }, index) => h("option", { value: index }, labelText(label))),
  );
  select.addEventListener("change", () => choose(labels[Number(select.value)]!.label));
  const time = timeWindow(store, clock);
  const element = h(
    "section",
    { class: "toolbar comparing", "aria-label": "What is shown" },
    h(
      "div",
      { class: "tools" },
      labels.length > 0 && h("label", { class: "label-choice" }, "Label", select),
      time,
      themeToggle(store),
    ),
  );
  keepHeight(element, time);
  const chose = (label: string): void => {
    const index = labels.findIndex((one) => one.label === label);
    select.selectedIndex = index;
  };
  return { element, chose };
}
