/**
 * Checkboxes for the processes shown, one for each line.
 *
 * @module
 */

import type { LineData } from "../../../shared/report_data.ts";
import type { ViewStore } from "../../model/view_store.ts";
import { paletteOf, processColour } from "../colours.ts";
import { h, replace } from "../dom.ts";
import { closeOnLeave } from "./popover.ts";

/** Maximum number of lines with a box in the toolbar; more are in a list that opens. */
const MOST_CHIPS = 8;

/** Creates the checkboxes. */
export function processPicker(store: ViewStore): HTMLElement {
  const boxes = store.data.lines.map((names, line) => box(store, names, line));
  const show = (): void => {
    const palette = paletteOf(store.state.dark);
    boxes.forEach(({ input, element, members }, line) => {
      input.checked = members.some((process) => store.state.processes.has(process));
      element.style.setProperty("--colour", processColour(palette, line));
    });
  };
  const all = (text: string): HTMLElement =>
    h("button", { type: "button", class: "quiet", onclick: () => store.set({ processes: everyone(store) }) }, text);
  const elements = boxes.map(({ element }) => element);
  show();
  store.subscribe(show);
  if (boxes.length > MOST_CHIPS) return list(store, elements, all("Show all"));
  return h(
    "fieldset",
    { class: "processes" },
    h("legend", {}, boxes.length === 1 ? "Process" : "Processes"),
    ...elements,
    boxes.length > 2 && all("all"),
  );
}

function everyone(store: ViewStore): Set<number> {
  return new Set(store.data.processes.keys());
}

interface Box {
  readonly input: HTMLInputElement;
  readonly element: HTMLElement;
  /** The processes of the line. */
  readonly members: readonly number[];
}

function box(store: ViewStore, { name, short }: LineData, line: number): Box {
  const members = store.processesOf(line);
  const input = h("input", { type: "checkbox", name: short });
  input.addEventListener("change", () => {
    const processes = new Set(store.state.processes);
    for (const process of members) {
      if (input.checked) processes.add(process);
      else processes.delete(process);
    }
    store.set({ processes });
  });
  // What tells two programs of one name apart stays where the name is cut off.
  const [, start = short, end] = /^(.+)( \([^()]+\))$/.exec(short) ?? [];
  const text = h("span", { class: "name" }, h("span", {}, start), end !== undefined && h("span", {}, end));
  return {
    input,
    members,
    element: h("label", { class: "chip", title: name }, input, h("i", { "aria-hidden": "true" }), text),
  };
}

/** A list that opens, with a field to find a process in it. */
function list(store: ViewStore, elements: readonly HTMLElement[], all: HTMLElement): HTMLElement {
  const summary = h("summary", {});
  const field = h("input", {
    type: "search",
    placeholder: "Find a process",
    "aria-label": "List only processes whose name contains",
    autocomplete: "off",
    spellcheck: "false",
  });
  const none = h(
    "button",
    { type: "button", class: "quiet", onclick: () => store.set({ processes: new Set() }) },
    "Show none",
  );
  const rows = h("div", { class: "list" });
  const fill = (): void => {
    const text = field.value.toLowerCase();
    replace(rows, ...elements.filter((_, line) => store.data.lines[line]!.name.toLowerCase().includes(text)));
  };
  fill();
  field.addEventListener("input", fill);
  const pick = h(
    "details",
    { class: "pick many" },
    summary,
    h("div", { class: "popover" }, h("div", { class: "actions" }, field, all, none), rows),
  );
  const show = (): void => {
    const lines = new Set([...store.state.processes].map((process) => store.lineOf(process)));
    summary.textContent = lines.size === elements.length
      ? `All ${elements.length} processes`
      : `${lines.size} of ${elements.length} processes`;
  };
  show();
  store.subscribe(show);
  closeOnLeave(pick, summary);
  return h("fieldset", { class: "processes" }, h("legend", { class: "hidden" }, "Processes"), pick);
}
