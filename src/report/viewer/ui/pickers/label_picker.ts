/**
 * The choice of duration series: those whose label contains a text, or picked ones.
 *
 * @module
 */

import type { ViewStore } from "../../model/view_store.ts";
import { h, replace } from "../dom.ts";
import { labelText } from "../label_text.ts";
import { closeOnLeave } from "./popover.ts";

/** Maximum number of labels in the list: typing more of a label shortens it. */
const MOST_LISTED = 100;

/** Creates a field for a text, and a list to pick from. */
export function labelPicker(store: ViewStore): HTMLElement {
  const labelsNow = (): string[] => store.data.durations.map(({ label }) => label);
  const placeholder = (): string => {
    const { length } = store.data.durations;
    return length === 0 ? "No labels yet" : length === 1 ? "1 label" : `Find in ${length} labels`;
  };
  const field = h("input", {
    type: "search",
    placeholder: placeholder(),
    "aria-label": "Show only labels that contain",
    autocomplete: "off",
    spellcheck: "false",
  });
  field.addEventListener("input", () => store.set({ labelText: field.value }));
  const list = h("div", { class: "list" });
  const summary = h("summary", {}, "Pick");
  const pick = h("details", { class: "pick" }, summary, h("div", { class: "popover" }, list));
  const fillList = (): void => {
    if (!pick.open) return;
    const { picked, labelText } = store.state;
    const found = labelsNow().filter((label) => label.toLowerCase().includes(labelText.toLowerCase()));
    const focused = document.activeElement instanceof HTMLInputElement ? document.activeElement.value : undefined;
    const boxes = found.slice(0, MOST_LISTED).map((label) => box(store, label, picked.has(label)));
    const left = found.length - boxes.length;
    replace(
      list,
      picked.size > 0 &&
        h("button", {
          type: "button",
          class: "quiet",
          onclick: () => store.set({ picked: new Set() }),
        }, "Show all again"),
      ...boxes.map(({ element }) => element),
      left > 0 &&
        h(
          "p",
          { class: "note" },
          `and ${left} more: type part of the label above.`,
        ),
      found.length === 0 &&
        h("p", { class: "note" }, "No label contains this text."),
    );
    boxes.find(({ input }) => input.value === focused)?.input.focus();
  };
  pick.addEventListener("toggle", fillList);
  closeOnLeave(pick, summary);
  store.subscribe((state, before) => {
    const isOther = state.data.durations.length !== before.data.durations.length;
    if (isOther) field.placeholder = placeholder();
    if (!isOther && state.picked === before.picked && state.labelText === before.labelText) return;
    if (field.value !== state.labelText) field.value = state.labelText;
    summary.textContent = state.picked.size === 0 ? "Pick" : `${state.picked.size} picked`;
    fillList();
  });
  return h("div", { class: "labels", role: "group", "aria-label": "Labels" }, field, pick);
}

function box(store: ViewStore, label: string, checked: boolean): { input: HTMLInputElement; element: HTMLElement } {
  const input = h("input", { type: "checkbox", value: label });
  input.checked = checked;
  input.addEventListener("change", () => {
    const picked = new Set(store.state.picked);
    if (input.checked) picked.add(label);
    else picked.delete(label);
    store.set({ picked });
  });
  return { input, element: h("label", { class: "row" }, input, h("span", {}, labelText(label))) };
}
