/**
 * The plot of a chart over time. All plots share one cursor and one zoom.
 *
 * @module
 */

import uPlot from "uplot";
import { digitsFor, type WallClock } from "../model/clock.ts";
import type { ViewStore } from "../model/view_store.ts";
import type { Span } from "../../../statistics/spans.ts";
import { hatch } from "../ui/hatch.ts";
import { drawLifeMarks } from "./life_marks.ts";
import { drawMarks } from "./marks.ts";
import { type Palette, translucent } from "../ui/colours.ts";
import { h } from "../ui/dom.ts";
import { touchSelects } from "../ui/touch.ts";
import { axesOf, RIGHT_MARGIN, type ValueAxis } from "./axes.ts";

/** The content of a plot. */
export interface PlotContent {
  /** Seconds since the report's `from`, ascending. */
  readonly x: readonly number[];
  /**
   * Lines and areas; the data of each has a value for each `x`, `null` where the line is interrupted,
   * or `undefined` where there is no value and it is not.
   */
  readonly series: readonly {
    readonly options: uPlot.Series;
    readonly data: readonly (number | null | undefined)[];
  }[];
  readonly bands?: readonly uPlot.Band[];
  readonly y: ValueAxis;
  /** Times in which recording was off, ns since the report's `from`; they are hatched. */
  readonly off?: readonly Span<number>[];
  /**
   * Returns the index for a time, and for a value if the cursor is in this plot and not in another
   * one. By default it is that of the nearest `x`, and the cursor puts dots there.
   */
  readonly indexAt?: (seconds: number, value: number | undefined) => number;
  /** Draws something below the lines. */
  readonly below?: (plot: uPlot) => void;
  /** Draws something above the lines. */
  readonly above?: (plot: uPlot) => void;
}

/** Where a plot is drawn, and how. */
export interface PlotOptions {
  readonly store: ViewStore;
  readonly clock: WallClock;
  readonly palette: Palette;
  readonly host: HTMLElement;
  /** Width with the axes, pixels. */
  readonly width: number;
  readonly height: number;
  /** Whether times are written below the plot. */
  readonly times: boolean;
  /** Called with the index at the cursor, or with `null` if it is elsewhere. */
  readonly onCursor: (index: number | null) => void;
}

/** Draws a plot of the time range shown. */
export function timePlot(options: PlotOptions, content: PlotContent): uPlot {
  const { store, clock, palette, host, width, height, times } = options;
  const { from, to } = store.state;
  const range: [number, number] = [from * store.binSeconds, to * store.binSeconds];
  const { logarithmic, range: [low, high] } = content.y;
  const bubble = timeBubble(clock, (range[1] - range[0]) / width);
  const plot = new uPlot(
    {
      width,
      height,
      padding: [6, RIGHT_MARGIN, times ? 0 : 6, 0],
      legend: { show: false },
      scales: {
        x: { time: false, range: () => range },
        y: { distr: logarithmic ? 3 : 1, range: () => [low, high] },
      },
      axes: axesOf(palette, clock, content.y, times),
      series: [
        {},
        ...content.series.map(({ options, data }) => ({ ...options, points: pointsOf(options, data) })),
      ],
      ...content.bands === undefined ? {} : { bands: [...content.bands] },
      cursor: {
        y: false,
        points: content.indexAt === undefined ? { size: 6 } : { show: false },
        drag: { x: true, y: false, setScale: false, dist: 5 },
        sync: { key: "time", scales: ["x", null] },
        bind: { dblclick: () => () => (store.resetZoom(), null) },
      },
      hooks: {
        drawAxes: [
          clipped((plot) => markSpan(plot, store.state.pointedOut, palette)),
          clipped((plot) => hatchPauses(plot, content.off ?? [], palette)),
          ...content.below === undefined ? [] : [clipped(content.below)],
        ],
        draw: [
          ...content.above === undefined ? [] : [clipped(content.above)],
          clipped((plot) => drawMarks(plot, store, palette)),
          clipped((plot) => drawLifeMarks(plot, store, palette)),
        ],
        setCursor: [(plot) => {
          const { left = -1, top = -1, idx } = plot.cursor;
          const seconds = plot.posToVal(left, "x");
          if (times) bubble.show(seconds, left);
          const value = plot.over.matches(":hover") ? plot.posToVal(top, "y") : undefined;
          options.onCursor(left < 0 ? null : content.indexAt?.(seconds, value) ?? idx ?? null);
        }],
        setSelect: [(plot) => {
          const { left, width } = plot.select;
          if (width > 2) store.zoomToSeconds(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
        }],
      },
    },
    [[...content.x], ...content.series.map(({ data }) => [...data])] as uPlot.AlignedData,
    host,
  );
  plot.over.append(bubble.element);
  touchSelects(plot);
  return plot;
}

/**
 * The points of a line: all of them if there is room, and otherwise those that no line goes through,
 * such as a program that lived for less than a pixel.
 */
function pointsOf({ points }: uPlot.Series, data: readonly (number | null | undefined)[]): uPlot.Series.Points {
  if (points === undefined) return { show: false };
  const isEnd = (value: number | null | undefined): boolean => value === null || value === undefined;
  const beside = (index: number, step: -1 | 1): boolean => {
    let at = index + step;
    while (at >= 0 && at < data.length && data[at] === undefined) at += step;
    return isEnd(data[at]);
  };
  const alone = [...data.keys()].filter((i) => !isEnd(data[i]) && beside(i, -1) && beside(i, 1));
  return { filter: (_plot, _series, areAllShown) => areAllShown || alone.length === 0 ? null : alone, ...points };
}

/** Shows the time below the cursor. `pixel`: width of a pixel, seconds. */
function timeBubble(clock: WallClock, pixel: number): {
  readonly element: HTMLElement;
  readonly show: (seconds: number, left: number) => void;
} {
  const element = h("div", { class: "bubble", hidden: true });
  const show = (seconds: number, left: number): void => {
    element.hidden = left < 0;
    element.textContent = clock.time(seconds, digitsFor(pixel));
    element.style.setProperty("left", `${left}px`);
  };
  return { element, show };
}

/** Marks the time that a finding is about; one too short to be seen is a line. */
function markSpan(plot: uPlot, span: Span<number> | undefined, palette: Palette): void {
  if (span === undefined) return;
  const { ctx, bbox } = plot;
  const [left, right] = [plot.valToPos(span.from / 1e9, "x", true), plot.valToPos(span.to / 1e9, "x", true)];
  const least = 2 * devicePixelRatio;
  ctx.fillStyle = translucent(palette.pointedOut, right - left > 4 * least ? 0.16 : 0.6);
  ctx.fillRect(left, bbox.top, Math.max(least, right - left), bbox.height);
}

/** Hatches the times in which recording was off. */
function hatchPauses(plot: uPlot, off: readonly Span<number>[], palette: Palette): void {
  const { ctx, bbox } = plot;
  hatch(
    ctx,
    off.map(({ from, to }) => {
      const [left, right] = [plot.valToPos(from / 1e9, "x", true), plot.valToPos(to / 1e9, "x", true)];
      return { left, top: bbox.top, width: right - left, height: bbox.height };
    }),
    { colour: palette.hatch, step: 7 * devicePixelRatio },
  );
}

/** Clips a drawing to the frame of the plot. */
function clipped(draw: (plot: uPlot) => void): (plot: uPlot) => void {
  return (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    draw(plot);
    ctx.restore();
  };
}
