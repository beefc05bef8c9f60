import type { Plan } from "./plan.ts";
import { kindOf, type QuantityKind } from "./quantity_kinds.ts";
import type { QuantitySeries } from "./quantity_series.ts";
import { type CellColumns, collectCells } from "./quantity_cells.ts";
import { readRates } from "./rates.ts";
import type { QuantityCells, QuantityData } from "../shared/report_data.ts";
import type { Source } from "./source.ts";
import type { ShownTime } from "./time_axis.ts";
import { CHANNELS } from "../../series.ts";

/** What is shown of the series that are no durations. */
export interface Quantities {
  /** Those of the runtime first. */
  readonly data: readonly QuantityData[];
  /** What is not shown, and why. */
  readonly problems: readonly string[];
}

/** Reads the series that are no durations. */
export async function readQuantities(
  source: Source,
  series: readonly QuantitySeries[],
  range: ShownTime,
  plan: Plan,
): Promise<Quantities> {
  const kinds = new Map<number, QuantityKind>();
  const counters = new Set<string>();
  for (const i of plan.quantities) {
    const { channel, label, isPython } = series[i]!;
    const kind = kindOf(channel, label, isPython);
    if (kind === "counter") counters.add(label);
    else kinds.set(i, kind);
  }
  const { data: rates, problems } = await readRates(source, counters, range, plan.bins);
  const cells = await readCells(source, [...kinds.keys()], range, plan.bins.width);
  const data = [...cells].map(([i, processes]) => {
    const { label, channel } = series[i]!;
    return { label, channel, ...kinds.get(i)!, processes };
  });
  const isOfRuntime = ({ channel }: QuantityData): boolean => channel === CHANNELS.runtime;
  return { data: [...rates, ...data.filter(isOfRuntime), ...data.filter((of) => !isOfRuntime(of))], problems };
}

/** Cells of the series with these indices (in the order of channels and labels). */
async function readCells(
  source: Source,
  chosen: readonly number[],
  { from }: ShownTime,
  width: number,
): Promise<Map<number, QuantityCells[]>> {
  if (chosen.length === 0) return new Map();
  const quantities = source.quantities.relation;
  const table = await source.query(`
    WITH chosen AS (SELECT * FROM (
      SELECT Channel, Label, (row_number() OVER (ORDER BY Channel, Label) - 1)::INTEGER AS series
      FROM (SELECT DISTINCT Channel, Label FROM ${quantities})
    ) WHERE series IN (${chosen.join(", ")}))
    SELECT series, PID::DOUBLE AS pid, ((Timepoint - ${from}) // ${width})::DOUBLE AS bin,
      min(Measurement) AS min, avg(Measurement) AS mean, max(Measurement) AS max, count(*)::DOUBLE AS count
    FROM ${quantities} JOIN chosen USING (Channel, Label)
    GROUP BY ALL ORDER BY series, pid, bin`);
  return collectCells(table.columns() as unknown as CellColumns);
}
