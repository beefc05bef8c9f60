/**
 * A chart over time, with its legend and its table.
 *
 * @module
 */

import type uPlot from "uplot";
import { formatSpan } from "../../../display/numbers.ts";
import { failure, type Result } from "../../../result.ts";
import type { Span } from "../../../statistics/spans.ts";
import { type Recorder, secondsWithin } from "../model/recorded.ts";
import type { WallClock } from "../model/clock.ts";
import type { ViewStore } from "../model/view_store.ts";
import { type Palette, paletteOf } from "../ui/colours.ts";
import { tableBehind, type TableContent } from "../ui/data_table.ts";
import { h, replace } from "../ui/dom.ts";
import { unwatch, watch } from "../ui/lazy_drawing.ts";
import { type LegendItem, legendOf } from "../ui/legend.ts";
import { AXIS_WIDTH, RIGHT_MARGIN } from "./axes.ts";
import { type PlotContent, timePlot } from "./time_plot.ts";

/** The content of a chart. */
export interface ChartContent extends PlotContent {
  readonly legend: readonly LegendItem[];
  /** The numbers of the chart. */
  readonly table: () => TableContent;
  /** What the chart shows, in a sentence for screen readers. */
  readonly summary: string;
}

/** Makes the content of a chart `width` pixels wide; fails with a sentence if there is none. */
export type ContentMaker = (palette: Palette, width: number) => Result<ChartContent, "empty">;

/** The value of what nobody knows, since recording was off. */
export const OFF = "off";

/** A chart without content, of some recorders. */
export function nothing(store: ViewStore, recorders: readonly Recorder[]): Result<ChartContent, "empty"> {
  const { off, recorded } = store.recordedTimes(recorders);
  const isOff = secondsShown(store, off) > 0 && secondsShown(store, recorded) === 0;
  return failure("empty", isOff ? "Recording was off in this time." : "These processes recorded nothing in this time.");
}

/** The seconds of some times that are shown. */
function secondsShown(store: ViewStore, times: readonly Span<number>[]): number {
  return secondsWithin(times, store.state.from, store.state.to, store.data.bins.width);
}

/** Says in the legend what is hatched. */
const OFF_ITEM: LegendItem = { name: "recording off", colour: "", mark: "off", value: () => "" };

/** How a chart is made. */
export interface ChartOptions {
  readonly store: ViewStore;
  readonly clock: WallClock;
  readonly title: string;
  /** What the chart is about; added to the title for screen readers. */
  readonly about: string;
  /** Level of its heading. */
  readonly level: "h3" | "h4";
  /** Height of the plot with its axes, pixels. */
  readonly height: number;
  /** Whether times are written below the plot. */
  readonly times: boolean;
  readonly content: ContentMaker;
}

/** A chart. */
export interface TimeChart {
  readonly element: HTMLElement;
  /** Must be called when it is removed from the page. */
  readonly dispose: () => void;
}

/** Creates a chart; it is drawn when it comes into view, and again when something changes. */
export function timeChart(options: ChartOptions): TimeChart {
  const { store, title, about, height } = options;
  const legend = h("div", { class: "legend" });
  const host = h("div", { class: "plot", style: { height: `${height}px` } });
  // What it shows is said when it is drawn; the keyboard may come before.
  const name = `Chart: ${title} of ${about}.`;
  const focusable = h("div", { class: "plot-focus", role: "group", tabindex: 0, "aria-label": name }, host);
  const table = tableBehind(`${title} of ${about}`);
  const heading = h(options.level, {}, title, h("span", { class: "hidden" }, ` of ${about}`));
  const scale = h("span", { class: "scale", title: "The axis is logarithmic", hidden: true }, "log");
  const caption = h("figcaption", {}, heading, scale, legend, table.toggle);
  const element = h("figure", { class: "chart" }, caption, focusable, table.element);
  let plot: uPlot | undefined;
  const clear = (): void => {
    plot?.destroy();
    plot = undefined;
    replace(host);
  };
  const draw = (): void => {
    const width = host.clientWidth;
    if (width === 0) return;
    const { left = -1, top = -1 } = plot?.cursor ?? {};
    clear();
    const palette = paletteOf(store.state.dark);
    const content = options.content(palette, width - AXIS_WIDTH - RIGHT_MARGIN);
    table.fill(content.ok ? content.value.table : undefined);
    scale.hidden = !content.ok || !content.value.y.logarithmic;
    const off = content.ok ? secondsShown(store, content.value.off ?? []) : 0;
    const pause = off > 0 ? ` Recording was off for ${formatSpan(off)}.` : "";
    const summary = content.ok ? content.value.summary + pause : content.reason;
    focusable.setAttribute("aria-label", `${name} ${summary}`);
    const onCursor = legendOf(legend, content.ok ? [...off > 0 ? [OFF_ITEM] : [], ...content.value.legend] : []);
    if (!content.ok) replace(host, h("p", { class: "nothing" }, content.reason));
    else {
      plot = timePlot({ ...options, palette, host, width, onCursor }, content.value);
      // What is live is drawn anew below a pointer that rests.
      if (store.isLive && left >= 0) plot.setCursor({ left, top }, false);
    }
  };
  const drawing = watch(element, draw, clear);
  const unsubscribe = store.subscribe((_, before) => {
    if (store.chartsChanged(before)) drawing.redraw();
  });
  const dispose = (): void => {
    unsubscribe();
    unwatch(element);
  };
  return { element, dispose };
}
