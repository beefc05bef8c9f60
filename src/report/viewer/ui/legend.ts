/**
 * The legend of a chart, with the values at the cursor or, without one, of the whole time range
 * shown.
 *
 * @module
 */

import { h, replace } from "./dom.ts";

/** An entry of a legend. */
export interface LegendItem {
  readonly name: string;
  readonly colour: string;
  readonly mark: "line" | "dot" | "area" | "off";
  /** Formats its value at an index of the chart's `x`, or of the whole time range for `null`. */
  readonly value: (index: number | null) => string;
}

/** Maximum number of entries; the table has them all. */
const MOST_ITEMS = 7;

/** Fills a legend. Returns a function that shows the values at an index. */
export function legendOf(element: HTMLElement, items: readonly LegendItem[]): (index: number | null) => void {
  const shown = items.slice(0, MOST_ITEMS).map(({ name, colour, mark, value }) => {
    const text = h("b", {});
    const sign = h("i", { class: `mark ${mark}`, style: { "--colour": colour }, "aria-hidden": "true" });
    return { value, text, element: h("span", {}, sign, name === "" ? "" : `${name} `, text) };
  });
  const left = items.length - shown.length;
  element.style.removeProperty("height");
  replace(element, ...shown.map(({ element }) => element), left > 0 && h("span", {}, `and ${left} more`));
  let last: number | null | undefined;
  const show = (index: number | null): void => {
    if (index === last) return;
    last = index;
    for (const { value, text } of shown) text.textContent = value(index);
  };
  show(null);
  // The chart below must not move while the values change.
  if (items.length > 0) element.style.setProperty("height", `${element.offsetHeight}px`);
  return show;
}
