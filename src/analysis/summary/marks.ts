import { CHANNELS } from "../../series.ts";
import type { ProcessId } from "../../files/names.ts";
import { PROCESS_KEY } from "../duckdb/sql.ts";
import { processOf } from "../frames/processes.ts";
import type { Selection, TimeRange } from "../frames/selection.ts";
import type { TelemetryDB } from "../frames/telemetry_db.ts";

/** What a program marked: `mark("deploy 1.4.2")`. */
export interface Mark extends ProcessId {
  /** When, ns since 1970. */
  readonly at: bigint;
  /** What it said. */
  readonly text: string;
}

/** The marks of a selection. */
export interface Marks {
  /** By time, then text: the first {@linkcode MOST_MARKS}. */
  readonly list: readonly Mark[];
  /** How many there are in all. */
  readonly count: number;
  /** Their time range; `undefined` if there are none. */
  readonly range: TimeRange | undefined;
  /** The keys of the processes that marked. */
  readonly processes: readonly string[];
}

/** Most marks that are listed. */
export const MOST_MARKS = 1_000;

/** No marks. */
export const NO_MARKS: Marks = { list: [], count: 0, range: undefined, processes: [] };

/** Reads the marks of a selection. */
export async function readMarks(db: TelemetryDB, selection: Selection): Promise<Marks> {
  if (!db.channels().includes(CHANNELS.mark)) return NO_MARKS;
  const { relation } = db.frame(CHANNELS.mark).where(selection);
  const [all] = (await db.sql(`
    SELECT count(*)::DOUBLE AS count, min(Timepoint) AS first, max(Timepoint) AS last,
      map_keys(histogram(${PROCESS_KEY})) AS processes FROM ${relation}`)).rows();
  if (typeof all?.first !== "bigint") return NO_MARKS;
  const table = await db.sql(`
    SELECT Timepoint, Label, PID, Isolate FROM ${relation} ORDER BY Timepoint, Label, PID, Isolate LIMIT ${MOST_MARKS}`);
  return {
    list: table.rows().map((row) => ({ at: row.Timepoint as bigint, text: row.Label as string, ...processOf(row) })),
    count: all.count as number,
    range: { first: all.first, last: all.last as bigint },
    processes: all.processes as string[],
  };
}
