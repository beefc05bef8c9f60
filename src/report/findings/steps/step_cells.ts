/**
 * The durations of a series in cells that follow each other, in which steps are looked for.
 *
 * Of series with few durations, or whose durations are of a small part of the time, the rows are
 * read: the bins of a report may be wider than all of them. Of others its cells are joined.
 *
 * @module
 */

import { literal } from "../../../analysis/duckdb/sql.ts";
import { MIN_PART } from "../../../statistics/steps.ts";
import type { Source } from "../../data/source.ts";
import { DURATION_BUCKETS, forEachBucket } from "../../shared/report_buckets.ts";
import type { DurationData } from "../../shared/report_data.ts";

/** Some durations of a series that follow each other. */
export interface StepCell {
  /** When it begins and ends, ns since the report's `from`. */
  readonly from: number;
  readonly to: number;
  /** The mean of the logarithms of the middle half of the durations. */
  readonly level: number;
  readonly spreads: readonly Spread[];
}

/** Durations that are spread evenly between two logarithms, or are all one. */
interface Spread {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** Durations in a cell: fewer are joined, but there should be enough cells. */
const PER_CELL = { least: 3, most: 30, cells: 100 };

/** Series with up to this many durations are read row by row, … */
const MAX_ROWS = 6_000;

/** … as long as there are no more than this many rows of all together. */
const MAX_ROWS_OF_ALL = 100_000;

/** A series with durations in fewer bins than this is of a small part of the time. */
const FEW_BINS = 60;

/** Seconds; shorter durations count as it. */
const SHORTEST = 1e-9;

/** Reads the cells of these series; those of which nothing can be said have none. */
export async function readStepCells(
  source: Source,
  from: bigint,
  durations: readonly DurationData[],
  width: number,
): Promise<Map<string, StepCell[]>> {
  let room = MAX_ROWS_OF_ALL;
  const chosen = new Set(
    durations.filter((of) => {
      const { count } = of.statistics;
      const rows = Math.min(count, MAX_ROWS);
      const isWanted = rows >= 2 * MIN_PART * PER_CELL.least && (count <= MAX_ROWS || binsOf(of) < FEW_BINS);
      if (!isWanted || rows > room) return false;
      room -= rows;
      return true;
    }).map(({ label }) => label),
  );
  const rows = await readRows(source, from, [...chosen]);
  return new Map(
    durations.map((of) => {
      const read = rows.get(of.label);
      return [of.label, read === undefined ? cellsFromBins(of.processes, width) : joinCells(read)];
    }),
  );
}

/** The cells of a series whose durations were counted in bins of this width, ns. */
export function cellsFromBins(processes: DurationData["processes"], width: number): StepCell[] {
  return joinCells(binnedDurations(processes, width));
}

function binsOf({ processes }: DurationData): number {
  return new Set(processes.flatMap(({ cells }) => cells?.bin ?? [])).size;
}

/** Some durations, and when they ended: within a time that is not divided. */
type Durations = Omit<StepCell, "level">;

/** Reads at most {@linkcode MAX_ROWS} durations of each label, in the order of time. */
async function readRows(source: Source, from: bigint, labels: readonly string[]): Promise<Map<string, Durations[]>> {
  if (labels.length === 0) return new Map();
  const rows = await source.rows<{ label: string; at: number; duration: number }>(`
    SELECT Label AS label, (Timepoint - ${from})::DOUBLE AS at, Measurement AS duration
    FROM ${source.durations.relation} WHERE Label IN (${labels.map(literal).join(", ")})
    QUALIFY row_number() OVER (PARTITION BY Label ORDER BY hash(Timepoint, Measurement, PID, Isolate)) <= ${MAX_ROWS}
    ORDER BY Timepoint, Measurement`);
  const ordered = Map.groupBy(rows, ({ label }) => label);
  return new Map(
    [...ordered].map(([label, of]) => [
      label,
      of.map(({ at, duration }) => {
        const log = Math.log(Math.max(duration, SHORTEST));
        return { from: at, to: at, spreads: [{ low: log, high: log, count: 1 }] };
      }),
    ]),
  );
}

/** The durations of all processes, bin by bin. */
function binnedDurations(processes: DurationData["processes"], width: number): Durations[] {
  const bins = new Map<number, Spread[]>();
  for (const { cells } of processes) {
    for (const [i, bin] of cells?.bin.entries() ?? []) {
      const spreads = bins.get(bin) ?? [];
      bins.set(bin, spreads);
      forEachBucket(cells!.buckets[i], (bucket, count, low, high) => {
        spreads.push({ low: DURATION_BUCKETS.logAt(bucket + low), high: DURATION_BUCKETS.logAt(bucket + high), count });
      });
    }
  }
  return [...bins].sort(([a], [b]) => a - b)
    .map(([bin, spreads]) => ({ from: bin * width, to: (bin + 1) * width, spreads }));
}

/** Joins neighbours that hold few durations. */
function joinCells(durations: readonly Durations[]): StepCell[] {
  const total = durations.reduce((sum, { spreads }) => sum + numberOf(spreads), 0);
  const wanted = Math.min(PER_CELL.most, Math.max(PER_CELL.least, Math.floor(total / PER_CELL.cells)));
  const result: StepCell[] = [];
  let [joined, count, begin]: [Spread[], number, number | undefined] = [[], 0, undefined];
  for (const { from, to, spreads } of durations) {
    begin ??= from;
    joined.push(...spreads);
    count += numberOf(spreads);
    if (count < wanted) continue;
    result.push({ from: begin, to, level: levelOf(joined, count), spreads: joined });
    [joined, count, begin] = [[], 0, undefined];
  }
  return result.length < 2 * MIN_PART ? [] : result;
}

function numberOf(spreads: readonly Spread[]): number {
  return spreads.reduce((sum, { count }) => sum + count, 0);
}

/** The mean of the middle half: steadier than the median where durations have several modes. */
function levelOf(spreads: readonly Spread[], total: number): number {
  let [below, sum] = [0, 0];
  for (const { low, high, count } of spreads.toSorted((a, b) => a.low + a.high - b.low - b.high)) {
    const inside = Math.min(below + count, 0.75 * total) - Math.max(below, 0.25 * total);
    if (inside > 0) sum += inside * (low + high) / 2;
    below += count;
  }
  return sum / (total / 2);
}

/** The median of all durations of some cells, in seconds; there must be some. */
export function medianOf(cells: readonly StepCell[]): number {
  const spreads = cells.flatMap((cell) => cell.spreads);
  const half = numberOf(spreads) / 2;
  let [low, high] = [Math.min(...cells.map(lowest)), Math.max(...cells.map(highest))];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    const below = spreads.reduce((sum, of) => sum + of.count * partBelow(middle, of), 0);
    if (below < half) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

function partBelow(log: number, { low, high }: Spread): number {
  return log >= high ? 1 : log <= low ? 0 : (log - low) / (high - low);
}

function lowest({ spreads }: StepCell): number {
  return spreads.reduce((least, { low }) => Math.min(least, low), Infinity);
}

function highest({ spreads }: StepCell): number {
  return spreads.reduce((most, { high }) => Math.max(most, high), -Infinity);
}
