/**
 * Checkboxes for the processes shown.
 *
 * @module
 */

import type { ViewStore } from "../model/view_store.ts";
import { paletteOf, processColour } from "./colours.ts";
import { h } from "./dom.ts";

/** Creates a checkbox for each process. */
export function processPicker(store: ViewStore): HTMLElement {
  const all = store.data.processes;
  const chips = all.map(({ pid }) => {
    const box = h("input", { type: "checkbox", name: `${pid}` });
    box.checked = true;
    box.addEventListener("change", () => {
      const pids = new Set(store.state.pids);
      if (box.checked) pids.add(pid);
      else pids.delete(pid);
      store.set({ pids });
    });
    return {
      pid,
      box,
      element: h(
        "label",
        { class: "chip" },
        box,
        h("i", { "aria-hidden": "true" }),
        `${pid}`,
      ),
    };
  });
  const show = (): void => {
    const palette = paletteOf(store.state.dark);
    chips.forEach(({ pid, box, element }, index) => {
      box.checked = store.state.pids.has(pid);
      element.style.setProperty("--colour", processColour(palette, index));
    });
  };
  show();
  store.subscribe(show);
  const everyone = h(
    "button",
    {
      type: "button",
      class: "quiet",
      onclick: () => store.set({ pids: new Set(all.map(({ pid }) => pid)) }),
    },
    "all",
  );
  return h(
    "fieldset",
    { class: "processes" },
    h("legend", {}, all.length === 1 ? "Process" : "Processes"),
    ...chips.map(({ element }) => element),
    all.length > 2 && everyone,
  );
}
