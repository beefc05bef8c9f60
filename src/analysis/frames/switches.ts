import type { ProgramRecord } from "../../files/program_record.ts";
import { CHANNELS } from "../../series.ts";
import { RECORDING, RecordingSwitch, switchLabel } from "../../recording_switch.ts";
import type { DuckDB } from "../duckdb/duckdb.ts";
import { literal } from "../duckdb/sql.ts";
import { processKey } from "../../files/names.ts";
import { processOf } from "./processes.ts";
import { type Span, without } from "../../statistics/spans.ts";
import { FOREVER, type Pause, Pauses, type SwitchRow } from "../programs/pauses.ts";

/** The view of the rows that switch recording off and on. */
export const SWITCHES = "kymo.switches";

/** SQL that tells whether a label of the channel `runtime` may be that of a switch. */
export const IS_SWITCH_LABEL = `(Label = ${literal(RECORDING)} OR starts_with(Label, ${
  literal(`${RECORDING} channel `)
}) OR starts_with(Label, ${literal(`${RECORDING} label `)}))`;

/** SQL that tells whether a row is none that switches: those are no series. */
export const IS_NO_SWITCH = `NOT (Channel = ${literal(CHANNELS.runtime)} AND ${IS_SWITCH_LABEL})`;

/** Reads when recording was off. */
export type PauseReader = () => Promise<Pauses>;

/**
 * With more switches than this, only the last of each process and label in a part of the time
 * counts.
 */
const MAX_SWITCHES = 100_000;

/** What {@linkcode readPauses} reads, and what it should know. */
export interface PauseSource {
  readonly database: DuckDB;
  /** Whether files of earlier rows were left out. */
  readonly isPart: boolean;
  /** When processes recorded their first rows that were not read, by their keys. */
  readonly earlier: ReadonlyMap<string, bigint>;
  /** The records of the programs; asked for only if there are switches of unknown isolates. */
  readonly records: () => Iterable<ProgramRecord>;
}

/** Reads when recording was off. Scans the channel `runtime`. */
export async function readPauses({ database, isPart, earlier, records }: PauseSource): Promise<Pauses> {
  const read = async (query: string): Promise<SwitchRow[]> => {
    const table = await database.sql(query);
    return table.rows().map(({ PID, Isolate, Label, Timepoint, Measurement }) => ({
      pid: Number(PID),
      isolate: Isolate as string,
      label: Label as string,
      timepoint: Timepoint as bigint,
      value: Measurement as number,
    }));
  };
  let rows = await read(`SELECT * FROM ${SWITCHES} ORDER BY ALL LIMIT ${MAX_SWITCHES + 1}`);
  if (rows.length === 0) return Pauses.none;
  if (rows.length > MAX_SWITCHES) {
    rows = await read(`
      SELECT PID, Isolate, Label, max(Timepoint) AS Timepoint, arg_max(Measurement, Timepoint) AS Measurement
      FROM ${SWITCHES}, (
        SELECT min(Timepoint::HUGEINT) AS earliest, (max(Timepoint::HUGEINT) - min(Timepoint::HUGEINT)) //
          greatest(1, ${MAX_SWITCHES} // count(DISTINCT (PID, Isolate, Label))) + 1 AS width FROM ${SWITCHES}
      ) GROUP BY PID, Isolate, Label, (Timepoint - earliest) // width ORDER BY ALL LIMIT ${2 * MAX_SWITCHES}`);
  }
  const isMixed = rows.some(({ isolate }) => isolate === "");
  const starts = isMixed ? [...records()].filter(({ options }) => options.layout === "append") : [];
  return new Pauses(rows, { beganOff: isPart ? await readBeganOff(database, earlier) : new Set(), starts });
}

/**
 * The keys of processes of which nothing was recorded before the first switch: if that switches
 * recording on, it was off. (A program tells its state anew when a narrower switch changes, so a
 * switch that is on does not say so by itself.)
 */
async function readBeganOff(database: DuckDB, earlier: ReadonlyMap<string, bigint>): Promise<Set<string>> {
  const table = await database.sql(`
    SELECT PID, Isolate, min(Timepoint) FILTER (NOT (${IS_NO_SWITCH})) AS first FROM observations GROUP BY PID, Isolate
    HAVING first <= coalesce(min(Timepoint) FILTER (${IS_NO_SWITCH}), ${FOREVER})`);
  const began = table.rows().map((row) => ({ key: processKey(processOf(row)), first: row.first as bigint }));
  return new Set(began.filter(({ key, first }) => first <= (earlier.get(key) ?? FOREVER)).map(({ key }) => key));
}

/**
 * A relation of rows of the runtime with a further column `offSince`: when recording of some of
 * these was switched off in the process for the last time before each row; null if it never was. So
 * what is between two rows with different values is not known.
 */
export function afterSwitches(relation: string): string {
  // A window, and no ASOF join, which DuckDB may run as a loop in a loop: hostile rows make it take
  // hours.
  return `(
    SELECT * EXCLUDE (isOff) FROM (
      SELECT *, max(CASE WHEN isOff THEN Timepoint END) OVER (
        PARTITION BY PID, Isolate ORDER BY Timepoint, isOff DESC ROWS UNBOUNDED PRECEDING
      ) AS offSince
      FROM (
        SELECT *, false AS isOff FROM ${relation} UNION ALL BY NAME
        SELECT DISTINCT PID, Isolate, Timepoint, true AS isOff FROM ${SWITCHES}
        WHERE Measurement = ${RecordingSwitch.off} AND (Label NOT LIKE ${literal(`${RECORDING} channel %`)}
          OR starts_with(Label, ${literal(switchLabel({ channel: CHANNELS.runtime }))}))
      )
    ) WHERE NOT isOff
  )`;
}

/**
 * Reads when each series of a relation was not recorded, by label: it was off in some process, and
 * no other process recorded it. Scans the relation if anything was ever switched.
 */
export async function readOffTimes(
  database: Pick<DuckDB, "sql">,
  relation: string,
  pauses: Pauses,
): Promise<Map<string, Span<bigint>[]>> {
  if (pauses.isEmpty) return new Map();
  const table = await database.sql(
    `SELECT Label, PID, Isolate, Channel, min(Timepoint) AS "from", max(Timepoint) AS "to" FROM ${relation} GROUP BY ALL`,
  );
  const found = new Map<string, { off: Pause[]; recorded: Span<bigint>[] }>();
  for (const row of table.rows()) {
    const label = row.Label as string;
    const own = pauses.of(processOf(row), { channel: row.Channel as string, label });
    const times = found.get(label) ?? { off: [], recorded: [] };
    found.set(label, times);
    times.off.push(...own);
    times.recorded.push(...without([{ from: row.from as bigint, to: row.to as bigint }], own));
  }
  return new Map([...found].map(([label, { off, recorded }]) => [label, without(off, recorded)]));
}
