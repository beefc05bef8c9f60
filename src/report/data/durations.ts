import { readDurationCells } from "./duration_cells.ts";
import { type DurationSeries, readStatistics, seriesWithRoom } from "./duration_statistics.ts";
import type { Plan } from "./plan.ts";
import type { DurationData } from "../shared/report_data.ts";
import type { Source } from "./source.ts";
import type { ShownTime } from "./time_axis.ts";

/** Reads the series of durations that there is room for, by their sum, the largest first. */
export async function readDurations(
  source: Source,
  series: readonly DurationSeries[],
  range: ShownTime,
  plan: Plan,
): Promise<DurationData[]> {
  const chosen = seriesWithRoom(series);
  const statistics = await readStatistics(source, chosen, chosen.size === series.length);
  const shown = plan.durations.intersection(chosen);
  const cells = await readDurationCells(source, shown, shown.size === series.length, range, plan.bins);
  return [...chosen].map((i) => ({
    label: series[i]!.label,
    statistics: statistics.get(i)!.statistics,
    processes: [...statistics.get(i)!.processes].map(([pid, statistics]) => {
      const found = cells.get(i)?.get(pid);
      return { pid, statistics, ...(found === undefined ? {} : { cells: found }) };
    }),
  }));
}
