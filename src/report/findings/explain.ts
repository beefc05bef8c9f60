import type { TelemetryDB } from "../../analysis/mod.ts";
import { findCorrelation } from "../../analysis/slow/slow_correlation.ts";
import type { Finding } from "../shared/report_data.ts";
import type { ReportSelection, Source } from "../data/source.ts";
import type { ShownTime } from "../data/time_axis.ts";
import { type Draft, type Facts, sum } from "./finding.ts";
import { whatRan } from "./what_ran.ts";
import { whySlow } from "./why_slow.ts";

/** Where reasons are looked for. */
export interface ExplainContext {
  readonly db: TelemetryDB;
  readonly facts: Facts;
  readonly source: Source;
  readonly range: ShownTime;
  readonly selection: ReportSelection;
}

/** Adds to the findings why it is so, where that can be told. */
export async function explain(drafts: readonly Draft[], context: ExplainContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { why, ...finding } of drafts) {
    const because = why === undefined ? undefined : await explainOne(why, finding, context);
    findings.push(because === undefined ? finding : { ...finding, because });
  }
  return findings;
}

async function explainOne(
  why: NonNullable<Draft["why"]>,
  { window }: Finding,
  { db, facts, source, range, selection: { labels: _, ...selection } }: ExplainContext,
): Promise<string | undefined> {
  if ("pid" in why) return window === undefined ? undefined : await whatRan(source, range, why.pid, window);
  // What is within a request may be called anything, and timepoints that are not shown are no evidence.
  const within = { ...selection, from: range.from, to: range.to + 1n };
  const correlation = await findCorrelation(db, why.slow, { within });
  return correlation === undefined ? undefined : whySlow(correlation, (label) => timeShare(label, facts));
}

/** Which part of the time of all processes the durations of a label took, one at a time; above 1 if there were several at once. */
function timeShare(label: string, { durations, processes }: Facts): number {
  const time = sum(processes.map(({ first, last }) => last - first)) / 1e9;
  return (durations.find((of) => of.label === label)?.statistics.sum ?? 0) / time;
}
