import { secondsIn, within, without } from "../../statistics/spans.ts";
import { processOf } from "../frames/processes.ts";
import type { TelemetryFrame } from "../frames/telemetry_frame.ts";

/** For how long a frame was recorded. */
export interface RecordedTime {
  /** Seconds from its first to its last row. */
  readonly seconds: number;
  /** Those of them in which recording of a process was off, and no other one recorded. */
  readonly off: number;
}

/** Reads for how long a frame was recorded; `undefined` if recording was never switched off. */
export async function readRecordedTime(frame: TelemetryFrame): Promise<RecordedTime | undefined> {
  const pauses = await frame.pauses();
  if (pauses.isEmpty) return undefined;
  const table = await frame.sql(
    `SELECT PID, Isolate, min(Timepoint) AS "from", max(Timepoint) AS "to" FROM ${frame.relation} GROUP BY ALL`,
  );
  const times = table.rows().map((row) => ({
    from: row.from as bigint,
    to: row.to as bigint,
    off: pauses.of(processOf(row)),
  }));
  const [first, ...others] = times;
  if (first === undefined) return undefined;
  const range = others.reduce((all, { from, to }) => ({
    from: from < all.from ? from : all.from,
    to: to > all.to ? to : all.to,
  }), { from: first.from, to: first.to });
  const recorded = times.flatMap(({ off, ...span }) => without([span], off));
  const off = within(without(times.flatMap(({ off }) => off), recorded), range);
  return { seconds: secondsIn([range]), off: secondsIn(off) };
}
