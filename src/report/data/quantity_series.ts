import { filledBins, longLabelBytes, QUANTITY_CELL_BYTES } from "./cost.ts";
import type { SeriesCost } from "./plan.ts";
import type { Source } from "./source.ts";
import type { Bins } from "./time_axis.ts";
import { CHANNELS, isFromPython } from "../../series.ts";

/** A series that is no duration, before it is looked at in detail. */
export interface QuantitySeries extends SeriesCost {
  readonly label: string;
  readonly channel: string;
  /** Whether the Python original wrote it. */
  readonly isPython: boolean;
}

/** Series of the runtime are shown first, then those with the most rows. */
const RUNTIME_WEIGHT = 1e15;

/** All series that are no durations, in the order of their channels and labels, and what it would cost to show them on each axis. */
export async function readQuantitySeries(source: Source, axes: readonly Bins[]): Promise<QuantitySeries[]> {
  const rows = await source.rows<{ Channel: string; Label: string; PID: bigint; rows: number }>(`
    SELECT Channel, Label, PID, count(*)::DOUBLE AS rows FROM ${source.quantities.relation}
    GROUP BY ALL ORDER BY Channel, Label, PID`);
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
