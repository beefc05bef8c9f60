/**
 * Marks on the time axis of charts where processes began and ended.
 *
 * @module
 */

import type uPlot from "uplot";
import { marksShown } from "../model/life_marks.ts";
import type { ViewStore } from "../model/view_store.ts";
import { type Palette, processColour } from "../ui/colours.ts";
import { drawMark, LIFE_MARKS } from "../ui/life_shapes.ts";

/** Pixels of a mark. */
const SIZE = 7;

/**
 * Draws the marks above the lower edge of a plot. Of marks too close to each other the one that
 * matters most is drawn, in the colour of its process; marks of what is as usual (recording on) are
 * left out.
 */
export function drawLifeMarks(plot: uPlot, store: ViewStore, palette: Palette): void {
  const { ctx, bbox } = plot;
  const size = SIZE * devicePixelRatio;
  const y = bbox.top + bbox.height - size / 2 - 1;
  const placed = marksShown(store).filter(({ mark }) => mark !== "recording").map((of) => ({
    ...of,
    x: Math.min(bbox.left + bbox.width - size / 2, Math.max(bbox.left + size / 2, plot.valToPos(of.at, "x", true))),
  }));
  for (const near of Map.groupBy(placed, ({ x }) => Math.floor(x / (size + 1))).values()) {
    const [first] = near.toSorted((a, b) => LIFE_MARKS.indexOf(a.mark) - LIFE_MARKS.indexOf(b.mark));
    ctx.fillStyle = processColour(palette, first!.line);
    drawMark(ctx, first!.mark, first!.x, y, size);
  }
}
