import { TelemetryDB } from "@kymo/kymo/analysis";
import type { Server } from "./servers.ts";
import { formatInteger } from "../../src/display/numbers.ts";

/** Whether the files have all rows that the servers recorded. */
export interface Completeness {
  /** Whether they do, as far as that is known. */
  readonly ok: boolean;
  /** The result in words. */
  readonly text: string;
}

/**
 * Compares the rows of the files with the counts of the servers. A server that did not stop in an
 * orderly way has no counts.
 */
export async function checkCompleteness(directory: string, servers: readonly Server[]): Promise<Completeness> {
  await using db = await TelemetryDB.open(directory);
  let recorded = 0;
  let found = 0;
  for (const { process, stopped } of servers) {
    if (process === undefined || stopped === undefined) continue;
    recorded += stopped.recorded;
    const rows = await db.sql("SELECT count(*) AS rows FROM observations WHERE PID = ?", [process.pid]);
    found += Number(rows.rows()[0]?.["rows"]);
  }
  if (found === recorded) {
    return { ok: true, text: `All ${formatInteger(recorded)} observations that the servers made are in these files.` };
  }
  return {
    ok: false,
    text: `The servers made ${formatInteger(recorded)} observations, but the files hold ${formatInteger(found)}.`,
  };
}
