import type { Recording } from "./recording.ts";
import type { Server } from "./servers.ts";
import { formatNumber } from "./units.ts";

/** Whether the files hold what the servers say that they recorded. */
export interface Completeness {
  /** Whether they do, as far as can be known. */
  readonly ok: boolean;
  /** In words. */
  readonly text: string;
}

/** Compares the rows of the files with the counts of the servers; one that ended out of order has told none. */
export function checkCompleteness({ files }: Recording, servers: readonly Server[]): Completeness {
  let recorded = 0;
  let found = 0;
  for (const { process, stopped } of servers) {
    if (process === undefined || stopped === undefined) continue;
    recorded += stopped.recorded;
    for (const { pid, rows } of files) found += pid === process.pid ? rows ?? 0 : 0;
  }
  if (found === recorded) {
    return { ok: true, text: `All ${formatNumber(recorded)} observations that the servers made are in these files.` };
  }
  return {
    ok: false,
    text: `The servers made ${formatNumber(recorded)} observations, but the files hold ${formatNumber(found)}.`,
  };
}
