import type { LiveProcess } from "../../../analysis/live/live_processes.ts";
import type { LiveRequest } from "../../../analysis/live/live_requests.ts";
import type { LiveInterval, LiveSeriesWithHistory } from "../../../analysis/live/live_view.ts";
import { labelMatcher } from "../../../label_pattern.ts";
import { hasFailed } from "../../../analysis/programs/remarks.ts";
import { type Block, scrolled, share } from "./blocks.ts";
import { type Choice, keysLine, type SortKey } from "./controls.ts";
import { hints } from "./hints.ts";
import { notes } from "./notes.ts";
import { title, type TitleOptions } from "./title.ts";
import { remarks, shortName, stateText } from "./words.ts";
import { sparkline } from "../../terminal/sparkline.ts";
import { COMPACT, dim, red, SPACED, yellow } from "../../terminal/style.ts";
import { type Column, formatTable } from "../../terminal/table.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatQuantity,
  formatRate,
  formatSpan,
} from "../../../display/numbers.ts";
import { labelText, sanitize } from "../../../display/sanitize.ts";
import { processKey } from "../../../files/names.ts";
import { FAILED_OUTCOMES, parseRequestLabel } from "../../../http/request_labels.ts";
import { CHANNELS } from "../../../series.ts";
import { align, shorten, wrapped } from "../../../display/text_width.ts";

/** What the text shows, and the room for it. */
export interface TextOptions extends TitleOptions {
  /** Whether keys can change what is chosen. */
  readonly hasKeys: boolean;
  /** Height of the terminal; `undefined` if unlimited. */
  readonly height: number | undefined;
}

/** For missing values. */
const NOTHING = "–";

/** Columns of a sparkline. */
const SPARKLINE = 30;

/** Text of an interval. */
export interface IntervalText {
  /** Lines that fit into the terminal. */
  readonly lines: string[];
  /** How far they can be scrolled. */
  readonly scrollable: number;
}

/** Lines of a terminal in which there is no room for sentences of several lines. */
const LOW = 12;

/** An interval as text that fits into the terminal. */
export function formatInterval(interval: LiveInterval, options: TextOptions): IntervalText {
  const { width = Infinity, height = Infinity, choice, hasKeys, hasColors } = options;
  const told = (line: string): string[] => height < LOW ? [shorten(line, width)] : wrapped(line, width);
  const head = [title(interval, options), ...notes(interval).flatMap(told)];
  const hint = hints(interval, options).flatMap(told);
  const keys = hasKeys ? keysOf(choice, width, hasColors) : [];
  if (interval.processes.length === 0 && interval.series.length === 0) {
    return { lines: [...head, "", ...hint, ...keys], scrollable: 0 };
  }
  const wanted = choice.filter === "" ? () => true : labelMatcher(`*${choice.filter}*`);
  const all = interval.series.filter(({ label }) => wanted(label));
  const durations = sorted(all.filter(({ unit }) => unit === "s"), choice.sort);
  const quantities = sorted(all.filter(({ unit }) => unit !== "s"), choice.sort);
  const failed = failing(interval.requests.filter(({ route, verb }) => wanted(`${route} [${verb}]`)));
  const table = <Row>(columns: readonly Column<Row>[], rows: readonly Row[], part = 1): Block => ({
    rows: rows.length,
    isTable: true,
    most: Math.floor(height * part),
    lines: (from, to) => tableOf(columns, rows.slice(from, to), options),
  });
  const remarked = remarks(interval.processes).flatMap(told);
  const blocks = [
    table(processColumns(interval, options), inOrder(interval.processes, choice.order), 1 / 3),
    {
      rows: remarked.length,
      isTable: false,
      most: Math.floor(height / 6),
      lines: (from: number, to: number) => remarked.slice(from, to),
    },
    table(requestColumns(interval, options), failed, 1 / 4),
    table(seriesColumns("duration", interval, options), durations.filter((one) => !isOutgoing(one))),
    table(seriesColumns("outgoing request", interval, options), durations.filter(isOutgoing)),
    table(seriesColumns("quantity", interval, options), quantities),
  ];
  const none = all.length === 0 && choice.filter !== "" ? [`No label has "${sanitize(choice.filter)}" in it.`] : [];
  const end = [...hint, ...none].length > 0 ? ["", ...hint, ...none.flatMap(told)] : [];
  const room = height - head.length - end.length - keys.length;
  const { lines, scrollable } = choice.scroll > 0 ? scrolled(blocks, room, choice.scroll) : share(blocks, room);
  return { lines: [...head, ...lines, ...end, ...keys], scrollable };
}

function keysOf(choice: Choice, width: number, hasColors: boolean): string[] {
  const line = keysLine({ ...choice, filter: sanitize(choice.filter) }, width);
  return [hasColors ? dim(line) : line];
}

/** Seconds of lag that are shown as a warning, and as a problem. */
const LAG_WARNING = 0.05;
const LAG_PROBLEM = 0.2;

/** Processes in the order that was chosen. */
function inOrder(processes: readonly LiveProcess[], order: Choice["order"]): readonly LiveProcess[] {
  switch (order) {
    case "worst first":
      return worstFirst(processes);
    case "by name":
      return processes;
    case "by CPU":
      return largestFirst(({ cpu }) => cpu);
    case "by RSS":
      return largestFirst(({ rss }) => rss);
    case "by rate":
      return largestFirst(({ rate }) => rate);
  }

  function largestFirst(of: (one: LiveProcess) => number | undefined): LiveProcess[] {
    return processes.toSorted((one, other) => rank(of(other) ?? null) - rank(of(one) ?? null));
  }
}

/** Those that were killed or failed first, then those whose loop lags most; else in the order given. */
function worstFirst(processes: readonly LiveProcess[]): LiveProcess[] {
  const lag = ({ lag = 0 }: LiveProcess): number => lag >= LAG_WARNING ? rank(lag) : 0;
  return processes.toSorted((one, other) => Number(isWrong(other)) - Number(isWrong(one)) || lag(other) - lag(one));
}

function isWrong(one: LiveProcess): boolean {
  return one.state === "killed" || one.end !== undefined && hasFailed(one.end) ||
    one.restarts !== undefined && hasFailed(one.restarts.last);
}

function isOutgoing({ channel }: LiveSeriesWithHistory): boolean {
  return channel === CHANNELS.client;
}

/** Columns of a terminal in which there is no room for the runtime of each process. */
const NARROW = 80;

function processColumns(
  { processes, seconds, sampled }: LiveInterval,
  { width = Infinity }: TextOptions,
): Column<LiveProcess>[] {
  const nameOf = width < NARROW ? shortName : ({ program }: LiveProcess) => sanitize(program);
  const columns: (Column<LiveProcess> & { readonly of?: keyof LiveProcess })[] = [
    { title: "PID", cell: ({ pid }) => `${pid}` },
    { title: "program", cell: nameOf, side: "left", narrowest: width < NARROW ? 10 : 24 },
    {
      title: "rows/s",
      cell: ({ rate, state }) => state === "off" ? NOTHING : (sampled ? "≈" : "") + formatRate(rate, COMPACT),
      ...width < NARROW ? { rank: 4 } : {},
    },
    { title: "RSS", cell: ({ rss }) => shown(rss, (bytes) => formatBytes(bytes, COMPACT)), rank: 5, of: "rss" },
    {
      title: "heap",
      cell: ({ heapUsed }) => shown(heapUsed, (bytes) => formatBytes(bytes, COMPACT)),
      rank: 3,
      of: "heapUsed",
    },
    { title: "CPU", cell: ({ cpu }) => shown(cpu, (part) => formatPercent(part, COMPACT)), rank: 6, of: "cpu" },
    {
      title: "loop lag",
      cell: ({ lag }) => shown(lag, (seconds) => formatDuration(seconds, COMPACT)),
      style: (text, { lag = 0 }) => lag >= LAG_PROBLEM ? red(text) : lag >= LAG_WARNING ? yellow(text) : text,
      rank: 7,
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
    {
      title: "",
      cell: stateText,
      side: "left",
      narrowest: width < NARROW ? 8 : 24,
      style: (text, one) => isWrong(one) ? red(text) : one.growth === undefined ? text : yellow(text),
    },
  ];
  return columns.filter(({ of }) => of === undefined || processes.some((one) => one[of] !== undefined));
}

function requestColumns(
  { requests, processes, sampled }: LiveInterval,
  options: TextOptions,
): Column<LiveRequest>[] {
  const mark = sampled ? "≈" : "";
  const outcomes = FAILED_OUTCOMES.filter((outcome) => requests.some(({ failures }) => outcome in failures));
  return [
    { title: "failing", cell: ({ route, verb }) => sanitize(`${route} [${verb}]`), side: "left", narrowest: 10 },
    ...processColumn(requests, processes, options),
    {
      title: "failed/s",
      cell: ({ failedRate }) => mark + formatRate(failedRate, COMPACT),
      style: (text, { failed }) => failed > 0 ? red(text) : text,
    },
    {
      title: "of all",
      cell: ({ failedShare }) => failedShare === null ? NOTHING : mark + formatPercent(failedShare, COMPACT),
    },
    ...outcomes.map((outcome) => ({
      title: outcome,
      cell: ({ failures }: LiveRequest) => outcome in failures ? mark + formatCount(failures[outcome]!, COMPACT) : "",
      rank: 1,
    })),
  ];
}

/** Those routes of which requests have failed, the worst first. */
function failing(requests: readonly LiveRequest[]): LiveRequest[] {
  return requests.filter(({ failures }) => Object.keys(failures).length > 0).sort((one, other) =>
    rank(other.failedRate) - rank(one.failedRate) || rank(other.failedShare) - rank(one.failedShare) ||
    (one.route < other.route ? -1 : 1)
  );
}

interface OfProcess {
  readonly pid?: number;
  readonly isolate?: string;
}

/** A column that tells processes apart, if the rows are of single ones. */
function processColumn<Row extends OfProcess>(
  rows: readonly Row[],
  processes: readonly LiveProcess[],
  { width = Infinity }: TextOptions,
): Column<Row>[] {
  if (rows.every(({ pid }) => pid === undefined)) return [];
  const key = ({ pid = 0, isolate = "" }: OfProcess): string => processKey({ pid, isolate });
  const names = new Map(processes.map((one) => [key(one), shortName(one)]));
  const narrowest = Math.max(8, Math.min(24, Math.floor(width / 6)));
  return [{ title: "program", cell: (row) => names.get(key(row)) ?? key(row), side: "left", narrowest }];
}

function seriesColumns(
  kind: string,
  { series, processes, seconds }: LiveInterval,
  options: TextOptions,
): Column<LiveSeriesWithHistory>[] {
  const mark = (sign: string, isMarked: boolean): string => isMarked ? sign : "";
  const value = (number: number | null, { unit }: LiveSeriesWithHistory, sign: string): string =>
    number === null ? NOTHING : sign + formatQuantity(number, unit, COMPACT);
  const longest = series.reduce((longest, { history }) => Math.max(longest, history.length), 0);
  return [
    {
      title: kind,
      cell: ({ label }) => labelText(label),
      side: "left",
      narrowest: 10,
      style: (text, { label }) => isFailure(label) ? red(text) : text,
    },
    ...processColumn(series, processes, options),
    { title: "rate/s", cell: ({ rate, sampled }) => mark("≈", sampled) + formatRate(rate, COMPACT) },
    { title: "p50", cell: (one) => value(one.p50, one, mark("≈", one.approximate)), rank: 2 },
    { title: "p99", cell: (one) => value(one.p99, one, mark("≈", one.approximate)) },
    { title: "max", cell: (one) => value(one.max, one, mark("≥", one.sampled)), rank: 3 },
    {
      title: `p99, last ${formatSpan(Math.round(longest * seconds), SPACED)}`,
      cell: ({ history }) =>
        align(sparkline(history.map((p99) => p99 ?? 0), SPARKLINE), Math.min(longest, SPARKLINE), "right"),
      side: "left",
      rank: 1,
    },
  ];
}

function isFailure(label: string): boolean {
  const outcome = parseRequestLabel(label)?.outcome;
  return FAILED_OUTCOMES.some((failed) => failed === outcome);
}

function sorted(series: readonly LiveSeriesWithHistory[], key: SortKey): LiveSeriesWithHistory[] {
  return series.toSorted((one, other) => {
    const order = key === "label" ? 0 : rank(other[key]) - rank(one[key]);
    return order ||
      (one.label < other.label
        ? -1
        : one.label > other.label
        ? 1
        : (one.pid ?? 0) - (other.pid ?? 0) || ((one.isolate ?? "") < (other.isolate ?? "") ? -1 : 1));
  });
}

/** Rounded, so that lines do not change places with every update. */
function rank(value: number | null): number {
  return value === null ? -Number.MAX_VALUE : Number(value.toPrecision(2));
}

function tableOf<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, hasColors }: TextOptions,
): string[] {
  return formatTable(columns, rows, { width, hasColors }).split("\n").slice(0, -1);
}

function shown(number: number | undefined, format: (number: number) => string): string {
  return number === undefined ? NOTHING : format(number);
}
