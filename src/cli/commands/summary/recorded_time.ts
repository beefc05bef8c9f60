import { lifeIn } from "../../../analysis/programs/lived_time.ts";
import type { Program } from "../../../analysis/programs/program.ts";
import type { SeriesSummary, Summary } from "../../../analysis/summary/summary.ts";
import type { TimeBins } from "../../../analysis/summary/time_bins.ts";
import { processKey } from "../../../files/names.ts";
import { secondsIn, type Span, unionOf, without } from "../../../statistics/spans.ts";

/** What a series is known by. */
type SeriesId = Pick<SeriesSummary, "channel" | "label" | "pid" | "isolate">;

/** When at least one of some programs lived, and when one of them recorded a series. */
export interface RecordedTime {
  /** Seconds in which one lived. */
  readonly lived: number;
  /** Seconds in which one lived and recorded: what a rate is per second of. */
  readonly recorded: number;
  /** The times in which one lived and none recorded, since recording was off. */
  readonly off: readonly Span<bigint>[];
}

/**
 * Returns when the programs of a summary recorded a series: the program of the series, or without
 * one any that has rows. Without a series, when they recorded anything.
 */
export function recordedTimes(
  summary: Pick<Summary, "range" | "processes" | "pauses">,
  programs: readonly Program[],
): (series?: SeriesId) => RecordedTime {
  const { range, pauses, processes } = summary;
  const byKey = new Map(programs.map((program) => [processKey(program), program]));
  const recorders = new Map(
    processes.map((id): [string, Program] => [processKey(id), byKey.get(processKey(id)) ?? id]),
  );
  const known = new Map<string, RecordedTime>();

  function timeOf(process: string, series: SeriesId | undefined): RecordedTime {
    if (range === undefined) return { lived: 0, recorded: 0, off: [] };
    const own = recorders.get(process);
    const parts = (own === undefined ? [...recorders.values()] : [own]).map((program) => ({
      life: lifeIn(program, range),
      pauses: series === undefined ? program.pauses ?? pauses.of(program) : pauses.of(program, series),
    }));
    const lived = unionOf(parts.flatMap(({ life }) => life));
    const recorded = unionOf(parts.flatMap(({ life, pauses }) => without(life, pauses)));
    return { lived: secondsIn(lived), recorded: secondsIn(recorded), off: without(lived, recorded) };
  }

  return (series) => {
    const { pid, isolate = "" } = series ?? {};
    const process = pid === undefined ? "" : processKey({ pid, isolate });
    const key = `${process} ${series === undefined ? "all" : pauses.coverageOf(series)}`;
    const time = known.get(key) ?? timeOf(process, series);
    known.set(key, time);
    return time;
  };
}

/**
 * Numbers of observations by bin; `null` where there are none since recording was off all the time.
 */
export function countsIn(
  bins: TimeBins | undefined,
  counts: readonly number[],
  off: readonly Span<bigint>[],
): readonly (number | null)[] {
  if (bins === undefined || off.length === 0) return counts;
  const { from, width, length } = bins;
  const known: (number | null)[] = [...counts];
  for (const span of off) {
    const first = Math.max(0, Number((span.from - from + width - 1n) / width));
    const end = Math.min(length, Number((span.to - from) / width));
    for (let bin = first; bin < end; bin++) if (known[bin] === 0) known[bin] = null;
  }
  return known;
}
