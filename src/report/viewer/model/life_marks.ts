/**
 * Where lives begin and end in the part of the report that is shown.
 *
 * @module
 */

import type { LifeEnd, LivesData } from "../../shared/report_data.ts";
import type { ViewStore } from "./view_store.ts";

/** A beginning or an end. */
export interface PlacedMark {
  readonly mark: "start" | LifeEnd;
  /** Seconds since the report's `from`. */
  readonly at: number;
  /** The line of the process. */
  readonly line: number;
}

/** The marks of some lives. Of lives that are told together, the first beginning and the last end. */
export function marksOfLives(lives: readonly LivesData[], line: number): PlacedMark[] {
  return lives.flatMap(({ start, end, begins, ends }): PlacedMark[] => [
    ...begins ? [{ mark: "start" as const, at: start / 1e9, line }] : [],
    ...(Object.keys(ends) as LifeEnd[]).map((mark) => ({ mark, at: end / 1e9, line })),
  ]);
}

/** The marks of the processes shown, within the time shown. */
export function marksShown(store: ViewStore): PlacedMark[] {
  const { processes, from, to } = store.state;
  const [first, last] = [from * store.binSeconds, to * store.binSeconds];
  return [...processes].flatMap((process) => {
    const { lives = [], line = 0 } = store.data.processes[process] ?? {};
    return marksOfLives(lives, line).filter(({ at }) => at >= first && at <= last);
  });
}
