/**
 * Lines over time as SVG: a panel for each unit, below each other, with one axis of time.
 *
 * @module
 */

import { formatClock, formatDate, formatDay, formatOffset, secondsInto } from "../../display/local_time.ts";
import { formatQuantity, type Unit } from "../../display/numbers.ts";
import { sanitize } from "../../display/sanitize.ts";
import { linearTicks, type TickClock, timeTicks } from "../../display/ticks.ts";
import { NANOSECONDS_PER_SECOND } from "../../series.ts";
import type { Intervals, Values } from "./evaluate.ts";

/** A line and its name. */
export interface ChartLine extends Values {
  readonly name: string;
}

/** What is drawn. */
export interface Chart {
  readonly title: string;
  readonly intervals: Intervals;
  readonly lines: readonly ChartLine[];
  /** What programs marked. */
  readonly marks: readonly { readonly at: bigint; readonly text: string }[];
}

/** Pixels. */
const [WIDTH, PLOT_HEIGHT, LEFT, RIGHT, TOP] = [960, 240, 84, 24, 44];
const [LEGEND_LINE, PANEL_GAP, BOTTOM] = [18, 14, 48];

const FONT = "Inter, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', 'Liberation Sans', sans-serif";

/** Those of the processes in a report: the colour-blind can tell them apart. */
const COLOURS = ["#0969b8", "#cf5a00", "#00835c", "#a3317f", "#8a6900", "#3f9bcf", "#a01f3c", "#6b737c"];

/** What the values of an axis are. */
const TITLES: Readonly<Record<Unit, string>> = {
  s: "time",
  bytes: "size",
  "bytes/s": "bytes per second",
  cores: "cores",
  "1/s": "per second",
  "": "value",
};

/** Draws a chart. */
export function svgChart({ title, intervals, lines, marks }: Chart): string {
  const { from, width, length } = intervals;
  const seconds = Number(width) / NANOSECONDS_PER_SECOND;
  const duration = length * seconds;
  const x = (at: number): string => number(LEFT + (at / duration) * (WIDTH - LEFT - RIGHT));
  const clock = clockFrom(from);
  const ticks = timeTicks(0, duration, (WIDTH - LEFT - RIGHT) / 100, clock);
  const parts: string[] = [];
  const draw = (markup: string): void => void parts.push(markup);
  const panels = [
    ...Map.groupBy(lines.map((line, at) => ({ ...line, colour: COLOURS[at % COLOURS.length]! })), ({ unit }) => unit),
  ];
  let top = TOP;
  for (const [unit, own] of panels) {
    for (const { name, colour } of own) {
      draw(
        `<line x1="${LEFT}" x2="${LEFT + 22}" y1="${top - 4}" y2="${top - 4}" stroke="${colour}" stroke-width="2.5"/>`,
      );
      draw(text(LEFT + 30, top, shortened(name, 120), { fill: "#1b2026" }));
      top += LEGEND_LINE;
    }
    const [low, high] = rangeOf(own);
    const bottom = top + PLOT_HEIGHT;
    const y = (value: number): string => number(bottom - (value - low) / (high - low) * PLOT_HEIGHT);
    for (const tick of linearTicks(low, high, 6)) {
      draw(`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick)}" y2="${y(tick)}" stroke="#e4e8ec"/>`);
      draw(text(LEFT - 8, Number(y(tick)) + 4, formatQuantity(tick, unit, { trim: true }), { anchor: "end" }));
    }
    for (const tick of ticks.at) {
      draw(`<line x1="${x(tick)}" x2="${x(tick)}" y1="${top}" y2="${bottom}" stroke="#eef1f4"/>`);
    }
    draw(
      `<text transform="translate(18 ${top + PLOT_HEIGHT / 2}) rotate(-90)" text-anchor="middle">${
        TITLES[unit]
      }</text>`,
    );
    for (const { at, text: said } of marks) {
      const place = x(Number(at - from) / NANOSECONDS_PER_SECOND);
      draw(`<line x1="${place}" x2="${place}" y1="${top}" y2="${bottom}" stroke="#a3317f" stroke-dasharray="4 3"/>`);
      const isLeft = Number(place) > WIDTH - 200;
      const [side, anchor] = isLeft ? [-4, "end" as const] : [4, "start" as const];
      draw(text(Number(place) + side, top + 11, shortened(said, 28), { anchor, fill: "#a3317f" }));
    }
    for (const { values, colour } of own) draw(lineOf(values, (at) => x((at + 0.5) * seconds), y, colour));
    top = bottom + PANEL_GAP + LEGEND_LINE;
  }
  const axis = top - PANEL_GAP;
  for (const [index, tick] of ticks.at.entries()) {
    draw(text(Number(x(tick)), axis, ticks.labels[index]!, { anchor: "middle" }));
  }
  const zone = `UTC${formatOffset(from).replace("+00:00", "")}`;
  draw(
    text(LEFT + (WIDTH - LEFT - RIGHT) / 2, axis + 22, `time of day, ${formatDate(from)}, ${zone}`, {
      anchor: "middle",
    }),
  );
  const height = axis + BOTTOM - 14;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
    `font-family="${FONT}" font-size="12" fill="#5a6572">
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${text(LEFT, 20, shortened(title, 110), { fill: "#1b2026", bold: true })}
${parts.join("\n")}
</svg>
`;
}

/** The range of an axis: from zero, if all values are on one side of it. */
function rangeOf(lines: readonly Values[]): [low: number, high: number] {
  let [low, high] = [0, 0];
  for (const { values } of lines) {
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  const air = 0.04 * (high - low);
  return low === high ? [low, low + 1] : [low < 0 ? low - air : 0, high > 0 ? high + air : 0];
}

/** A gap of so many times the usual distance of points interrupts a line. */
const GAP = 2.5;

/** A line that is interrupted where values are missing for longer than usual; values alone are dots. */
function lineOf(values: Float64Array, x: (at: number) => string, y: (value: number) => string, colour: string): string {
  const there = [...values.keys()].filter((at) => Number.isFinite(values[at]));
  const distances = there.slice(1).map((at, index) => at - there[index]!).sort((one, other) => one - other);
  const longest = GAP * (distances[Math.floor(distances.length / 2)] ?? 1);
  const pieces: string[] = [];
  const dots: string[] = [];
  let piece: string[] = [];
  const end = (): void => {
    if (piece.length > 1) pieces.push(`M${piece.join("L")}`);
    else if (piece.length === 1) dots.push(piece[0]!);
    piece = [];
  };
  for (const [index, at] of there.entries()) {
    if (index > 0 && at - there[index - 1]! > longest) end();
    piece.push(`${x(at)} ${y(values[at]!)}`);
  }
  end();
  const line = `<path d="${
    pieces.join("")
  }" fill="none" stroke="${colour}" stroke-width="1.6" stroke-linejoin="round"/>`;
  const circles = dots.map((dot) => {
    const [cx, cy] = dot.split(" ");
    return `<circle cx="${cx}" cy="${cy}" r="2.2" fill="${colour}"/>`;
  });
  return [...pieces.length > 0 ? [line] : [], ...circles].join("\n");
}

function text(
  x: number,
  y: number,
  content: string,
  { anchor = "start", fill, bold = false }: {
    readonly anchor?: "start" | "middle" | "end";
    readonly fill?: string;
    readonly bold?: boolean;
  },
): string {
  const look = `${fill === undefined ? "" : ` fill="${fill}"`}${bold ? ' font-weight="600" font-size="14"' : ""}`;
  return `<text x="${number(x)}" y="${number(y)}" text-anchor="${anchor}"${look}>${escaped(content)}</text>`;
}

function shortened(label: string, most: number): string {
  const characters = Array.from(sanitize(label));
  return characters.length <= most ? characters.join("") : `${characters.slice(0, most - 1).join("")}…`;
}

function escaped(content: string): string {
  return sanitize(content).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function clockFrom(from: bigint): TickClock {
  const timepoint = (seconds: number): bigint => from + BigInt(Math.round(seconds * 1e9));
  return {
    time: (seconds, digits = 0) => formatClock(timepoint(seconds), digits),
    minute: (seconds) => formatClock(timepoint(seconds)).slice(0, 5),
    day: (seconds) => formatDay(timepoint(seconds)),
    phase: (period) => secondsInto(from, period),
  };
}
