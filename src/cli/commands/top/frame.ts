import { COMPACT, SPACED } from "../../terminal/text.ts";
import { align, shorten } from "../../../display/text_width.ts";
import { sanitize } from "../../../display/sanitize.ts";
import {
  formatBytes,
  formatDuration,
  formatPercent,
  formatQuantity,
  formatRate,
  formatSpan,
} from "../../../display/numbers.ts";
import type { LiveProcess } from "../../../analysis/live/live_processes.ts";
import type { LiveInterval, LiveSeriesWithHistory } from "../../../analysis/live/live_view.ts";
import { sparkline } from "../../terminal/sparkline.ts";
import { type Column, formatTable } from "../../terminal/table.ts";
import type { FrameOptions, SortKey } from "./frame_options.ts";
import { hints, notes } from "./notes.ts";
import { title } from "./title.ts";

/** What stands where there is nothing. */
const NOTHING = "–";

const SPARKLINE = 30;

/** How long a program must have recorded nothing before that is told, s. */
const SILENCE = 3;

/** An interval as lines, none of them wider than the room. */
export function frame(interval: LiveInterval, options: FrameOptions): string[] {
  const { width = Infinity, height = Infinity } = options;
  const cut = (line: string): string => shorten(line, width);
  const head = [title(interval, options), ...notes(interval).map(cut)];
  const hint = hints(interval, options).map(cut);
  if (interval.processes.length === 0 && interval.series.length === 0) return [...head, "", ...hint];
  const processes = tableOf(processColumns(interval), interval.processes, options);
  const durations = sorted(interval.series.filter(({ unit }) => unit === "s"), options.sort);
  const quantities = sorted(interval.series.filter(({ unit }) => unit !== "s"), options.sort);
  const tables = [
    fewer(processes, Math.max(4, Math.floor(height / 3))),
    tableOf(seriesColumns("duration", interval), durations, options),
    tableOf(seriesColumns("quantity", interval), quantities, options),
  ];
  const lines = tables.filter((table) => table.length > 1).flatMap((table) => ["", ...table]);
  const end = hint.length > 0 ? ["", ...hint] : [];
  return [...head, ...fewer(lines, height - head.length - end.length), ...end];
}

function processColumns({ processes, seconds, sampled }: LiveInterval): Column<LiveProcess>[] {
  const columns: (Column<LiveProcess> & { readonly of?: keyof LiveProcess })[] = [
    { title: "PID", cell: ({ pid }) => `${pid}` },
    { title: "program", cell: ({ name }) => sanitize(name ?? NOTHING), side: "left", rank: 7, of: "name" },
    { title: "rows/s", cell: ({ rate }) => (sampled ? "≈" : "") + formatRate(rate, COMPACT) },
    { title: "RSS", cell: ({ rss }) => shown(rss, (bytes) => formatBytes(bytes, COMPACT)), rank: 6, of: "rss" },
    {
      title: "heap",
      cell: ({ heapUsed }) => shown(heapUsed, (bytes) => formatBytes(bytes, COMPACT)),
      rank: 4,
      of: "heapUsed",
    },
    { title: "CPU", cell: ({ cpu }) => shown(cpu, (part) => formatPercent(part, COMPACT)), rank: 5, of: "cpu" },
    {
      title: "loop lag",
      cell: ({ lag }) => shown(lag, (seconds) => formatDuration(seconds, COMPACT)),
      rank: 3,
      of: "lag",
    },
    {
      title: "GC/s",
      cell: ({ gc }) => shown(gc?.count, (count) => formatRate(count / seconds, COMPACT)),
      rank: 1,
      of: "gc",
    },
    {
      title: "GC time",
      cell: ({ gc }) => shown(gc?.pause, (pause) => formatPercent(pause / seconds, COMPACT)),
      rank: 2,
      of: "gc",
    },
    { title: "", cell: stateText, side: "left" },
  ];
  return columns.filter(({ of }) => of === undefined || processes.some((one) => one[of] !== undefined));
}

function stateText({ state, age }: LiveProcess): string {
  switch (state) {
    case "running":
      return "";
    case "silent":
      return age !== undefined && age >= SILENCE ? `silent for ${formatSpan(Math.round(age), SPACED)}` : "";
    case "dead":
      return "dead, rows left: kymo recover";
    case "ended":
      return "ended";
  }
}

function seriesColumns(kind: string, { series, seconds }: LiveInterval): Column<LiveSeriesWithHistory>[] {
  const mark = (sign: string, isMarked: boolean): string => isMarked ? sign : "";
  const value = (number: number | null, { unit }: LiveSeriesWithHistory, sign: string): string =>
    number === null ? NOTHING : sign + formatQuantity(number, unit, COMPACT);
  const longest = series.reduce((longest, { history }) => Math.max(longest, history.length), 0);
  return [
    { title: kind, cell: ({ label }) => sanitize(label) || '""', side: "left", narrowest: 12 },
    ...series.some(({ pid }) => pid !== undefined)
      ? [{ title: "PID", cell: ({ pid }: LiveSeriesWithHistory) => `${pid}` }]
      : [],
    { title: "rate/s", cell: ({ rate, sampled }) => mark("≈", sampled) + formatRate(rate, COMPACT) },
    { title: "p50", cell: (one) => value(one.p50, one, mark("≈", one.approximate)), rank: 2 },
    { title: "p99", cell: (one) => value(one.p99, one, mark("≈", one.approximate)) },
    { title: "max", cell: (one) => value(one.max, one, mark("≥", one.sampled)), rank: 3 },
    {
      title: `p99, last ${formatSpan(longest * seconds, SPACED)}`,
      cell: ({ history }) =>
        align(sparkline(history.map((p99) => p99 ?? 0), SPARKLINE), Math.min(longest, SPARKLINE), "right"),
      side: "left",
      rank: 1,
    },
  ];
}

function sorted(series: readonly LiveSeriesWithHistory[], key: SortKey): LiveSeriesWithHistory[] {
  return series.toSorted((one, other) => {
    const order = key === "label" ? 0 : rank(other[key]) - rank(one[key]);
    return order || (one.label < other.label ? -1 : one.label > other.label ? 1 : (one.pid ?? 0) - (other.pid ?? 0));
  });
}

/** Roughly: lines are not to change places each time. */
function rank(value: number | null): number {
  return value === null ? -Number.MAX_VALUE : Number(value.toPrecision(2));
}

function tableOf<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, hasColors }: FrameOptions,
): string[] {
  return formatTable(columns, rows, { width, hasColors }).split("\n").slice(0, -1);
}

/** Only as many lines as fit; the last of them tells how many there would be. */
function fewer(lines: readonly string[], height: number): readonly string[] {
  if (lines.length <= height) return lines;
  return [...lines.slice(0, Math.max(0, height - 1)), `… ${lines.length - height + 1} more`];
}

function shown(number: number | undefined, format: (number: number) => string): string {
  return number === undefined ? NOTHING : format(number);
}
