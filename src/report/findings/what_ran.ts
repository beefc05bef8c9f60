import type { Source } from "../data/source.ts";
import type { ShownTime } from "../data/time_axis.ts";
import { inSeconds } from "../../display/words.ts";
import { isRequest } from "./slow_series.ts";

/** The lag's timer runs at any time within this many ns before the block that delays it, or ends after it. */
const SLACK = 25e6;

/** What kept the event loop busy took up this part of the stall. */
const MOST_OF_IT = 0.5;

/** What a process did while its event loop stood still, in a sentence; `undefined` if nothing that was recorded took that long. */
export async function whatRan(
  source: Source,
  { from }: ShownTime,
  pid: number,
  [begin, end]: readonly [number, number],
): Promise<string | undefined> {
  const [first, last] = [BigInt(Math.floor(begin - SLACK)) + from, BigInt(Math.ceil(end + SLACK)) + from];
  const rows = await source.rows<{ label: string; duration: number }>(`
    SELECT Label AS label, Measurement AS duration FROM ${source.durations.relation}
    WHERE PID = ${pid} AND Timepoint BETWEEN ${first} AND ${last}
      AND Measurement >= ${MOST_OF_IT * (end - begin) / 1e9} AND Timepoint - Measurement * 1e9 >= ${first}
    ORDER BY Measurement LIMIT 100`);
  // Requests that waited took as long; of what is within another the innermost tells the most.
  const ran = rows.find(({ label }) => !isRequest(label)) ?? rows.at(-1);
  return ran === undefined ? undefined : `“${ran.label}” ran for ${inSeconds(ran.duration)} then.`;
}
