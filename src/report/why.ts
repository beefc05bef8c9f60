/**
 * What is known of one label: its findings, modes and steps, and what sets its slow durations apart.
 * The page of a report says the same.
 *
 * @module
 */

import type { RequestGroup } from "../analysis/slow/slow_correlation.ts";
import { whySlow } from "./findings/explain_findings.ts";
import { describeThreshold, type Factor, sureness } from "./findings/why_slow.ts";
import { readExplained, type ReportOptions } from "./make_report.ts";
import { withTimesOfDay } from "./shared/clock_times.ts";
import type { DurationStatistics, Finding, ModeData, StepData } from "./shared/report_data.ts";
import type { TelemetryDB } from "../analysis/mod.ts";

/** What is known of a label. */
export interface Explanation {
  readonly label: string;
  /** Statistics of its durations; not of what is no duration. */
  readonly statistics?: DurationStatistics;
  /** What its durations are around, if there are several modes. */
  readonly modes: readonly ModeData[];
  /** When its median changed; `at` is ns since 1970, as text. */
  readonly steps: readonly (Omit<StepData, "at"> & { readonly at: string })[];
  /** Its slow durations, and what sets them apart from the others; not of what is no duration. */
  readonly slow?: {
    /** Which are slow, in words. */
    readonly which: string;
    /** A duration that took longer than this, in seconds, is slow. */
    readonly threshold: number;
    readonly slow: RequestGroup;
    readonly others: RequestGroup;
    /** What explains the most first, each with how sure it is, in words. */
    readonly apart: readonly (Factor & { readonly sureness: string })[];
  };
  /** The report's findings that are about it or name it, the worst first. */
  readonly findings: readonly Finding[];
}

/**
 * Reads what is known of a label; `undefined` if nothing with it was recorded. `time`: writes a time
 * of day, of ns since 1970.
 */
export async function explainLabel(
  db: TelemetryDB,
  label: string,
  { time, ...options }: ReportOptions & { readonly time: (timepoint: bigint) => string },
): Promise<Explanation | undefined> {
  const { data, context } = await readExplained(db, options);
  const series = data.durations.find((of) => of.label === label);
  const isKnown = series !== undefined || data.quantities.some((of) => of.label === label);
  if (context === undefined || !isKnown) return undefined;
  const from = BigInt(data.from);
  const timed = (text: string): string => withTimesOfDay(text, (at) => time(from + BigInt(at)));
  const inWords = ({ also, ...finding }: Finding): Finding => ({
    ...finding,
    text: timed(finding.text),
    ...finding.because === undefined ? {} : { because: timed(finding.because) },
    ...also && { also: also.map(inWords) },
  });
  const why = series === undefined ? undefined : await whySlow(label, context);
  return {
    label,
    ...series && { statistics: series.statistics },
    modes: series?.modes ?? [],
    steps: (series?.steps ?? []).map((step) => ({ ...step, at: String(from + BigInt(Math.round(step.at))) })),
    ...why && {
      slow: {
        which: describeThreshold(why.correlation),
        threshold: why.correlation.threshold,
        slow: why.correlation.slow,
        others: why.correlation.others,
        apart: why.factors.map((factor) => ({
          ...factor,
          text: timed(factor.text),
          sureness: sureness(factor, why.correlation),
        })),
      },
    },
    findings: data.findings.filter((finding) => isAbout(finding, label)).map(inWords),
  };
}

/** Whether a finding, or one with the same cause, is about a label, or names it. */
function isAbout({ label: about, text, because = "", also = [] }: Finding, label: string): boolean {
  return about === label || text.includes(`“${label}”`) || because.includes(`“${label}”`) ||
    also.some((of) => isAbout(of, label));
}
