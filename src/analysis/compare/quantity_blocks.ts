/**
 * The runtime of a run in blocks of its time: what is compared of it, and drawn over time.
 *
 * @module
 */

import { CHANNELS, NANOSECONDS_PER_SECOND, SERIES } from "../../series.ts";
import { literal } from "../duckdb/sql.ts";
import { processOf } from "../frames/processes.ts";
import type { Selection, TimeRange } from "../frames/selection.ts";
import { IS_SWITCH_LABEL } from "../frames/switches.ts";
import type { TelemetryDB } from "../frames/telemetry_db.ts";
import { programsOf, withoutWorkers } from "../programs/program.ts";
import { FAILED_OUTCOMES } from "../../http/request_labels.ts";
import { type ProcessId, processKey } from "../../files/names.ts";
import { meanOf } from "./verdict.ts";

/** A run. */
export interface Run {
  /** Its recording. */
  readonly db: TelemetryDB;
  /** Its processes and time range. Default: all. */
  readonly within?: Omit<Selection, "labels">;
}

/** Blocks of time of equal length; the first begins at `first`. */
export interface TimeBlocks extends TimeRange {
  /** Length of each, ns. */
  readonly width: bigint;
}

/** Values by the index of the block; blocks without one are left out. */
export type BlockValues = ReadonlyMap<number, number>;

/** The runtime of a run in blocks of time. */
export interface QuantityBlocks {
  /** RSS of a process, bytes: the mean over the time and the processes. */
  readonly memory: BlockValues;
  /** From block to block without the first one, how fast it grew, bytes a second. */
  readonly growth: readonly number[];
  /** Share of the time of each isolate in pauses for garbage collection. */
  readonly gc: BlockValues;
  /** CPU time of all processes for each request, seconds. */
  readonly cpu: BlockValues;
  /** CPU time of a process per time: 1 is one busy core; the mean over the processes. */
  readonly cores: BlockValues;
  /** Mean of the event loop's largest lag of each sampling interval, seconds. */
  readonly lag: BlockValues;
  /** Number of requests that ended by themselves. */
  readonly requests: BlockValues;
}

/** From the first to the last row of what is compared of the runtime; `undefined` if there is none. */
export async function readRuntimeTime({ db, within = {} }: Run): Promise<TimeRange | undefined> {
  const runtime = db.runtime().where(within);
  const [{ first, last } = {}] = (await runtime.sql(
    `SELECT min(Timepoint) AS first, max(Timepoint) AS last FROM ${runtime.relation} WHERE Label IN (${LABELS})`,
  )).rows();
  return typeof first === "bigint" && typeof last === "bigint" ? { first, last } : undefined;
}

/** A row of the query: a series of a process in a block of time. */
interface BlockRow {
  readonly Label: string;
  readonly PID: bigint;
  readonly Isolate: string;
  readonly block: number;
  readonly sum: number;
  readonly mean: number;
  /** How much a counter grew, and within how many ns, while recording was on. */
  readonly growth: number;
  readonly time: number;
}

const LABELS = [
  SERIES.rss,
  SERIES.userTime,
  SERIES.systemTime,
  SERIES.gcPause,
  SERIES.gcCollections,
  SERIES.eventLoopLag,
].map(literal).join(", ");

/** SQL of whether a label is of requests that end by themselves. */
const IS_REQUEST = `regexp_matches(Label, '\\[[A-Z-]+\\]( (${FAILED_OUTCOMES.join("|")}))?$')`;

/** Reads the runtime of a run within a time, block by block. */
export async function readQuantityBlocks(
  { db, within = {} }: Run,
  { first, last, width }: TimeBlocks,
): Promise<QuantityBlocks> {
  const runtime = db.runtime().where(within);
  const block = `((Timepoint - ${first}) // ${width})::DOUBLE`;
  // A counter that grew while recording was off says nothing of the time in which it was on.
  const rows = (await runtime.sql(`
    WITH own AS (
      SELECT *, sum((${IS_SWITCH_LABEL})::INTEGER) OVER (PARTITION BY PID, Isolate ORDER BY Timepoint) AS switches
      FROM ${runtime.relation} WHERE (Label IN (${LABELS}) AND isfinite(Measurement)) OR ${IS_SWITCH_LABEL}
    ),
    step AS (
      SELECT *, Measurement - lag(Measurement) OVER earlier AS growth, Timepoint - lag(Timepoint) OVER earlier AS time,
        switches = lag(switches) OVER earlier AS isOn
      FROM own WHERE NOT (${IS_SWITCH_LABEL}) WINDOW earlier AS (PARTITION BY PID, Isolate, Label ORDER BY Timepoint)
    )
    SELECT Label, PID, Isolate, ${block} AS block, sum(Measurement) AS sum, avg(Measurement) AS mean,
      coalesce(sum(growth) FILTER (isOn AND growth >= 0), 0) AS growth,
      coalesce(sum(time) FILTER (isOn AND growth >= 0), 0)::DOUBLE AS time
    FROM step GROUP BY ALL ORDER BY block`)).rows() as unknown as BlockRow[];
  const processes = [
    ...new Map(rows.map((row) => [processKey(processOf({ ...row })), processOf({ ...row })])).values(),
  ];
  const programs = programsOf(db.programRecords(processes), { processes });
  const owners = new Set(withoutWorkers(processes, programs).map(processKey));
  const of = (label: string, isOfProcess = false): BlockRow[] =>
    rows.filter((row) => row.Label === label && (!isOfProcess || owners.has(processKey(processOf({ ...row })))));
  const durations = db.frame(CHANNELS.duration).where(within);
  const requests = new Map(
    (await durations.sql(`
    SELECT ${block} AS block, count(*)::DOUBLE AS count FROM ${durations.relation}
    WHERE Timepoint BETWEEN ${first} AND ${last} AND ${IS_REQUEST} GROUP BY block`)).rows()
      .map(({ block, count }) => [block as number, count as number]),
  );
  const rss = inBlocks(of(SERIES.rss, true));
  const cpu = inBlocks([...of(SERIES.userTime, true), ...of(SERIES.systemTime, true)]);
  const users = inBlocks(of(SERIES.userTime, true));
  const ticks = inBlocks(of(SERIES.gcCollections));
  const pauses = inBlocks(of(SERIES.gcPause));
  const secondsOf = (some: readonly BlockRow[]): number => sumOf(some, ({ time }) => time) / NANOSECONDS_PER_SECOND;
  return {
    memory: valuesOf(rss, (some) => meanOf(some.map(({ mean }) => mean))),
    growth: growthOf([...rss.values()].flat(), Number(width) / NANOSECONDS_PER_SECOND),
    gc: valuesOf(ticks, (some, block) => sumOf(pauses.get(block) ?? [], ({ sum }) => sum) / secondsOf(some)),
    cpu: valuesOf(cpu, (some, block) => sumOf(some, ({ growth }) => growth) / (requests.get(block) ?? 0)),
    cores: valuesOf(cpu, (some, block) => sumOf(some, ({ growth }) => growth) / secondsOf(users.get(block) ?? [])),
    lag: valuesOf(inBlocks(of(SERIES.eventLoopLag)), (some) => meanOf(some.map(({ mean }) => mean))),
    requests,
  };
}

/** Rows by their block of time. */
function inBlocks(rows: readonly BlockRow[]): Map<number, BlockRow[]> {
  return Map.groupBy(rows, ({ block }) => block);
}

/** What a function makes of the rows of each block, where that is a finite number. */
function valuesOf(
  blocks: ReadonlyMap<number, readonly BlockRow[]>,
  value: (rows: readonly BlockRow[], block: number) => number,
): Map<number, number> {
  const values = Array.from(blocks, ([block, rows]) => [block, value(rows, block)] as const);
  return new Map(values.filter(([, value]) => Number.isFinite(value)));
}

function sumOf(rows: readonly BlockRow[], value: (row: BlockRow) => number): number {
  return rows.reduce((sum, row) => sum + value(row), 0);
}

/**
 * From block to block, how much a process grew, bytes a second. Without the first block: programs fill
 * their caches and their heap at first.
 */
function growthOf(rss: readonly BlockRow[], seconds: number): number[] {
  const keyOf = (row: BlockRow): string => processKey(processOf({ ...row }) as ProcessId);
  const means = new Map(rss.map((row) => [`${keyOf(row)} ${row.block}`, row.mean]));
  const grown = rss.filter(({ block }) => block >= 2).flatMap((row) => {
    const before = means.get(`${keyOf(row)} ${row.block - 1}`);
    return before === undefined ? [] : [{ block: row.block, growth: (row.mean - before) / seconds }];
  });
  return Array.from(
    Map.groupBy(grown, ({ block }) => block).values(),
    (some) => meanOf(some.map(({ growth }) => growth)),
  );
}
