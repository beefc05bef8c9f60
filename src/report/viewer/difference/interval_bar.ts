import { svg } from "../ui/dom.ts";
import type { ChangeRow } from "./rows.ts";

const [WIDTH, HEIGHT] = [132, 18];

/** Margins at the ends of a bar: what is beyond has an arrow. */
const FARTHEST = 100;

/** Where a change is: linear near 0, logarithmic far from it, so that a margin is always as wide. */
function xOf(margins: number): number {
  const place = Math.asinh(Math.max(-FARTHEST, Math.min(FARTHEST, margins))) / Math.asinh(FARTHEST);
  return WIDTH / 2 + place * (WIDTH / 2 - 6);
}

/**
 * A change with its interval, around no change. The band in the middle is what is the same; its edges
 * are in the same place in all rows, whatever is measured.
 */
export function intervalBar({ place, tone }: ChangeRow): SVGElement | string {
  if (place === undefined) return "";
  const [low, middle, high] = place.map(xOf) as [number, number, number];
  const y = HEIGHT / 2;
  const beyond = [place[0] < -FARTHEST && "M6 5 1 9l5 4Z", place[2] > FARTHEST && `M${WIDTH - 6} 5l5 4l-5 4Z`];
  return svg(
    "svg",
    { class: `interval tone-${tone}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
    svg("rect", { class: "band", x: xOf(-1), y: 0, width: xOf(1) - xOf(-1), height: HEIGHT }),
    svg("path", { class: "zero", d: `M${WIDTH / 2} 0V${HEIGHT}` }),
    svg("path", { class: "reach", d: `M${low.toFixed(1)} ${y}H${Math.max(high, low + 1).toFixed(1)}` }),
    svg("circle", { cx: middle.toFixed(1), cy: y, r: 4 }),
    ...beyond.map((d) => d !== false && svg("path", { class: "beyond", d })),
  );
}
