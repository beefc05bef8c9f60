/**
 * What programs marked, such as a deployment: a line on all charts.
 *
 * @module
 */

import type uPlot from "uplot";
import type { MarkData } from "../../shared/report_data.ts";
import type { ViewStore } from "../model/view_store.ts";
import { type Palette, translucent } from "../ui/colours.ts";
import { FONT } from "./axes.ts";

/** Pixels of a plot from which on it has room for the texts of marks. */
const ROOM = 120;

/** Longest text at a line, characters. */
const LONGEST = 28;

/** Draws the marks within the time shown, each with its text where there is room. */
export function drawMarks(plot: uPlot, store: ViewStore, palette: Palette): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const marks = store.data.marks.map((mark) => ({ mark, x: plot.valToPos(mark.at / 1e9, "x", true) }))
    .filter(({ x }) => x >= bbox.left && x <= bbox.left + bbox.width);
  if (marks.length === 0) return;
  ctx.strokeStyle = palette.mark;
  ctx.lineWidth = ratio;
  ctx.setLineDash([4 * ratio, 3 * ratio]);
  ctx.beginPath();
  for (const { x } of marks) {
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.setLineDash([]);
  if (bbox.height < ROOM * ratio) return;
  ctx.font = FONT.replace("11px", `${11 * ratio}px`);
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  let last = -Infinity;
  for (const { mark, x } of marks) {
    const text = shortened(mark);
    const width = ctx.measureText(text).width + 8 * ratio;
    const left = Math.min(x, bbox.left + bbox.width - width);
    if (left < last) continue;
    last = left + width;
    ctx.fillStyle = translucent(store.state.dark ? "#171b20" : "#ffffff", 0.85);
    ctx.fillRect(left, bbox.top, width, 15 * ratio);
    ctx.fillStyle = palette.mark;
    ctx.fillText(text, left + 4 * ratio, bbox.top + 2 * ratio);
  }
}

function shortened({ text }: MarkData): string {
  const characters = [...text];
  return characters.length <= LONGEST ? text : `${characters.slice(0, LONGEST - 1).join("")}…`;
}
