/**
 * How beginnings and ends of lives look, by shape and in words: colour alone says nothing about them.
 *
 * @module
 */

import type { LifeEnd } from "../../shared/report_data.ts";
import { svg } from "./dom.ts";

/** A mark: the beginning of a life, or how it ended. */
export type LifeMark = "start" | LifeEnd;

/** Marks in the order of what matters: of several at one place, the first is drawn. */
export const LIFE_MARKS: readonly LifeMark[] = [
  "killed",
  "dead",
  "uncaught",
  "failed",
  "signal",
  "unknown",
  "exit",
  "stop",
  "recording",
  "start",
];

const SQUARE = "M1 1H9V9H1Z";
const CROSS = "M0 1.7 1.7 0 5 3.3 8.3 0 10 1.7 6.7 5 10 8.3 8.3 10 5 6.7 1.7 10 0 8.3 3.3 5Z";
const DISC = "M5-1a6 6 0 1 1 0 12a6 6 0 1 1 0-12Z";
const CROSSED_DISC = `${DISC}M1.8 3 3 1.8 5 3.8 7 1.8 8.2 3 6.2 5 8.2 7 7 8.2 5 6.2 3 8.2 1.8 7 3.8 5Z`;
const RING = "M5 0a5 5 0 1 1 0 10a5 5 0 1 1 0-10ZM5 2.4a2.6 2.6 0 1 1 0 5.2a2.6 2.6 0 1 1 0-5.2Z";

/** Paths in a square of 10 by 10, filled by the rule `evenodd`. */
const PATHS: Readonly<Record<LifeMark, string>> = {
  start: "M2 0 9 5 2 10Z",
  stop: SQUARE,
  exit: SQUARE,
  signal: "M5 0 10 5 5 10 0 5Z",
  failed: CROSS,
  uncaught: CROSS,
  killed: CROSSED_DISC,
  dead: CROSSED_DISC,
  unknown: RING,
  recording: "M0 4H6V1L10 5 6 9V6H0Z",
};

/** What each mark means. */
export const LIFE_WORDS: Readonly<Record<LifeMark, string>> = {
  start: "began",
  stop: "stopped recording",
  exit: "exited",
  failed: "exited with an error code",
  signal: "ended by a signal",
  uncaught: "ended by an uncaught error",
  killed: "killed",
  dead: "dead, not recovered yet",
  recording: "is recording",
  unknown: "no end recorded",
};

/** Draws a mark around a point of a canvas; `size` in its pixels. */
export function drawMark(context: CanvasRenderingContext2D, mark: LifeMark, x: number, y: number, size: number): void {
  context.save();
  context.translate(x - size / 2, y - size / 2);
  context.scale(size / 10, size / 10);
  context.fill(new Path2D(PATHS[mark]), "evenodd");
  context.restore();
}

/** A mark within text. */
export function markIcon(mark: LifeMark): SVGElement {
  const path = svg("path", { d: PATHS[mark], "fill-rule": "evenodd" });
  return svg("svg", { viewBox: "-1 -1 12 12", class: "icon", "aria-hidden": "true" }, path);
}
