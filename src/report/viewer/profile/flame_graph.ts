/**
 * The flame graph of a CPU profile: each function is below its caller, as wide as the time it took.
 *
 * @module
 */

import * as library from "d3-flame-graph";
import { select } from "d3-selection";
import { formatPercent, formatTotalTime } from "../../../display/numbers.ts";
import type { FlameNode, ProfileData } from "../../shared/report_data.ts";
import { h } from "../ui/dom.ts";
import { watch } from "../ui/lazy_drawing.ts";

/** A node in the layout of the library. */
interface Frame {
  readonly data: FlameNode;
  readonly value: number;
  readonly parent: Frame | null;
  readonly children?: readonly Frame[];
  readonly highlight?: boolean;
}

/** The part of the library that is used; it brings no types. */
interface Library {
  (selection: unknown): void;
  width(pixels: number): Library;
  cellHeight(pixels: number): Library;
  inverted(topDown: boolean): Library;
  getValue(value: (item: FlameNode | Frame) => number): Library;
  sort(byName: (a: Frame, b: Frame) => number): Library;
  minFrameSize(pixels: number): Library;
  transitionDuration(milliseconds: number): Library;
  tooltip(none: boolean): Library;
  setLabelHandler(label: (frame: Frame) => string): Library;
  setColorMapper(colour: (frame: Frame) => string): Library;
  setSearchMatch(matches: (frame: Frame, term: string) => boolean): Library;
  setSearchHandler(found: (frames: Frame[], sum: number, total: number) => void): Library;
  setDetailsHandler(show: (text: string | null) => void): Library;
  onClick(clicked: (frame: Frame) => void): Library;
  search(term: string): void;
  clear(): void;
  update(): Library;
  zoomTo(frame: Frame): void;
  resetZoom(): void;
}

const makeLibrary = (library as unknown as { default: () => Library }).default;

/** A flame graph on the page. */
export interface FlameGraph {
  readonly element: HTMLElement;
  /** Highlights the functions whose name contains a text. */
  readonly search: (text: string) => void;
}

/** Calm colours on which dark text can be read. Functions of one file share a colour. */
const COLOURS = [
  "#f6c177",
  "#f2a98c",
  "#eec1cf",
  "#c9b8e8",
  "#a9c7ee",
  "#9fd6d2",
  "#b5d9a3",
  "#e3d88f",
];
const FOUND = "#ff5fd2";
const NATIVE = "#cfd4da";

/** Creates a flame graph; it is drawn when it comes into view. */
export function flameGraph(profile: ProfileData): FlameGraph {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const host = h("div", { class: "flames", tabindex: 0, role: "group" });
  host.setAttribute(
    "aria-label",
    `Flame graph of ${profile.name}. Arrow keys go to callers and callees, Enter zooms, Escape shows all.`,
  );
  const details = h("p", { class: "frame-details", role: "status" });
  const field = h("input", {
    type: "search",
    placeholder: "Find a function",
    "aria-label": "Find a function in the flame graph",
  });
  const reset = h("button", { type: "button", class: "reset", hidden: true }, "Whole profile");
  const total = profile.tree.total;
  const describe = (frame: Frame): string =>
    `${frame.data.name}${frame.data.place === "" ? "" : ` (${frame.data.place})`}: ${
      formatTotalTime(frame.data.total)
    }, ${formatPercent(frame.data.total / Math.max(total, 1e-12))}`;
  let found = "";
  const graph = makeLibrary()
    .cellHeight(20)
    .inverted(true)
    .getValue((item) => "total" in item ? item.total : item.value)
    .sort((a, b) => b.data.total - a.data.total)
    .minFrameSize(1)
    .transitionDuration(still ? 0 : 200)
    .tooltip(false)
    .setLabelHandler(describe)
    .setColorMapper((frame) => frame.highlight === true ? FOUND : colourOf(frame.data))
    .setSearchMatch((frame, term) => term !== "" && frame.data.name.toLowerCase().includes(term.toLowerCase()))
    .setSearchHandler((frames, sum) => {
      found = `${frames.length} found: ${formatPercent(sum / Math.max(total, 1e-12))} of the time.`;
      details.textContent = found;
    })
    .setDetailsHandler((text) => details.textContent = text ?? found)
    .onClick((frame) => reset.hidden = frame.parent === null);
  let drawn = false;
  const draw = (): void => {
    graph.width(Math.max(200, host.clientWidth));
    if (drawn) graph.update();
    else {
      drawn = true;
      select(host).datum(profile.tree).call(graph as (selection: unknown) => void);
    }
  };
  watch(host, draw, () => {});
  const search = (text: string): void => {
    found = "";
    if (field.value !== text) field.value = text;
    if (!drawn) draw();
    if (text === "") graph.clear();
    else graph.search(text);
  };
  field.addEventListener("input", () => search(field.value));
  reset.addEventListener("click", () => {
    graph.resetZoom();
    reset.hidden = true;
  });
  walkByKeys(host, graph, (frame) => details.textContent = describe(frame), reset);
  const element = h("div", { class: "flame-graph" }, h("div", { class: "tools" }, field, reset), host, details);
  return { element, search };
}

function colourOf({ place }: FlameNode): string {
  if (place === "") return NATIVE;
  const file = place.replace(/:\d+(:\d+)?$/, "");
  let hash = 0;
  for (const character of file) {
    hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  }
  return COLOURS[hash % COLOURS.length] ?? NATIVE;
}

/** Arrow keys move through the tree, Enter zooms in, Escape zooms out. */
function walkByKeys(host: HTMLElement, graph: Library, showDetails: (frame: Frame) => void, reset: HTMLElement): void {
  let at: Frame | undefined;
  const mark = (frame: Frame | undefined): void => {
    if (frame === undefined) return;
    at = frame;
    select(host).selectAll<SVGGElement, Frame>("g.frame").classed("at", (other) => other === frame);
    showDetails(frame);
  };
  const beside = (step: number): Frame | undefined => {
    const row = at?.parent?.children ?? [];
    return row[row.findIndex((frame) => frame === at) + step];
  };
  host.addEventListener("keydown", (event) => {
    const root = select<HTMLElement, Frame>(host).datum();
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown: () => mark(at === undefined ? root : at.children?.[0]),
      ArrowUp: () => mark(at?.parent ?? undefined),
      ArrowLeft: () => mark(beside(-1)),
      ArrowRight: () => mark(beside(1)),
      Enter: () => {
        if (at === undefined) return;
        graph.zoomTo(at);
        reset.hidden = at.parent === null;
      },
      Escape: () => {
        graph.resetZoom();
        reset.hidden = true;
      },
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  });
}
