import type { ProcessData } from "../shared/report_data.ts";
import type { Source } from "./source.ts";
import type { ShownTime } from "./time_axis.ts";
import { CHANNELS } from "../../series.ts";

/** Who recorded, and how much. */
export interface Overview {
  readonly processes: readonly ProcessData[];
  readonly rows: number;
  /** Of these, durations. */
  readonly durations: number;
}

/** Counts the rows of each process. */
export async function readOverview(source: Source, { from }: ShownTime): Promise<Overview> {
  const rows = await source.rows<ProcessData & { durations: number }>(`
    SELECT PID::DOUBLE AS pid, count(*)::DOUBLE AS rows,
      (min(Timepoint) - ${from})::DOUBLE AS first, (max(Timepoint) - ${from})::DOUBLE AS last,
      (count(*) FILTER (Channel = '${CHANNELS.duration}'))::DOUBLE AS durations
    FROM ${source.relation} GROUP BY PID ORDER BY PID`);
  const sum = (of: "rows" | "durations"): number => rows.reduce((sum, row) => sum + row[of], 0);
  return {
    processes: rows.map(({ pid, rows, first, last }) => ({ pid, rows, first, last })),
    rows: sum("rows"),
    durations: sum("durations"),
  };
}
