/**
 * A flame graph: each function is below its caller, as wide as the time it took.
 *
 * @module
 */

import { formatPercent } from "../../../display/numbers.ts";
import { h, replace, svg } from "../ui/dom.ts";
import { watch } from "../ui/lazy_drawing.ts";
import type { Flame } from "./flames.ts";

/** What a flame graph shows. */
export interface FlameView {
  readonly tree: Flame;
  /** A node in words, with its time. */
  readonly describe: (flame: Flame) => string;
  /** Its colour; by default that of its file. */
  readonly colour?: (flame: Flame) => string;
  /** What is said instead if nothing ran. */
  readonly nothing: string;
}

/** A flame graph on the page. */
export interface FlameGraph {
  readonly element: HTMLElement;
  /** Draws another tree; the search stays. */
  readonly show: (view: FlameView) => void;
  /** Highlights the functions whose name or file contains a text. */
  readonly search: (text: string) => void;
}

/** A node, and where it is drawn: from 0 to 1 across the whole tree. */
interface Frame {
  readonly flame: Flame;
  readonly left: number;
  readonly right: number;
  readonly depth: number;
  readonly caller: Frame | undefined;
  readonly callees: Frame[];
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

/** Pixels of a frame's height, of the narrowest frame that is drawn, and of a character. */
const HEIGHT = 20;
const NARROWEST = 0.7;
const CHARACTER = 7.3;

/** Creates a flame graph, which shows nothing yet; it is drawn when it comes into view. */
export function flameGraph(name: string): FlameGraph {
  const host = h("div", { class: "flames", tabindex: 0, role: "group" });
  host.setAttribute(
    "aria-label",
    `Flame graph of ${name}. Arrow keys go to callers and callees, Enter zooms, Escape shows all.`,
  );
  const details = h("p", { class: "frame-details", role: "status" });
  const field = h("input", {
    type: "search",
    placeholder: "Find a function or file",
    "aria-label": "Find a function in the flame graph, by its name or file",
  });
  const reset = h("button", { type: "button", class: "reset", hidden: true }, "Whole profile");
  let view: FlameView | undefined;
  let [root, zoomed, at]: (Frame | undefined)[] = [];
  let found = "";
  const elements = new Map<Frame, SVGElement>();

  const isFound = ({ flame }: Frame): boolean => matches(flame, field.value);
  const describe = (frame: Frame | undefined): string =>
    frame === undefined ? found : view?.describe(frame.flame) ?? "";
  const draw = (): void => {
    elements.clear();
    const width = Math.max(200, host.clientWidth);
    if (view === undefined || root === undefined || zoomed === undefined || root.flame.total <= 0) {
      return replace(host, h("p", { class: "nothing" }, view?.nothing ?? ""));
    }
    const { left: first, right: last } = zoomed;
    const xOf = (place: number): number => (Math.min(last, Math.max(first, place)) - first) / (last - first) * width;
    const shown: SVGElement[] = [];
    let deepest = 0;
    const stack = [root];
    for (let frame = stack.pop(); frame !== undefined; frame = stack.pop()) {
      const [left, right] = [xOf(frame.left), xOf(frame.right)];
      if (right - left < NARROWEST) continue;
      deepest = Math.max(deepest, frame.depth);
      const element = frameElement(frame, left, right - left, isFound(frame) ? FOUND : undefined);
      elements.set(frame, element);
      shown.push(element);
      stack.push(...frame.callees);
    }
    const height = (deepest + 1) * HEIGHT;
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, ...shown);
    picture.addEventListener("pointerover", ({ target }) => details.textContent = describe(frameOf(target) ?? at));
    picture.addEventListener("pointerleave", () => details.textContent = describe(at));
    picture.addEventListener("click", ({ target }) => zoom(frameOf(target)));
    replace(host, picture);
    mark(at);
  };
  const frameElement = ({ flame, depth }: Frame, left: number, width: number, colour?: string): SVGElement => {
    const fill = colour ?? view?.colour?.(flame) ?? colourOf(flame);
    const room = Math.floor((width - 8) / CHARACTER);
    const characters = [...flame.name];
    const text = room < 2 ? "" : characters.length <= room ? flame.name : `${characters.slice(0, room - 1).join("")}…`;
    return svg(
      "g",
      { class: "frame", transform: `translate(${left.toFixed(2)} ${depth * HEIGHT})` },
      svg("rect", { width: Math.max(NARROWEST, width).toFixed(2), height: HEIGHT, fill }),
      text !== "" && svg("text", { x: 4, y: 14 }, text),
    );
  };
  const frameOf = (target: EventTarget | null): Frame | undefined => {
    const element = target instanceof Element ? target.closest("g.frame") : null;
    return [...elements].find(([, own]) => own === element)?.[0];
  };
  const mark = (frame: Frame | undefined): void => {
    if (at !== undefined) elements.get(at)?.classList.remove("at");
    at = frame;
    if (frame === undefined) return;
    elements.get(frame)?.classList.add("at");
    elements.get(frame)?.scrollIntoView({ block: "nearest" });
    details.textContent = describe(frame);
  };
  const zoom = (frame: Frame | undefined): void => {
    if (frame === undefined) return;
    zoomed = frame;
    reset.hidden = frame === root;
    draw();
  };
  const search = (text: string): void => {
    if (field.value !== text) field.value = text;
    found = root === undefined || text === "" ? "" : sumOf(root, isFound);
    details.textContent = found;
    drawing.redraw();
  };
  const drawing = watch(host, draw, () => {});
  field.addEventListener("input", () => search(field.value));
  reset.addEventListener("click", () => zoom(root));
  host.addEventListener("keydown", (event) => {
    const beside = (step: number): Frame | undefined => {
      const row = at?.caller?.callees ?? [];
      return row[row.findIndex((frame) => frame === at) + step] ?? at;
    };
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown: () => mark(at === undefined ? root : at.callees[0] ?? at),
      ArrowUp: () => mark(at?.caller ?? at),
      ArrowLeft: () => mark(beside(-1)),
      ArrowRight: () => mark(beside(1)),
      Enter: () => zoom(at),
      Escape: () => zoom(root),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  });
  const show = (next: FlameView): void => {
    view = next;
    zoomed = root = framesOf(next.tree);
    at = undefined;
    reset.hidden = true;
    search(field.value);
  };
  const element = h("div", { class: "flame-graph" }, h("div", { class: "tools" }, field, reset), host, details);
  return { element, show, search };
}

/** Places a tree: callees side by side, the largest first, or where they are in time. */
function framesOf(tree: Flame): Frame {
  const whole = Math.max(tree.total, 1e-12);
  const root: Frame = { flame: tree, left: 0, right: 1, depth: 0, caller: undefined, callees: [] };
  const frames = [root];
  for (const caller of frames) {
    const { children } = caller.flame;
    let next = caller.left;
    const sorted = tree.start === undefined ? children.toSorted((a, b) => b.total - a.total) : children;
    for (const flame of sorted) {
      const left = tree.start === undefined ? next : (flame.start! - tree.start) / whole;
      const right = next = left + flame.total / whole;
      const frame: Frame = { flame, left, right, depth: caller.depth + 1, caller, callees: [] };
      caller.callees.push(frame);
      frames.push(frame);
    }
  }
  return root;
}

function matches({ name, place }: Flame, text: string): boolean {
  const wanted = text.toLowerCase();
  return wanted !== "" && (name.toLowerCase().includes(wanted) || place.toLowerCase().includes(wanted));
}

/** How many frames were found, and which part of the time they took; those within others count once. */
function sumOf(root: Frame, isFound: (frame: Frame) => boolean): string {
  let [count, seconds] = [0, 0];
  const stack = root.callees.map((frame) => ({ frame, within: false }));
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { frame, within } = top;
    const found = isFound(frame);
    if (found) count++;
    if (found && !within) seconds += frame.flame.total;
    for (const callee of frame.callees) stack.push({ frame: callee, within: within || found });
  }
  return `${count} found: ${formatPercent(seconds / Math.max(root.flame.total, 1e-12))} of the time.`;
}

function colourOf({ name, place }: Flame): string {
  if (place === "") return NATIVE;
  const file = place.replace(/:\d+(:\d+)?$/, "") || name;
  let hash = 0;
  for (const character of file) {
    hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  }
  return COLOURS[hash % COLOURS.length] ?? NATIVE;
}
