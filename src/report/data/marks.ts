/**
 * What programs marked, in the time of a report or of a run.
 *
 * @module
 */

import { counted } from "../../display/numbers.ts";
import type { RunMark } from "../shared/difference_data.ts";
import type { MarkData } from "../shared/report_data.ts";
import type { Source } from "./source.ts";
import type { ShownTime } from "./time_axis.ts";

/** Most marks that are shown: more say nothing on a chart. */
const MOST = 500;

/** The marks of a recording, and what is to be said of those that are left out. */
export interface Marks<Mark> {
  /** By time. */
  readonly marks: readonly Mark[];
  readonly problems: readonly string[];
}

/** Reads the marks of the processes in a source: the first ones, if there are too many. */
export function readMarks(source: Source, time: ShownTime): Promise<Marks<MarkData>> {
  return readFirst(source, time, ", process::DOUBLE AS process");
}

/** Reads the same of a source whose processes are not told apart. */
export function readRunMarks(source: Source, time: ShownTime): Promise<Marks<RunMark>> {
  return readFirst(source, time, "");
}

/** `more`: SQL of more columns, which are all other properties of a mark. */
async function readFirst<Mark extends RunMark>(
  source: Source,
  { from, to }: ShownTime,
  more: string,
): Promise<Marks<Mark>> {
  const { relation } = source.marks.where(`Timepoint BETWEEN ${from} AND ${to}`);
  const rows = await source.rows<Omit<Mark, "at"> & { time: bigint; all: number }>(`
    SELECT Timepoint AS time, Label AS text${more}, (count(*) OVER ())::DOUBLE AS "all"
    FROM ${relation} ORDER BY ALL LIMIT ${MOST}`);
  const left = (rows[0]?.all ?? 0) - rows.length;
  return {
    marks: rows.map(({ time, all: _, ...mark }) => ({ ...mark, at: Number(time - from) }) as unknown as Mark),
    problems: left > 0
      ? [`${counted(left, "mark")} after the first ${MOST} ${left === 1 ? "is" : "are"} left out`]
      : [],
  };
}
