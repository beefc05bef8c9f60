import { sanitize } from "../../../display/sanitize.ts";
import {
  counted,
  formatCount,
  formatInteger,
  formatQuantity,
  formatRate,
  formatSpan,
} from "../../../display/numbers.ts";
import type { SeriesSummary, Summary } from "../../../analysis/summary/summary.ts";
import type { Reading } from "../../../analysis/source/reading.ts";
import { formatTimeRange } from "../../../display/local_time.ts";
import { sparkline } from "../../terminal/sparkline.ts";
import { type Column, formatTable, type TableRoom } from "../../terminal/table.ts";
import { bold, COMPACT, dim, SPACED } from "../../terminal/text.ts";
import { quantileName } from "../../../statistics/quantiles.ts";
import { sorted, type SortKey } from "./order.ts";
import { formatRuntime } from "./runtime_text.ts";

/** What a summary is of, and how it is to look. */
export interface SummaryLook extends TableRoom {
  /** What the user named. */
  readonly sources: readonly string[];
  readonly reading: Reading;
  readonly sort: SortKey;
  /** Whether each process is shown for itself. */
  readonly byPid: boolean;
  /** How many series of each kind are shown, but for those of the runtime, which all are; 0 for all. */
  readonly top: number;
}

/** A summary for people: a header, and a table for each kind of series. */
export function formatSummary(summary: Summary, look: SummaryLook): string {
  const { durations, quantities, runtime } = summary;
  const seconds = secondsOf(summary);
  const sections = [header(summary, look)];
  const add = (title: string, table: string): void =>
    void sections.push(`${look.hasColors ? bold(title) : title}\n${table}`);
  if (durations.length > 0) {
    const order = look.sort === "label" ? "" : `, by ${look.sort === "total" ? "total time" : look.sort}`;
    add(`Durations${order}`, formatSeries(durations, seconds, "s", look));
  }
  for (const [channel, series] of Map.groupBy(quantities, ({ channel }) => channel)) {
    add(capitalized(sanitize(channel)), formatSeries(series, seconds, "", look));
  }
  if (runtime.length > 0) add("Runtime", formatRuntime(runtime, look));
  return sections.join("\n");
}

/** Length of the time that is summarized, in seconds. */
export function secondsOf({ range }: Summary): number {
  return range === undefined ? 0 : Number(range.last - range.first) / 1e9;
}

function header(summary: Summary, { sources, reading, hasColors }: SummaryLook): string {
  const { rows, range, pids } = summary;
  const name = sanitize(sources.join(" "));
  const found = [
    counted(rows, "row"),
    counted(pids.length, "process"),
    counted(reading.files, "file"),
    ...reading.spools > 0 ? [counted(reading.spools, "spool")] : [],
  ];
  const time = range === undefined
    ? "nothing was recorded, or nothing is selected"
    : `${formatTimeRange(range)}, ${formatSpan(secondsOf(summary), SPACED)}`;
  return [hasColors ? bold(name) : name, time, found.join(", ")].map((line) => `${line}\n`).join("");
}

/** A table of series: how often, how much, when. */
function formatSeries(
  series: readonly SeriesSummary[],
  seconds: number,
  unit: "s" | "",
  look: SummaryLook,
): string {
  const told = (value: number): string => Number.isNaN(value) ? "–" : formatQuantity(value, unit, COMPACT);
  const quantiles = series[0]?.quantiles ?? [];
  const columns: Column<SeriesSummary>[] = [
    { title: "label", side: "left", narrowest: 20, cell: ({ label }) => sanitize(label) },
    ...look.byPid ? [{ title: "PID", cell: ({ pid }: SeriesSummary) => `${pid}` }] : [],
    { title: "count", cell: ({ count }) => formatCount(count, COMPACT) },
    { title: "rate/s", rank: 5, cell: ({ count }) => seconds > 0 ? formatRate(count / seconds, COMPACT) : "–" },
    ...unit === "s"
      ? [{ title: "total", rank: 0, cell: ({ sum }: SeriesSummary) => told(sum) }]
      : [{ title: "last", rank: 4, cell: ({ latest = NaN }: SeriesSummary) => told(latest) }],
    { title: "mean", rank: 3, cell: ({ mean }) => told(mean) },
    ...quantiles.map(({ q }, i): Column<SeriesSummary> => ({
      title: quantileName(q),
      rank: { 0.5: 6, 0.99: 7, 0.999: 2 }[q] ?? 1,
      cell: ({ quantiles }) => told(quantiles[i]!.value),
    })),
    { title: "max", rank: 8, cell: ({ max }) => told(max) },
    {
      title: "over time",
      side: "left",
      rank: 4.5,
      cell: ({ counts }) => sparkline(counts, Math.max(9, Math.min(20, Math.floor((look.width ?? Infinity) / 8)))),
      style: (text) => `\x1b[36m${text}\x1b[39m`,
    },
  ];
  const shown = sorted(series, look.sort).slice(0, look.top || undefined);
  return formatTable(columns, shown, look) + rest(series.length - shown.length, look);
}

function rest(number: number, { hasColors }: SummaryLook): string {
  if (number === 0) return "";
  const text = `and ${formatInteger(number)} more`;
  return `${hasColors ? dim(text) : text}\n`;
}

function capitalized(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
