import { formatInteger } from "../../src/display/numbers.ts";

/** A contender in the chart. */
export interface Bar {
  readonly name: string;
  /** What it keeps of a sample. */
  readonly keeps: string;
  /** Nanoseconds per sample on each runtime. */
  readonly deno: number;
  readonly bun: number;
}

/** Layout of the chart, px. */
const WIDTH = 800;
const MARGIN = 24;
const TOP = 116;
const BARS_LEFT = 232;
const BARS_RIGHT = WIDTH - 84;
const BAR = 13;
const GROUP = 44;
const DENO_DOWN = 5;
const BUN_DOWN = DENO_DOWN + BAR + 1;
const BOTTOM = 46;

/**
 * Bars longer than this times the median are cut, so that the others are long enough to compare.
 */
const CUT_BEYOND = 3;

/** Colours by use. */
interface Colours {
  readonly paper: string;
  readonly edge: string;
  readonly ink: string;
  readonly faint: string;
  readonly grid: string;
  readonly deno: string;
  readonly paleDeno: string;
  readonly bun: string;
  readonly paleBun: string;
}

const LIGHT: Colours = {
  paper: "#ffffff",
  edge: "#d8dee4",
  ink: "#1f2328",
  faint: "#656d76",
  grid: "#e7ebef",
  deno: "#2a6fdb",
  paleDeno: "#a9c5f1",
  bun: "#d6568c",
  paleBun: "#efbbd1",
};

const DARK: Colours = {
  paper: "#0d1117",
  edge: "#30363d",
  ink: "#e6edf3",
  faint: "#8d96a0",
  grid: "#21262d",
  deno: "#589bff",
  paleDeno: "#2b4d80",
  bun: "#f08bb4",
  paleBun: "#7a4660",
};

/** Styles with literal colours, since not every viewer of SVG supports CSS variables. */
function colours({ paper, edge, ink, faint, grid, deno, paleDeno, bun, paleBun }: Colours): string {
  return `
  text { fill: ${ink}; }
  .paper { fill: ${paper}; stroke: ${edge}; }
  .faint { fill: ${faint}; }
  .number, .cut { stroke: ${paper}; }
  .grid { stroke: ${grid}; }
  .deno { fill: ${deno}; }
  .bun { fill: ${bun}; }
  .pale-deno { fill: ${paleDeno}; }
  .pale-bun { fill: ${paleBun}; }
  .line.deno { stroke: ${deno}; }
  .line.bun { stroke: ${bun}; }`;
}

const STYLE = `${colours(LIGHT)}
  @media (prefers-color-scheme: dark) {${colours(DARK)}
  }
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-size: 12px; }
  .title { font-size: 19px; font-weight: 650; }
  .name { font-size: 13px; }
  .ours { font-weight: 700; }
  .faint { font-size: 11px; }
  .number { font-variant-numeric: tabular-nums; font-size: 11px; stroke-width: 3; stroke-linejoin: round; paint-order: stroke; }
  .line { stroke-width: 1.5; stroke-dasharray: 4 3; fill: none; }
  .line.deno, .line.bun, .cut { fill: none; }
  .cut { stroke-width: 3; }`;

/**
 * Draws the cost of a sample as an SVG chart, for light and dark pages. `bare` is the baseline,
 * `ours` is highlighted, and the others are sorted by their time on Deno.
 */
export function comparisonChart(bars: readonly Bar[], bare: string, ours: string): string {
  const baseline = bars.find(({ name }) => name === bare);
  if (baseline === undefined) throw new Error(`Cannot draw the chart: ${bare}: no such contender`);
  const others = bars.filter((bar) => bar !== baseline).toSorted((a, b) => a.deno - b.deno);
  const sorted = [baseline, ...others];
  const limit = longestShown(sorted);
  const step = tickStep(limit);
  const end = Math.ceil(limit / step) * step;
  const x = (value: number): number => BARS_LEFT + Math.min(1, value / end) * (BARS_RIGHT - BARS_LEFT);
  const base = TOP + sorted.length * GROUP;
  const height = base + BOTTOM;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, i) => i * step);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" ` +
    `aria-labelledby="title desc">`,
    `<title id="title">What one duration sample costs</title>`,
    `<desc id="desc">${escape(description(sorted))}</desc>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="paper" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="10"/>`,
    text("title", MARGIN, 40, "What one duration sample costs"),
    text("faint", MARGIN, 60, "Nanoseconds to time an empty block, recording and files included. Shorter is better."),
    ...legend(),
    ...ticks.flatMap((tick) => [
      `<path class="grid" d="M${round(x(tick))} ${TOP - 6}V${base}"/>`,
      text("faint", x(tick), base + 18, tick === 0 ? "0" : `${tick} ns`, "middle"),
    ]),
    ...sorted.flatMap((bar, i) => shapes(bar, TOP + i * GROUP, bar.name === ours, { x, end })),
    ...(["deno", "bun"] as const).map((runtime) =>
      `<path class="line ${runtime}" d="M${round(x(baseline[runtime]))} ${TOP - 6}V${base}"/>`
    ),
    // Above the lines.
    ...sorted.flatMap((bar, i) => texts(bar, TOP + i * GROUP, bar.name === ours, { x, end })),
    text("faint", (x(baseline.deno) + x(baseline.bun)) / 2, TOP - 14, `the lines to beat: ${bare}`, "middle"),
    "</svg>",
  ].join("\n") + "\n";
}

/** From nanoseconds to pixels, up to an end. */
interface Scale {
  readonly x: (value: number) => number;
  readonly end: number;
}

/** The bars of a contender. */
function shapes({ deno, bun }: Bar, top: number, isOurs: boolean, scale: Scale): string[] {
  const pale = isOurs ? "" : "pale-";
  return [...shape(`${pale}deno`, deno, top + DENO_DOWN, scale), ...shape(`${pale}bun`, bun, top + BUN_DOWN, scale)];
}

function shape(style: string, value: number, top: number, { x, end }: Scale): string[] {
  const right = x(value);
  const bar = `<rect class="${style}" x="${BARS_LEFT}" y="${top}" width="${
    round(right - BARS_LEFT)
  }" height="${BAR}" rx="2"/>`;
  if (value <= end) return [bar];
  // A break: the bar is longer than shown.
  const breaks = [28, 22].map((before) => `M${round(right - before)} ${top + BAR + 1}l6 -${BAR + 2}`).join("");
  return [bar, `<path class="cut" d="${breaks}"/>`];
}

/** The texts of a contender: its name, what it keeps, and its times. */
function texts({ name, keeps, deno, bun }: Bar, top: number, isOurs: boolean, { x }: Scale): string[] {
  const number = (value: number, down: number): string =>
    text("number", x(value) + 6, top + down + BAR - 3, formatInteger(value));
  return [
    text(isOurs ? "name ours" : "name", BARS_LEFT - 14, top + 15, name, "end"),
    text("faint", BARS_LEFT - 14, top + 30, `keeps ${keeps}`, "end"),
    number(deno, DENO_DOWN),
    number(bun, BUN_DOWN),
  ];
}

function legend(): string[] {
  return [["deno", "Deno"], ["bun", "Bun"]].flatMap(([style, name], i) => {
    const left = WIDTH - MARGIN - 116 + i * 64;
    return [
      `<rect class="${style}" x="${left}" y="30" width="12" height="12" rx="2"/>`,
      text("name", left + 18, 41, name!),
    ];
  });
}

/** The longest time whose bar is not cut. */
function longestShown(bars: readonly Bar[]): number {
  const times = bars.flatMap(({ deno, bun }) => [deno, bun]).toSorted((a, b) => a - b);
  const middle = times[times.length >> 1]!;
  return times.findLast((time) => time <= CUT_BEYOND * middle)!;
}

/** A round distance between the marks of an axis, for about five marks. */
function tickStep(end: number): number {
  const power = 10 ** Math.floor(Math.log10(end / 4));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => end / step <= 6)!;
}

/** The chart in words. */
function description(bars: readonly Bar[]): string {
  return "Nanoseconds per sample. " +
    bars.map(({ name, keeps, deno, bun }) =>
      `${name} (keeps ${keeps}): ${Math.round(deno)} on Deno, ${Math.round(bun)} on Bun.`
    ).join(" ");
}

function text(style: string, x: number, y: number, content: string, align = "start"): string {
  return `<text class="${style}" x="${round(x)}" y="${y}" text-anchor="${align}">${escape(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
