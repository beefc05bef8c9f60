/**
 * The colours on canvases. (Those of the page itself are in its style sheet.) The colour-blind can
 * distinguish them: neighbours differ in lightness too, and red against green means nothing.
 *
 * @module
 */

import type { Failure } from "../../shared/report_data.ts";

/** Colours of charts on a light or a dark page. */
export interface Palette {
  readonly axis: string;
  readonly grid: string;
  /** Of the lines that hatch times in which recording was off. */
  readonly hatch: string;
  readonly cursor: string;
  /** Of what programs marked. */
  readonly mark: string;
  /** Of the time that a finding is about. */
  readonly pointedOut: string;
  /** Colours of processes, by their lines. */
  readonly processes: readonly string[];
  /** Colours of quantiles: three shades of a hue that no process has. */
  readonly p50: string;
  readonly p90: string;
  readonly p99: string;
  readonly max: string;
  /** Colours of failed requests, by how they failed. */
  readonly failures: Readonly<Record<Failure, string>>;
  /** Colours of the heat map, from one duration to the most. */
  readonly heat: readonly string[];
}

const LIGHT: Palette = {
  axis: "#5a6572",
  grid: "#e9ecef",
  hatch: "#c3cad1",
  cursor: "#5a6572",
  mark: "#a3317f",
  pointedOut: "#d98a00",
  processes: [
    "#0969b8",
    "#cf5a00",
    "#00835c",
    "#a3317f",
    "#8a6900",
    "#3f9bcf",
    "#a01f3c",
    "#6b737c",
  ],
  p50: "#9a7fe0",
  p90: "#6d47c4",
  p99: "#3f1d8a",
  max: "#1b2026",
  failures: { "5xx": "#c4261d", threw: "#6e1226", aborted: "#6b737c", "4xx": "#d98a00" },
  heat: ["#86bfe3", "#4a95d1", "#3068b8", "#3b3f9c", "#3a2376", "#1c0b3f"],
};

const DARK: Palette = {
  axis: "#9aa6b2",
  grid: "#272d34",
  hatch: "#465059",
  cursor: "#9aa6b2",
  mark: "#f08cc8",
  pointedOut: "#f5b54a",
  processes: [
    "#58aef2",
    "#ff9147",
    "#35d0a0",
    "#f08cc8",
    "#e5c547",
    "#a5dcff",
    "#ff7b86",
    "#b7c0c9",
  ],
  p50: "#8468dc",
  p90: "#a98ef7",
  p99: "#d5c6ff",
  max: "#f2f5f8",
  failures: { "5xx": "#ff6b5f", threw: "#ffc2bc", aborted: "#8d98a4", "4xx": "#f5b54a" },
  heat: ["#4a55b5", "#7d4fc0", "#b94fa8", "#e6677c", "#f79c5b", "#fde58f"],
};

/** Returns the colours of a light or a dark page. */
export function paletteOf(dark: boolean): Palette {
  return dark ? DARK : LIGHT;
}

/** Returns the colour of the processes of a line. */
export function processColour(palette: Palette, line: number): string {
  return palette.processes[line % palette.processes.length] ?? palette.axis;
}

/** Returns the dashes of a process's lines, which distinguish processes of the same colour. */
export function processDash(palette: Palette, line: number): number[] {
  const round = Math.floor(line / palette.processes.length);
  return round === 0 ? [] : round % 2 === 1 ? [6, 3] : [2, 2];
}

/** Interpolates between colours; `share` is 0 for the first and 1 for the last. */
export function between(colours: readonly string[], share: number): string {
  const place = Math.min(1, Math.max(0, share)) * (colours.length - 1);
  const at = Math.min(colours.length - 2, Math.floor(place));
  return mix(colours[at] ?? "#000000", colours[at + 1] ?? "#000000", place - at);
}

/** Mixes two colours `#rrggbb`. */
export function mix(one: string, other: string, share: number): string {
  const [a, b] = [channels(one), channels(other)];
  return `#${a.map((value, at) => hex(value + ((b[at] ?? 0) - value) * share)).join("")}`;
}

/** Adds an opacity, from 0 to 1, to a colour `#rrggbb`. */
export function translucent(colour: string, opacity: number): string {
  return `${colour}${hex(opacity * 255)}`;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

function hex(value: number): string {
  return Math.round(value).toString(16).padStart(2, "0");
}
