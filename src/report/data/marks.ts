/**
 * What programs marked, in the time of a report.
 *
 * @module
 */

import { counted } from "../../display/numbers.ts";
import type { MarkData } from "../shared/report_data.ts";
import type { Source } from "./source.ts";
import type { ShownTime } from "./time_axis.ts";

/** Most marks that are shown: more say nothing on a chart. */
const MOST = 500;

/** The marks of a report, and what is to be said of those that it has not. */
export interface Marks {
  /** By time. */
  readonly marks: readonly MarkData[];
  readonly problems: readonly string[];
}

/** Reads the marks of the processes in a source: the first ones, if there are too many. */
export async function readMarks(source: Source, { from, to }: ShownTime): Promise<Marks> {
  const { relation } = source.marks.where(`Timepoint BETWEEN ${from} AND ${to}`);
  const rows = await source.rows<{ at: bigint; text: string; process: number; all: number }>(`
    SELECT Timepoint AS at, Label AS text, process::DOUBLE AS process, (count(*) OVER ())::DOUBLE AS "all"
    FROM ${relation} ORDER BY ALL LIMIT ${MOST}`);
  const left = (rows[0]?.all ?? 0) - rows.length;
  return {
    marks: rows.map(({ at, text, process }) => ({ at: Number(at - from), text, process })),
    problems: left > 0
      ? [`${counted(left, "mark")} after the first ${MOST} ${left === 1 ? "is" : "are"} left out`]
      : [],
  };
}
