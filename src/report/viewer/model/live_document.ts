/**
 * The data of a page that is live: a report to which each message of the server is added.
 *
 * @module
 */

import { CHANNELS } from "../../../series.ts";
import type { LiveHead, LiveMessage, PausedSeries } from "../../shared/live_data.ts";
import { unpackBuckets } from "../../shared/packed_buckets.ts";
import type {
  DurationCells,
  DurationData,
  DurationStatistics,
  QuantityCells,
  QuantityData,
  ReportData,
} from "../../shared/report_data.ts";

/** Bins that are dropped at once, when they are older than what is kept. */
const DROPPED_TOGETHER = 32;

/** Of a live series: the cells say more. */
const UNKNOWN: DurationStatistics = {
  count: NaN,
  sum: NaN,
  mean: NaN,
  min: NaN,
  p50: NaN,
  p90: NaN,
  p99: NaN,
  p999: NaN,
  max: NaN,
};

/** Cells whose arrays are added to: readers have no copies of them. */
type Growing<Cells> = {
  -readonly [Name in keyof Cells]: Cells[Name] extends readonly (infer Item)[] ? Item[] : Cells[Name];
};

/** A series with the cells of its processes. */
interface GrowingSeries<Series, Cells> {
  shown: Series;
  readonly processes: Map<number, { readonly cells: Growing<Cells>; pauses: number | undefined }>;
}

/** What the page has. */
export class LiveDocument {
  /** What does not change. */
  readonly head: LiveHead;
  readonly #durations: GrowingSeries<DurationData, DurationCells>[] = [];
  readonly #quantities: GrowingSeries<QuantityData, QuantityCells>[] = [];
  #data: ReportData;

  /** Begins with a message that stands for all there is. */
  constructor(message: LiveMessage) {
    const { head, bins, span, rows } = message;
    if (head === undefined) throw new TypeError("The first message must be of all there is");
    this.head = head;
    this.#data = {
      format: 1,
      title: head.title,
      kymo: head.kymo,
      made: "",
      from: head.from,
      span,
      rows,
      bins,
      processes: [],
      lines: [],
      pauses: [],
      marks: [],
      findings: [],
      durations: [],
      quantities: [],
      profiles: [],
      unread: { rows: 0, problems: [] },
    };
    this.add(message, Infinity);
  }

  /** The report; each message makes another, with the same objects for what has not changed. */
  get data(): ReportData {
    return this.#data;
  }

  /** Adds a message. Bins before those that the server keeps are dropped, but for those from `shown` on. */
  add(message: LiveMessage, shown: number): void {
    const { span, rows, bins, processes, lines, marks, pauses, problems } = message;
    const first = Math.max(0, Math.min(bins.first, shown));
    for (const { id, label = "", request, processes } of message.durations) {
      const series = this.#durations[id] ??= {
        shown: { label, ...request && { request }, statistics: UNKNOWN, processes: [] },
        processes: new Map(),
      };
      for (const { process, cells: packed } of processes) {
        // An array of its own for each, since those of a message are one, which would be kept as long as any of them.
        const buckets = unpackBuckets(packed.buckets).map((cell) => Array.from(cell));
        const cells: DurationCells = { ...packed, buckets };
        replaceCells(cellsOf(series, process, emptyDurations), cells, ["bin", "min", "max", "sum", "buckets"], first);
      }
      series.shown = { ...series.shown, processes: [...series.processes].map(durationsOf) };
    }
    for (const { id, series: of, processes } of message.quantities) {
      const series = this.#quantities[id] ??= {
        shown: { label: "", channel: CHANNELS.custom, unit: "", kind: "level", ...of, processes: [] },
        processes: new Map(),
      };
      for (const cells of processes) {
        const own = cellsOf(series, cells.process, () => emptyQuantities(cells.process));
        replaceCells(own, cells, ["bin", "min", "mean", "max", "count"], first);
      }
      series.shown = { ...series.shown, processes: [...series.processes.values()].map(quantityOf) };
    }
    if (pauses !== undefined) {
      notePauses(this.#durations, pauses.durations, durationsOf);
      notePauses(this.#quantities, pauses.quantities, ([, of]) => quantityOf(of));
    }
    this.#data = {
      ...this.#data,
      span,
      rows,
      bins: { ...bins, first },
      ...processes && { processes },
      ...lines && { lines },
      ...marks && { marks },
      ...pauses && { pauses: pauses.lists },
      ...problems && { unread: { rows: 0, problems } },
      durations: this.#durations.map(({ shown }) => shown),
      quantities: this.#quantities.map(({ shown }) => shown),
    };
  }
}

function emptyDurations(): Growing<DurationCells> {
  return { bin: [], min: [], max: [], sum: [], buckets: [] };
}

function emptyQuantities(process: number): Growing<QuantityCells> {
  return { process, bin: [], min: [], mean: [], max: [], count: [] };
}

function cellsOf<Series, Cells>(
  { processes }: GrowingSeries<Series, Cells>,
  process: number,
  empty: () => Growing<Cells>,
): Growing<Cells> {
  let found = processes.get(process);
  if (found === undefined) processes.set(process, found = { cells: empty(), pauses: undefined });
  return found.cells;
}

type DurationsOfProcess = DurationData["processes"][number];

function durationsOf(
  [process, { cells, pauses }]: [number, { readonly cells: DurationCells; readonly pauses: number | undefined }],
): DurationsOfProcess {
  return { process, statistics: UNKNOWN, cells, ...pauses === undefined ? {} : { pauses } };
}

function quantityOf(
  { cells, pauses }: { readonly cells: QuantityCells; readonly pauses: number | undefined },
): QuantityCells {
  return pauses === undefined ? cells : { ...cells, pauses };
}

/** Notes which series have other pauses than their processes. */
function notePauses<Series extends { readonly processes: readonly Process[] }, Cells, Process>(
  all: readonly GrowingSeries<Series, Cells>[],
  paused: readonly PausedSeries[],
  shown: (of: [number, { readonly cells: Growing<Cells>; readonly pauses: number | undefined }]) => Process,
): void {
  const indices = new Map(paused.map(([series, process, pauses]) => [`${series} ${process}`, pauses]));
  for (const [id, series] of all.entries()) {
    for (const [process, of] of series.processes) of.pauses = indices.get(`${id} ${process}`);
    series.shown = { ...series.shown, processes: [...series.processes].map(shown) };
  }
}

/** Puts cells in the place of those of the same bins, and drops those of bins before `first`. */
function replaceCells<Cells extends { readonly bin: readonly number[] }>(
  own: Growing<Cells>,
  cells: Cells,
  names: readonly (keyof Cells)[],
  first: number,
): void {
  const bins = own.bin as number[];
  const columns = names.map((name) => [own[name] as unknown[], cells[name] as readonly unknown[]] as const);
  for (const [i, bin] of cells.bin.entries()) {
    // Most are new, or the last one.
    let at = bins.length;
    while (at > 0 && bins[at - 1]! >= bin) at--;
    const isKnown = bins[at] === bin;
    if (at === bins.length) { for (const [column, values] of columns) column.push(values[i]); }
    else for (const [column, values] of columns) column.splice(at, isKnown ? 1 : 0, values[i]);
  }
  if ((bins[0] ?? Infinity) > first - DROPPED_TOGETHER) return;
  const kept = bins.findIndex((bin) => bin >= first);
  for (const [column] of columns) column.splice(0, kept < 0 ? bins.length : kept);
}
