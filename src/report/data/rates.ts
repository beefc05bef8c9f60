import { isMixed } from "../../analysis/summary/runtime_summary.ts";
import { type CellColumns, collectCells } from "./quantity_cells.ts";
import { type Rate, rates } from "./quantity_kinds.ts";
import type { QuantityData } from "../shared/report_data.ts";
import type { Source } from "./source.ts";
import type { Bins, ShownTime } from "./time_axis.ts";
import { CHANNELS } from "../../series.ts";

/**
 * Several isolates of a process sample its processor time, at any distance from each other; over a very short time a rate would say nothing.
 * So of each slot of so many ns the last sample counts.
 */
const SLOT = 100e6;

/** And what is closer than this, in seconds, on either side of a slot's end is no step. */
const SHORTEST_STEP = SLOT / 2 / 1e9;

/** TimeSlicer counters of the runtime file into rates, process by process. What goes back is no step, so that no rate is negative. */
export async function readRates(
  source: Source,
  labels: ReadonlySet<string>,
  range: ShownTime,
  bins: Bins,
): Promise<{ data: QuantityData[]; problems: string[] }> {
  const wanted = rates.filter(({ counters }) => counters.some((counter) => labels.has(counter)));
  if (wanted.length === 0) return { data: [], problems: [] };
  const steps = stepsInSql(source, wanted, range);
  const mixed = await readMixed(source, steps, wanted);
  const table = await source.query(`
    WITH ${steps}
    SELECT series, pid, bin, min(rate) AS min, sum(increase) / sum(seconds) AS mean, max(rate) AS max, count(*)::DOUBLE AS count
    FROM (
      SELECT series, PID::DOUBLE AS pid, ((timepoint - ${range.from}) // ${bins.width})::DOUBLE AS bin,
        increase, seconds, increase / seconds AS rate
      FROM steps WHERE increase >= 0
    ) GROUP BY ALL ORDER BY series, pid, bin`);
  const data: QuantityData[] = [];
  for (const [series, processes] of collectCells(table.columns() as unknown as CellColumns)) {
    const { label, unit } = wanted[series]!;
    const told = processes.filter(({ pid }) => !mixed.some((of) => of.rate.label === label && of.pid === pid));
    if (told.length > 0) data.push({ label, channel: CHANNELS.runtime, unit, kind: "level", processes: told });
  }
  return { data, problems: mixed.map(describeMixed) };
}

/** SQL of the steps from sample to sample: the series (index of its rate), process, end of the step, increase, and length. */
function stepsInSql(source: Source, wanted: readonly Rate[], { from }: ShownTime): string {
  const cases = wanted.flatMap(({ counters }, i) => counters.map((counter) => `WHEN '${counter}' THEN ${i}`));
  return `
    samples AS (
      SELECT CASE Label ${cases.join(" ")} END AS series, PID, (Timepoint - ${from}) // ${SLOT} AS slot, Label,
        max(Timepoint) AS timepoint, arg_max(Measurement, Timepoint) AS value
      FROM ${source.runtime.relation} WHERE Label IN (${
    wanted.flatMap(({ counters }) => counters).map((counter) => `'${counter}'`)
  })
      GROUP BY ALL
    ), sums AS (
      SELECT series, PID, slot, max(timepoint) AS timepoint, sum(value) AS value FROM samples GROUP BY series, PID, slot
      QUALIFY count(*) = max(count(*)) OVER (PARTITION BY series, PID)
    ), steps AS (
      SELECT series, PID, timepoint, value - lag(value) OVER time AS increase, (timepoint - lag(timepoint) OVER time) / 1e9 AS seconds
      FROM sums WINDOW time AS (PARTITION BY series, PID ORDER BY slot)
      QUALIFY seconds >= ${SHORTEST_STEP}
    )`;
}

/** Counters of several isolates of one process. */
interface Mixed {
  readonly rate: Rate;
  readonly pid: number;
}

async function readMixed(source: Source, steps: string, wanted: readonly Rate[]): Promise<Mixed[]> {
  const rows = await source.rows<{ series: number; pid: number; resets: number; steps: number }>(`
    WITH ${steps}
    SELECT series, PID::DOUBLE AS pid, (count(*) FILTER (increase < 0))::DOUBLE AS resets, count(*)::DOUBLE AS steps
    FROM steps GROUP BY ALL ORDER BY ALL`);
  return rows
    .filter(({ series, resets, steps }) => wanted[series]!.ofIsolate && isMixed(steps, resets))
    .map(({ series, pid }) => ({ rate: wanted[series]!, pid }));
}

function describeMixed({ rate, pid }: Mixed): string {
  return `${rate.label} of PID ${pid} is not shown: several isolates count, and their counts cannot be told apart`;
}
