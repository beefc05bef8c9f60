/**
 * What programs marked.
 *
 * @module
 */

import type { ReportData } from "../../shared/report_data.ts";

/** Something that happened at a moment, as a program said it. */
export interface Mark {
  /** When, ns since the report's `from`. */
  readonly at: number;
  readonly text: string;
}

/** The marks of a report, in order of time. */
export function marksOf({ marks = [] }: ReportData & { readonly marks?: readonly Mark[] }): readonly Mark[] {
  return marks;
}
