/**
 * Touch on charts: a tap moves the cursor, dragging sideways selects a time range, a double tap
 * shows the whole time. Dragging up and down still scrolls the page.
 *
 * @module
 */

import type uPlot from "uplot";

/** Maximum milliseconds between the taps of a double tap. */
const DOUBLE_TAP = 350;
/** Pixels that a finger may move during a tap. */
const TAP_TOLERANCE = 8;

/** Lets touch select time on a chart. */
export function touchSelects(plot: uPlot): void {
  const { over } = plot;
  let start: number | undefined;
  let lastTap = 0;
  const place = (event: PointerEvent): number => {
    const { left, width } = over.getBoundingClientRect();
    return Math.min(width, Math.max(0, event.clientX - left));
  };
  const move = (event: PointerEvent): void =>
    plot.setCursor({ left: place(event), top: event.clientY - over.getBoundingClientRect().top });
  const select = (from: number, to: number, finished: boolean): void => {
    plot.setSelect({
      left: Math.min(from, to),
      top: 0,
      width: Math.abs(to - from),
      height: over.clientHeight,
    }, finished);
  };
  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    start = place(event);
    move(event);
  });
  over.addEventListener("pointermove", (event) => {
    if (start === undefined || event.pointerType !== "touch") return;
    const now = place(event);
    move(event);
    if (Math.abs(now - start) > TAP_TOLERANCE) select(start, now, false);
  });
  over.addEventListener("pointerup", (event) => {
    if (start === undefined || event.pointerType !== "touch") return;
    const [from, to] = [start, place(event)];
    start = undefined;
    if (Math.abs(to - from) > TAP_TOLERANCE) return select(from, to, true);
    if (event.timeStamp - lastTap < DOUBLE_TAP) {
      over.dispatchEvent(new MouseEvent("dblclick"));
    }
    lastTap = event.timeStamp;
  });
  over.addEventListener("pointercancel", () => {
    start = undefined;
    select(0, 0, false);
  });
}
