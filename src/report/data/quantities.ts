/**
 * The quantities of a report: the series that are not durations, and the rates of the runtime's
 * counters.
 *
 * @module
 */

import { afterSwitches } from "../../analysis/frames/switches.ts";
import { literal } from "../../analysis/duckdb/sql.ts";
import {
  CHANNELS,
  CPU_RATE,
  isFromPython,
  isOfIsolate,
  RUNTIME_SERIES,
  runtimeSeriesOf,
  SERIES,
} from "../../series.ts";
import type { QuantityCells, QuantityData } from "../shared/report_data.ts";
import {
  filledBins,
  longLabelBytes,
  QUANTITY_CELL_BYTES,
  type SeriesCost,
  type SizePlan,
  toDigits,
} from "./size_plan.ts";
import type { Source } from "./source.ts";
import type { Bins, ShownTime } from "./time_axis.ts";

/** A rate that is shown instead of counters. */
export interface Rate {
  readonly label: string;
  readonly unit: QuantityData["unit"];
  /** Labels of the counters, whose values are added. */
  readonly counters: readonly string[];
}

/** All of them. */
export const RATES: readonly Rate[] = [
  { label: CPU_RATE, unit: "cores", counters: [SERIES.userTime, SERIES.systemTime] },
  { label: SERIES.gcCollections, unit: "1/s", counters: [SERIES.gcCollections] },
  { label: SERIES.gcCollected, unit: "bytes/s", counters: [SERIES.gcCollected] },
];

/** Whether a rate is of an isolate, and not of the whole process. */
function isOfOneIsolate({ counters }: Rate): boolean {
  return counters.some(isOfIsolate);
}

/** Unit and kind of a quantity. */
export type QuantityKind = Pick<QuantityData, "unit" | "kind">;

const UNKNOWN: QuantityKind = { unit: "", kind: "level" };

/**
 * Returns what the values of a series mean; `"counter"` if a rate is shown instead. Of the Python
 * original's counters only the CPU time is known to be one of the process.
 */
export function kindOf(
  { channel, label, isPython }: Pick<QuantitySeries, "channel" | "label" | "isPython">,
): QuantityKind | "counter" {
  if (channel !== CHANNELS.runtime) return UNKNOWN;
  const rate = RATES.find(({ counters }) => counters.includes(label));
  if (rate !== undefined) return isPython && isOfOneIsolate(rate) ? UNKNOWN : "counter";
  const { unit, kind } = runtimeSeriesOf(label, isPython);
  // A peak mostly comes from one event, so it is drawn as an event.
  return { unit, kind: kind === "event" || kind === "peak" ? "event" : "level" };
}

/** A series that is not of durations, before its details are read. */
export interface QuantitySeries extends SeriesCost {
  readonly label: string;
  readonly channel: string;
  /** Whether the Python original wrote it. */
  readonly isPython: boolean;
}

/** Series of the runtime come first, then those with the most rows. */
const RUNTIME_WEIGHT = 1e15;

/**
 * Reads all series that are not durations, sorted by channel and label, and what it would cost to
 * show them on each axis.
 */
export async function readQuantitySeries(source: Source, axes: readonly Bins[]): Promise<QuantitySeries[]> {
  const rows = await source.rows<{ Channel: string; Label: string; process: number; rows: number }>(`
    SELECT Channel, Label, process, count(*)::DOUBLE AS rows FROM ${shownOnce(source)}
    GROUP BY ALL ORDER BY Channel, Label, process`);
  const isPython = isFromPython(
    new Set(rows.filter(({ Channel }) => Channel === CHANNELS.runtime).map(({ Label }) => Label)),
  );
  const series: (QuantitySeries & { weight: number; bytes: number[] })[] = [];
  for (const { Channel: channel, Label: label, rows: count } of rows) {
    let last = series.at(-1);
    if (last?.channel !== channel || last.label !== label) {
      last = {
        label,
        channel,
        isPython: isPython && channel === CHANNELS.runtime,
        weight: channel === CHANNELS.runtime ? RUNTIME_WEIGHT : 0,
        bytes: axes.map(() => longLabelBytes(label)),
      };
      series.push(last);
    }
    last.weight += count;
    for (const [i, { count: bins }] of axes.entries()) last.bytes[i]! += QUANTITY_CELL_BYTES * filledBins(count, bins);
  }
  return series;
}

/** The labels of what is measured of the whole process, and so by each of its isolates. */
const OF_PROCESS = RUNTIME_SERIES.filter(({ scope }) => scope === "process").map(({ label }) => literal(label));

/** Rows of quantities; those of the whole process only as one of its isolates recorded them. */
function shownOnce({ quantities }: Source): string {
  return quantities.where(
    `isOwner OR Channel <> '${CHANNELS.runtime}' OR Label NOT IN (${OF_PROCESS.join(", ")})`,
  ).relation;
}

/** The quantities that are shown. */
export interface Quantities {
  /** The runtime's first. */
  readonly data: readonly QuantityData[];
  /** What is not shown and why, one sentence each. */
  readonly problems: readonly string[];
}

/** Reads the planned quantities. */
export async function readQuantities(
  source: Source,
  series: readonly QuantitySeries[],
  range: ShownTime,
  plan: SizePlan,
  isMixed: (process: number) => boolean,
): Promise<Quantities> {
  const kinds = new Map<number, QuantityKind>();
  const counters = new Set<string>();
  for (const i of plan.quantities) {
    const kind = kindOf(series[i]!);
    if (kind === "counter") counters.add(series[i]!.label);
    else kinds.set(i, kind);
  }
  const { data: rates, problems } = await readRates(source, counters, range, plan.bins, isMixed);
  const cells = await readCells(source, [...kinds.keys()], range, plan.bins.width);
  const data = [...cells].map(([i, processes]) => {
    const { label, channel } = series[i]!;
    return { label, channel, ...kinds.get(i)!, processes };
  });
  const isOfRuntime = ({ channel }: QuantityData): boolean => channel === CHANNELS.runtime;
  return { data: [...rates, ...data.filter(isOfRuntime), ...data.filter((of) => !isOfRuntime(of))], problems };
}

/** Reads the cells of the series with these indices (among all quantities, sorted), by index. */
async function readCells(
  source: Source,
  chosen: readonly number[],
  { from }: ShownTime,
  width: number,
): Promise<Map<number, QuantityCells[]>> {
  if (chosen.length === 0) return new Map();
  const quantities = shownOnce(source);
  const table = await source.query(`
    WITH chosen AS (SELECT * FROM (
      SELECT Channel, Label, (row_number() OVER (ORDER BY Channel, Label) - 1)::INTEGER AS series
      FROM (SELECT DISTINCT Channel, Label FROM ${quantities})
    ) WHERE series IN (${chosen.join(", ")}))
    SELECT series, process::DOUBLE AS process, ((Timepoint - ${from}) // ${width})::DOUBLE AS bin,
      min(Measurement) AS min, avg(Measurement) AS mean, max(Measurement) AS max, count(*)::DOUBLE AS count
    FROM ${quantities} JOIN chosen USING (Channel, Label)
    GROUP BY ALL ORDER BY series, process, bin`);
  return collectCells(table.columns() as unknown as CellColumns);
}

/** A result with a row for each cell, sorted by series, process and bin. */
type CellColumns = Record<"series" | "process" | "bin" | "min" | "mean" | "max" | "count", ArrayLike<number>>;

function collectCells({ series, process, bin, min, mean, max, count }: CellColumns): Map<number, QuantityCells[]> {
  const result = new Map<number, QuantityCells[]>();
  for (let start = 0, end = 0; start < series.length; start = end) {
    while (end < series.length && series[end] === series[start] && process[end] === process[start]) end++;
    const part = (column: ArrayLike<number>): number[] => Array.prototype.slice.call(column, start, end);
    const cells = {
      process: process[start]!,
      bin: part(bin),
      min: part(min),
      mean: part(mean).map((value) => toDigits(7, value)),
      max: part(max),
      count: part(count),
    };
    result.set(series[start]!, [...result.get(series[start]!) ?? [], cells]);
  }
  return result;
}

/**
 * In layout `append` the isolates of one process, which sample its CPU time at arbitrary distances
 * from each other, are not told apart, and a rate over a very short time would be noise. So only the
 * last sample of each slot of this many ns counts, …
 */
const SLOT = 100e6;

/** … and samples closer than this, in seconds, on both sides of a slot's end make no step. */
export const SHORTEST_STEP: number = SLOT / 2 / 1e9;

/**
 * Turns counters of the runtime into rates, isolate by isolate. Steps in which a counter decreases
 * are left out, so that no rate is negative.
 */
async function readRates(
  source: Source,
  labels: ReadonlySet<string>,
  range: ShownTime,
  bins: Bins,
  isMixedProcess: (process: number) => boolean,
): Promise<{ data: QuantityData[]; problems: string[] }> {
  const wanted = RATES.filter(({ counters }) => counters.some((counter) => labels.has(counter)));
  if (wanted.length === 0) return { data: [], problems: [] };
  const steps = stepsInSql(source, wanted, range);
  const restarting = await readMixed(source, steps, wanted);
  const table = await source.query(`
    WITH ${steps}
    SELECT series, process, bin, min(rate) AS min, sum(increase) / sum(seconds) AS mean, max(rate) AS max,
      count(*)::DOUBLE AS count
    FROM (
      SELECT series, process::DOUBLE AS process, ((timepoint - ${range.from}) // ${bins.width})::DOUBLE AS bin,
        increase, seconds, increase / seconds AS rate
      FROM steps WHERE increase >= 0
    ) GROUP BY ALL ORDER BY series, process, bin`);
  const data: QuantityData[] = [];
  for (const [series, processes] of collectCells(table.columns() as unknown as CellColumns)) {
    const { label, unit } = wanted[series]!;
    const shown = processes.filter(({ process }) =>
      !isMixedProcess(process) && !restarting.some((of) => of.rate.label === label && of.process === process)
    );
    if (shown.length > 0) data.push({ label, channel: CHANNELS.runtime, unit, kind: "level", processes: shown });
  }
  return { data, problems: restarting.filter(({ process }) => !isMixedProcess(process)).map(describeMixed) };
}

/**
 * SQL of the steps from sample to sample: the index of the rate, the process, the end of the step,
 * its increase and its length. No step spans a time in which recording was off.
 */
function stepsInSql(source: Source, wanted: readonly Rate[], { from }: ShownTime): string {
  const cases = wanted.flatMap(({ counters }, i) => counters.map((counter) => `WHEN '${counter}' THEN ${i}`));
  const labels = wanted.flatMap(({ counters }) => counters).map((counter) => `'${counter}'`);
  return `
    samples AS (
      SELECT CASE Label ${cases.join(" ")} END AS series, process, PID, Isolate,
        (Timepoint - ${from}) // ${SLOT} AS slot, Label,
        max(Timepoint) AS timepoint, arg_max(Measurement, Timepoint) AS value
      FROM ${shownOnce(source)} WHERE Channel = '${CHANNELS.runtime}' AND Label IN (${labels}) GROUP BY ALL
    ), sums AS (
      SELECT series, process, PID, Isolate, slot, max(timepoint) AS timepoint, sum(value) AS value
      FROM samples GROUP BY series, process, PID, Isolate, slot
      QUALIFY count(*) = max(count(*)) OVER (PARTITION BY series, PID, Isolate)
    ), steps AS (
      SELECT series, process, PID, Isolate, timepoint, value - lag(value) OVER time AS increase,
        (timepoint - lag(timepoint) OVER time) / 1e9 AS seconds
      FROM ${afterSwitches("sums")} WINDOW time AS (PARTITION BY series, PID, Isolate, offSince ORDER BY slot)
      QUALIFY seconds >= ${SHORTEST_STEP}
    )`;
}

/**
 * A counter that decreases at more than this share of its steps, and more than once, is a mix of the
 * counters of several isolates; one that rarely does was restarted.
 */
const MAX_RESETS = 0.02;

/** A PID whose isolates are not told apart, and whose counters are mixed. */
interface Mixed {
  readonly rate: Rate;
  readonly process: number;
  readonly pid: number;
}

async function readMixed(source: Source, steps: string, wanted: readonly Rate[]): Promise<Mixed[]> {
  const rows = await source.rows<Omit<Mixed, "rate"> & { series: number; resets: number; steps: number }>(`
    WITH ${steps}
    SELECT series, process::DOUBLE AS process, PID::DOUBLE AS pid,
      (count(*) FILTER (increase < 0))::DOUBLE AS resets, count(*)::DOUBLE AS steps
    FROM steps WHERE Isolate = '' GROUP BY ALL ORDER BY ALL`);
  return rows
    .filter(({ series, resets, steps }) => isOfOneIsolate(wanted[series]!) && resets > Math.max(1, MAX_RESETS * steps))
    .map(({ series, process, pid }) => ({ rate: wanted[series]!, process, pid }));
}

function describeMixed({ rate, pid }: Mixed): string {
  return `${rate.label} of PID ${pid} is not shown: several isolates recorded it, and their counters are mixed`;
}
