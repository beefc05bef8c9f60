import { toDigits } from "../data/size_plan.ts";
import type {
  LiveBins,
  LiveDurations,
  LiveHead,
  LiveMessage,
  LivePauses,
  LiveQuantities,
  PausedSeries,
} from "../shared/live_data.ts";
import { packBuckets, type PackedBuckets } from "../shared/packed_buckets.ts";
import type { DurationCells, QuantityCells } from "../shared/report_data.ts";
import type { Cell } from "./cell.ts";
import type { ShownPrograms } from "./live_programs.ts";
import type { DurationSeries, LiveSeries, QuantitySeries } from "./live_series.ts";
import { LEVELS, type SeriesCells } from "./series_cells.ts";

/** How fine a page is: a level, and how many of its bins are one. */
export interface Fineness {
  readonly level: number;
  readonly size: number;
}

/** Bins that can be one: they divide the number of bins of each level. */
const SIZES: readonly number[] = [1, 2, 3, 5, 10, 15, 30, 60];

/** Numbers that a page is sent at first, at most: some 5 MB. */
export const MOST_NUMBERS = 1_500_000;

/** What there is at the end of a look. */
export interface LookedAt {
  readonly span: number;
  readonly series: LiveSeries;
  readonly programs: ShownPrograms;
  readonly problems: readonly string[];
}

/** The finest that a page of a level can be, so that it is not too large. */
export function finenessOf({ durations, quantities }: LiveSeries, level: number, most = MOST_NUMBERS): Fineness {
  let numbers = 0;
  for (const { processes } of [...durations, ...quantities]) {
    for (const cells of processes.values()) numbers += cells.sizeOf(level);
  }
  return { level, size: SIZES.find((size) => numbers / size <= most) ?? SIZES.at(-1)! };
}

/** The bins of a page. */
export function binsOf({ span, series }: LookedAt, { level, size }: Fineness): LiveBins {
  const width = LEVELS[level]!.width * size;
  return { width, count: Math.floor(span / width) + 1, first: Math.floor(series.firstBins(span)[level]! / size) };
}

/**
 * All there is, as JSON, and what a page knows that is sent it. The text is made process by process of each
 * series, so that the cells of one are in memory at once, which are several times as large as their text.
 */
export function wholeMessage(looked: LookedAt, fineness: Fineness, head: LiveHead): { text: string; sent: Sent } {
  const { series } = looked;
  const bins = binsOf(looked, fineness);
  const all = (cells: SeriesCells): Cells => cellsIn(cells, fineness, [{ from: bins.first, to: Infinity }]);
  const lists = listsOf(looked);
  const text = [JSON.stringify({ head, ...lookedOf(looked, bins), ...lists }).slice(0, -1), ',"durations":['];
  for (const of of series.durations) addText(text, of, (part) => durationsIn(part, all, true));
  text.push('],"quantities":[');
  for (const of of series.quantities) addText(text, of, (part) => quantitiesIn(part, all, true));
  text.push("]}");
  return {
    text: text.join(""), // once: parts that are joined before are there a third time
    sent: {
      durations: series.durations.length,
      quantities: series.quantities.length,
      texts: new Map(LISTS.map((name) => [name, JSON.stringify(lists[name])])),
    },
  };
}

/** Adds a series as JSON, of which `partOf` makes what is sent of it, to the parts of a list. */
function addText<Series extends DurationSeries | QuantitySeries>(
  text: string[],
  of: Series,
  partOf: (of: Series) => LiveDurations | LiveQuantities,
): void {
  const { processes: _, ...head } = partOf({ ...of, processes: new Map() });
  if (text.at(-1) === END) text.push(",");
  text.push(JSON.stringify(head).slice(0, -1), ',"processes":[');
  const first = text.length;
  for (const one of of.processes) {
    for (const process of partOf({ ...of, processes: new Map([one]) }).processes) {
      if (text.length > first) text.push(",");
      text.push(JSON.stringify(process));
    }
  }
  text.push(END);
}

/** The end of a series as JSON. */
const END = "]}";

/** What the page knows that was sent a message before. */
export interface Sent {
  /** Series that it was sent. */
  durations: number;
  quantities: number;
  /** The other lists as text, by name. */
  readonly texts: Map<string, string>;
}

const LISTS = ["processes", "lines", "marks", "pauses", "problems"] as const;

/** What a page is sent as a whole whenever it has changed. */
function listsOf(looked: LookedAt): Pick<LiveMessage, typeof LISTS[number]> {
  const { programs: { processes, lines }, series, problems } = looked;
  return { processes, lines, marks: series.marks, pauses: pausesOf(looked), problems };
}

/** What is new since the look before; notes in `sent` that the page knows it. */
export function changedMessage(looked: LookedAt, fineness: Fineness, sent: Sent): LiveMessage {
  const { series } = looked;
  const bins = binsOf(looked, fineness);
  const lists = listsOf(looked);
  const changed = LISTS.flatMap((name) => {
    const text = JSON.stringify(lists[name]);
    if (sent.texts.get(name) === text) return [];
    sent.texts.set(name, text);
    return [[name, lists[name]]];
  });
  const fresh = (cells: SeriesCells): Cells => {
    const groups = [...cells.changed[fineness.level]!].map((bin) => Math.floor(bin / fineness.size));
    const ranges = [...new Set(groups)].sort((one, other) => one - other).map((bin) => ({ from: bin, to: bin + 1 }));
    return cellsIn(cells, fineness, ranges.filter(({ from }) => from >= bins.first));
  };
  const message = {
    ...lookedOf(looked, bins),
    ...Object.fromEntries(changed),
    durations: series.durations.map((of) => durationsIn(of, fresh, of.id >= sent.durations))
      .filter(({ label, processes }) => label !== undefined || processes.length > 0),
    quantities: series.quantities.map((of) => quantitiesIn(of, fresh, of.id >= sent.quantities))
      .filter((of) => of.series !== undefined || of.processes.length > 0),
  };
  sent.durations = series.durations.length;
  sent.quantities = series.quantities.length;
  return message;
}

function lookedOf({ span, series }: LookedAt, bins: LiveBins): Pick<LiveMessage, "span" | "rows" | "bins"> {
  return { span: Math.round(span), rows: Math.round(series.rows), bins };
}

/** Cells with their bins, ascending. */
type Cells = readonly (readonly [bin: number, cell: Cell])[];

function cellsIn(
  cells: SeriesCells,
  { level, size }: Fineness,
  ranges: readonly { readonly from: number; readonly to: number }[],
): Cells {
  const found: [number, Cell][] = [];
  for (const range of ranges) cells.forEach(level, { ...range, size }, (bin, cell) => void found.push([bin, cell]));
  return found;
}

function durationsIn(
  { id, label, request, processes }: DurationSeries,
  cellsOf: (cells: SeriesCells) => Cells,
  isNew: boolean,
): LiveDurations {
  return {
    id,
    ...isNew ? { label, ...request && { request } } : {},
    processes: [...processes].flatMap(([process, all]) => {
      const cells = cellsOf(all);
      return cells.length === 0 ? [] : [{ process, cells: durationCells(cells) }];
    }),
  };
}

function quantitiesIn(
  { id, of, processes }: QuantitySeries,
  cellsOf: (cells: SeriesCells) => Cells,
  isNew: boolean,
): LiveQuantities {
  return {
    id,
    ...isNew ? { series: of } : {},
    processes: [...processes].flatMap(([process, all]) => {
      const cells = cellsOf(all);
      return cells.length === 0 ? [] : [quantityCells(process, cells)];
    }),
  };
}

function durationCells(cells: Cells): DurationCells<PackedBuckets> {
  return {
    bin: cells.map(([bin]) => bin),
    min: cells.map(([, { min }]) => min),
    max: cells.map(([, { max }]) => max),
    sum: cells.map(([, { sum }]) => toDigits(9, sum)),
    buckets: packBuckets(cells.map(([, { buckets }]) =>
      [...buckets].sort(([one], [other]) => one - other)
        .flatMap(([bucket, { count, low, high }]) => [bucket, count, low, high])
    )),
  };
}

function quantityCells(process: number, cells: Cells): QuantityCells {
  return {
    process,
    bin: cells.map(([bin]) => bin),
    min: cells.map(([, { min }]) => toDigits(9, min)),
    mean: cells.map(([, { sum, weight }]) => toDigits(7, sum / weight)),
    max: cells.map(([, { max }]) => toDigits(9, max)),
    count: cells.map(([, { count }]) => Math.round(count)),
  };
}

/** The pauses of processes and of series. */
function pausesOf({ span, series, programs: { lists, isSwitched } }: LookedAt): LivePauses {
  if (!isSwitched) return { lists: [], durations: [], quantities: [] };
  const ofSeries = (all: readonly (DurationSeries | QuantitySeries)[]): PausedSeries[] =>
    all.flatMap(({ id, recorded, processes }) =>
      [...processes.keys()].flatMap((process): PausedSeries[] => {
        const { pauses } = lists.ofSeries(process, recorded);
        return pauses === undefined ? [] : [[id, process, pauses]];
      })
    );
  const [durations, quantities] = [ofSeries(series.durations), ofSeries(series.quantities)];
  return { lists: lists.all(span), durations, quantities };
}
