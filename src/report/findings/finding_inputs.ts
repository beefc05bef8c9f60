import type { Source } from "../data/source.ts";
import type { ShownTime } from "../data/time_axis.ts";
import { CHANNELS, SERIES } from "../../series.ts";

/**
 * A lag of the event loop from which on it counts as a stall, in seconds: the length from which on browsers, too, call a task long, since
 * whoever waits for more than one of them notices.
 */
export const STALL = 0.05;

/** What the bins do not tell: single events. */
export interface Evidence {
  /** Of each process whose event loop stalled. */
  readonly stalls: readonly Events[];
  /** Of each process that collected garbage. */
  readonly pauses: readonly Events[];
  /** Observations that are no finite numbers, by label, the most first. */
  readonly notFinite: readonly { readonly label: string; readonly count: number }[];
}

/** Some events of a process. */
export interface Events {
  readonly pid: number;
  readonly count: number;
  /** Seconds, together. */
  readonly sum: number;
  /** The longest, seconds. */
  readonly longest: number;
  /** When that was over, ns since the beginning. */
  readonly at: number;
}

/** Looks for stalls, pauses and measurements that are no finite numbers. */
export async function readEvidence(source: Source, { from }: ShownTime): Promise<Evidence> {
  const rows = await source.rows<Events & { label: string }>(`
    SELECT Label AS label, PID::DOUBLE AS pid, count(*)::DOUBLE AS count, sum(Measurement) AS sum, max(Measurement) AS longest,
      (arg_max(Timepoint, Measurement) - ${from})::DOUBLE AS at
    FROM ${source.runtime.relation}
    WHERE Channel = '${CHANNELS.runtime}' AND (Label = '${SERIES.gcPause}' OR Label = '${SERIES.eventLoopLag}' AND Measurement >= ${STALL})
    GROUP BY ALL ORDER BY longest DESC, pid`);
  const of = (wanted: string): Events[] =>
    rows.filter(({ label }) => label === wanted)
      .map(({ pid, count, sum, longest, at }) => ({ pid, count, sum, longest, at }));
  const notFinite = await source.rows<{ label: string; count: number }>(`
    SELECT Label AS label, count(*)::DOUBLE AS count FROM ${source.relation} WHERE NOT isfinite(Measurement)
    GROUP BY Label ORDER BY count DESC, label`);
  return { stalls: of(SERIES.eventLoopLag), pauses: of(SERIES.gcPause), notFinite };
}
