import type { Finding, ReportData } from "../shared/report_data.ts";

/** What the findings are made from. */
export type Facts = Omit<ReportData, "findings">;

/** A finding, and how to find out why. */
export interface Draft extends Finding {
  /** What is to be explained: why a series is slow, or what a process did in the finding's window. */
  readonly why?: { readonly slow: string } | { readonly pid: number };
}

/** The processes in words: `PID 42`, or `the process` if there is no other. */
export function nameProcess(pid: number, { processes }: Facts): string {
  return processes.length > 1 ? `PID ${pid}` : "the process";
}

/** The sum of some numbers. */
export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** A text as the beginning of a sentence. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
