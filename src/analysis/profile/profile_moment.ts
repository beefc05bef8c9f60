/**
 * A part of the time of a CPU profile.
 *
 * @module
 */

import type { Selection } from "../frames/selection.ts";
import type { ReadCpuProfile } from "./cpu_profile.ts";

const NANOSECONDS_PER_MICROSECOND = 1000;

/**
 * The profile of what ran within a time. A sample that lasts beyond it is cut off. `undefined` if
 * the profile does not say when its samples were taken, or if none of it is within that time.
 */
export function profileWithin(
  profile: ReadCpuProfile,
  { from, to }: Pick<Selection, "from" | "to">,
): ReadCpuProfile | undefined {
  const { startedAt, startTime, endTime, samples, timeDeltas } = profile;
  if (startedAt === undefined || samples === undefined || timeDeltas === undefined) return undefined;
  const onItsClock = (time: bigint): number => startTime + Number(time - startedAt) / NANOSECONDS_PER_MICROSECOND;
  const begin = from === undefined ? startTime : Math.max(startTime, onItsClock(from));
  const end = to === undefined ? endTime : Math.min(endTime, onItsClock(to));
  if (begin >= end) return undefined;
  let time = startTime;
  const inOrder = samples.map((id, i) => ({ id, time: time += timeDeltas[i]! })).sort((a, b) => a.time - b.time);
  const kept = inOrder.flatMap(({ id, time }, i) => {
    const [first, last] = [Math.max(begin, time), Math.min(end, inOrder[i + 1]?.time ?? endTime)];
    return first < last ? [{ id, first }] : [];
  });
  return {
    ...profile,
    startedAt: startedAt + BigInt(Math.round((begin - startTime) * NANOSECONDS_PER_MICROSECOND)),
    startTime: begin,
    endTime: end,
    samples: kept.map(({ id }) => id),
    timeDeltas: kept.map(({ first }, i) => first - (kept[i - 1]?.first ?? begin)),
  };
}
