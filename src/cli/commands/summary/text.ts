import type { Reading } from "../../../analysis/source/reading_report.ts";
import { type Program, programNames } from "../../../analysis/programs/program.ts";
import type { Remark } from "../../../analysis/programs/remarks.ts";
import { outcomesByRoute } from "../../../analysis/frames/route_outcomes.ts";
import { formatFailures } from "./failures.ts";
import { formatPrograms } from "./programs.ts";
import { formatRuntime, nameOf, processColumn } from "./runtime_table.ts";
import type { TimeBins } from "../../../analysis/summary/time_bins.ts";
import { countsIn, type RecordedTime, recordedTimes } from "./recorded_time.ts";
import type { SeriesSummary, Summary } from "../../../analysis/summary/summary.ts";
import { CHANNELS } from "../../../series.ts";
import { formatMarks } from "./marks.ts";
import type { ExtraColumn } from "./extra_columns.ts";
import { sorted, type SortKey } from "./series_order.ts";
import { sparkline } from "../../terminal/sparkline.ts";
import { bold, COMPACT, SPACED } from "../../terminal/style.ts";
import { type Column, formatMore, formatTable, type TableRoom } from "../../terminal/table.ts";
import { formatTimeRange } from "../../../display/local_time.ts";
import { counted, formatCount, formatQuantity, formatRate, formatSpan } from "../../../display/numbers.ts";
import { labelText, sanitize } from "../../../display/sanitize.ts";
import { quantileName } from "../../../statistics/quantiles.ts";

/** What a summary is of, and how to show it. */
export interface SummaryLook extends TableRoom {
  /** The recordings as the user named them. */
  readonly sources: readonly string[];
  readonly reading: Reading;
  readonly sort: SortKey;
  /** Columns beside the usual ones. */
  readonly columns: readonly ExtraColumn[];
  /** The programs that recorded. */
  readonly programs: readonly Program[];
  /** What is to be said of them. */
  readonly remarks: readonly Remark[];
  /** Whether each process is shown separately. */
  readonly byProcess: boolean;
  /**
   * How many series of each kind are shown, 0 for all; those of the runtime are always all shown.
   */
  readonly top: number;
}

/** Formats a summary: a header, and a table for each kind of series. */
export function formatSummary(summary: Summary, look: SummaryLook): string {
  const { durations, quantities, runtime } = summary;
  const programs = formatPrograms(look.programs, look.remarks, look);
  const timeOf = recordedTimes(summary, look.programs);
  const sections = [header(summary, look)];
  const add = (title: string, table: string): void =>
    void sections.push(`${look.hasColors ? bold(title) : title}\n${table}`);
  if (programs !== "") add("Programs", programs);
  if (summary.marks.count > 0) add("Marks", formatMarks(summary.marks, look));
  const ofChannels = Map.groupBy(durations, ({ channel }) => channel);
  for (const [channel, series] of ofChannels) {
    const failing = formatFailures(outcomesByRoute(series), look);
    if (failing !== "") add(`${channel === CHANNELS.client ? "Outgoing requests" : "Requests"} that failed`, failing);
  }
  const order = look.sort === "label" ? "" : `, by ${look.sort === "total" ? "total time" : look.sort}`;
  for (const [channel, series] of ofChannels) {
    const title = channel === CHANNELS.client ? "Outgoing requests" : "Durations";
    add(title + order, formatSeries(series, timeOf, summary.bins, "s", look));
  }
  for (const [channel, series] of Map.groupBy(quantities, ({ channel }) => channel)) {
    add(capitalized(sanitize(channel)), formatSeries(series, timeOf, summary.bins, "", look));
  }
  if (runtime.length > 0) add("Runtime", formatRuntime(runtime, { ...look, pauses: summary.pauses }));
  return sections.join("\n");
}

/** Seconds from the first to the last observation. */
export function secondsOf({ range }: Pick<Summary, "range">): number {
  return range === undefined ? 0 : Number(range.last - range.first) / 1e9;
}

/** Time without any program is told if it is more than this part of the whole. */
const IDLE_PART = 0.05;

function header(summary: Summary, { sources, reading, programs, hasColors }: SummaryLook): string {
  const { rows, range, processes } = summary;
  const name = sanitize(sources.join(" "));
  const found = [
    counted(rows, "row"),
    counted(processes.length, "process"),
    ...reading.databases > 0 ? [counted(reading.databases, "database")] : [],
    ...reading.files > 0 || reading.databases === 0 ? [counted(reading.files, "file")] : [],
    ...reading.spools > 0 ? [counted(reading.spools, "spool")] : [],
  ];
  const seconds = secondsOf(summary);
  const { lived, recorded } = recordedTimes(summary, programs)();
  const idle = seconds - lived > IDLE_PART * seconds
    ? `, in ${formatSpan(lived, SPACED)} of which a program lived`
    : "";
  const paused = recorded < lived ? `; recording was off for ${formatSpan(lived - recorded, SPACED)} of it` : "";
  const time = range === undefined
    ? reading.files + reading.spools + reading.databases > 0
      ? "no observation is selected"
      : reading.problems.length > 0
      ? "nothing could be read"
      : "nothing was recorded"
    : `${formatTimeRange(range)}, ${formatSpan(seconds, SPACED)}${idle}${paused}`;
  return [hasColors ? bold(name) : name, time, found.join(", ")].map((line) => `${line}\n`).join("");
}

/** A table of series: how often, how much, and when. */
function formatSeries(
  series: readonly SeriesSummary[],
  timeOf: (series: SeriesSummary) => RecordedTime,
  bins: TimeBins | undefined,
  unit: "s" | "",
  look: SummaryLook,
): string {
  const cell = (value: number): string => Number.isNaN(value) ? "–" : formatQuantity(value, unit, COMPACT);
  const quantiles = series[0]?.quantiles ?? [];
  const names = programNames(look.programs);
  const columns: Column<SeriesSummary>[] = [
    { title: "label", side: "left", narrowest: 20, cell: ({ label }) => labelText(label) },
    ...look.byProcess
      ? [processColumn(({ pid = 0, isolate = "" }: SeriesSummary) => nameOf({ pid, isolate }, names))]
      : [],
    { title: "count", cell: ({ count }) => formatCount(count, COMPACT) },
    {
      title: "rate/s",
      rank: 5,
      cell(one) {
        const { recorded } = timeOf(one);
        return recorded > 0 ? formatRate(one.count / recorded, COMPACT) : "–";
      },
    },
    ...unit === "s"
      ? [{ title: "total", rank: 0, cell: ({ sum }: SeriesSummary) => cell(sum) }]
      : [{ title: "last", rank: 4, cell: ({ latest = NaN }: SeriesSummary) => cell(latest) }],
    { title: "mean", rank: 3, cell: ({ mean }) => cell(mean) },
    ...quantiles.map(({ q }, i): Column<SeriesSummary> => ({
      title: quantileName(q),
      rank: { 0.5: 6, 0.99: 7, 0.999: 2 }[q] ?? 1,
      cell: ({ quantiles }) => cell(quantiles[i]!.value),
    })),
    { title: "max", rank: 8, cell: ({ max }) => cell(max) },
    ...look.columns.map((title): Column<SeriesSummary> => ({ title, cell: ({ [title]: value = NaN }) => cell(value) })),
    {
      title: "over time",
      side: "left",
      rank: 4.5,
      cell: (one) =>
        sparkline(
          countsIn(bins, one.counts, timeOf(one).off),
          Math.max(9, Math.min(20, Math.floor((look.width ?? Infinity) / 8))),
        ),
      style: (text) => `\x1b[36m${text}\x1b[39m`,
    },
  ];
  const shown = sorted(series, look.sort).slice(0, look.top || undefined);
  return formatTable(columns, shown, look) + formatMore(series.length - shown.length, look);
}

function capitalized(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
