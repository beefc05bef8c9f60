/**
 * A chart whose horizontal axis is no time, with its legend and its table.
 *
 * @module
 */

import uPlot from "uplot";
import type { Result } from "../../../result.ts";
import { AXIS_WIDTH, FONT, RIGHT_MARGIN } from "./axes.ts";
import { linearTicks, logTicks } from "../../../display/ticks.ts";
import type { ChartContent } from "./time_chart.ts";
import type { ViewStore } from "../model/view_store.ts";
import { type Palette, paletteOf } from "../ui/colours.ts";
import { tableBehind } from "../ui/data_table.ts";
import { h, replace } from "../ui/dom.ts";
import { watch } from "../ui/lazy_drawing.ts";
import { legendOf } from "../ui/legend.ts";

/** The content of a chart. */
export interface PlainContent
  extends Pick<ChartContent, "x" | "series" | "y" | "legend" | "table" | "summary" | "above"> {
  readonly xAxis: {
    readonly logarithmic: boolean;
    readonly range: readonly [min: number, max: number];
    /** @default round numbers */
    readonly ticks?: readonly number[];
    readonly format: (value: number) => string;
  };
}

/** How a chart is made. */
export interface PlainChartOptions {
  readonly store: ViewStore;
  readonly title: string;
  readonly about: string;
  /** Height of the plot with its axes, pixels. */
  readonly height: number;
  readonly content: (palette: Palette, width: number) => Result<PlainContent, "empty">;
}

/** Pixels between two numbers below a plot. */
const SPACE = 62;

/** Creates a chart; it is drawn when it comes into view. */
export function plainChart({ store, title, about, height, content }: PlainChartOptions): HTMLElement {
  const legend = h("div", { class: "legend" });
  const host = h("div", { class: "plot", style: { height: `${height}px` } });
  const focusable = h("div", { class: "plot-focus", role: "group", tabindex: 0 }, host);
  const table = tableBehind(`${title} of ${about}`);
  const heading = h("h3", {}, title, h("span", { class: "hidden" }, ` of ${about}`));
  const element = h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, heading, legend, table.toggle),
    focusable,
    table.element,
  );
  let plot: uPlot | undefined;
  const clear = (): void => {
    plot?.destroy();
    plot = undefined;
    replace(host);
  };
  const draw = (): void => {
    const width = host.clientWidth;
    if (width === 0) return;
    clear();
    const palette = paletteOf(store.state.dark);
    const drawn = content(palette, width - AXIS_WIDTH - RIGHT_MARGIN);
    table.fill(drawn.ok ? drawn.value.table : undefined);
    focusable.setAttribute(
      "aria-label",
      `Chart: ${title} of ${about}. ${drawn.ok ? drawn.value.summary : drawn.reason}`,
    );
    const onCursor = legendOf(legend, drawn.ok ? drawn.value.legend : []);
    if (!drawn.ok) return replace(host, h("p", { class: "nothing" }, drawn.reason));
    plot = plainPlot(drawn.value, { palette, host, width, height, onCursor });
  };
  const drawing = watch(element, draw, clear);
  store.subscribe((state, before) => {
    if (state.dark !== before.dark) drawing.redraw();
  });
  return element;
}

function plainPlot(
  { x, series, y, above, xAxis }: PlainContent,
  { palette, host, width, height, onCursor }: {
    readonly palette: Palette;
    readonly host: HTMLElement;
    readonly width: number;
    readonly height: number;
    readonly onCursor: (index: number | null) => void;
  },
): uPlot {
  const look = { stroke: palette.axis, font: FONT, border: { show: false }, ticks: { show: false } };
  const grid = { stroke: palette.grid, width: 1 };
  const ticksOf = (logarithmic: boolean, [min, max]: readonly [number, number], most: number): number[] =>
    logarithmic ? logTicks(min, max, most) : linearTicks(min, max, most);
  const bubble = h("div", { class: "bubble", hidden: true });
  const plot = new uPlot(
    {
      width,
      height,
      padding: [6, RIGHT_MARGIN, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, distr: xAxis.logarithmic ? 3 : 1, range: () => [...xAxis.range] as [number, number] },
        y: { distr: y.logarithmic ? 3 : 1, range: () => [...y.range] as [number, number] },
      },
      axes: [
        {
          ...look,
          grid,
          size: 24,
          gap: 4,
          splits: (plot) =>
            xAxis.ticks === undefined
              ? ticksOf(xAxis.logarithmic, xAxis.range, plot.bbox.width / devicePixelRatio / SPACE)
              : [...xAxis.ticks],
          filter: (_plot, ticks) => ticks,
          values: (_plot, ticks) => ticks.map(xAxis.format),
        },
        {
          ...look,
          grid,
          size: AXIS_WIDTH,
          gap: 6,
          splits: (plot) => ticksOf(y.logarithmic, y.range, Math.max(2, plot.bbox.height / devicePixelRatio / 30)),
          filter: (_plot, ticks) => ticks,
          values: (_plot, ticks) => ticks.map((tick) => y.format(tick, { trim: true })),
        },
      ],
      series: [{}, ...series.map(({ options }) => ({ points: { show: false }, ...options }))],
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
      hooks: {
        draw: above === undefined ? [] : [above],
        setCursor: [(plot) => {
          const { left = -1, idx } = plot.cursor;
          bubble.hidden = left < 0;
          if (idx !== null && idx !== undefined) bubble.textContent = xAxis.format(x[idx]!);
          bubble.style.setProperty("left", `${left}px`);
          onCursor(left < 0 ? null : idx ?? null);
        }],
      },
    },
    [[...x], ...series.map(({ data }) => [...data])] as uPlot.AlignedData,
    host,
  );
  plot.over.append(bubble);
  return plot;
}
