import type { QuantityData } from "../shared/report_data.ts";
import { CHANNELS, runtimeSeriesOf, SERIES } from "../../series.ts";

/** What is known of a series: what its numbers mean, and what they are. */
export interface QuantityKind {
  readonly unit: QuantityData["unit"];
  readonly kind: QuantityData["kind"];
}

/** A rate that is made of counters, which are added. */
export interface Rate {
  readonly label: string;
  readonly unit: QuantityData["unit"];
  /** Labels of the counters. */
  readonly counters: readonly string[];
  /** Whether the counters are of an isolate: those of several in one process cannot be told apart. */
  readonly ofIsolate: boolean;
}

/** Label of the rate of a process's CPU time. */
export const CPU_RATE = "cpu";

/** The rates that are shown instead of counters of the runtime. */
export const rates: readonly Rate[] = [
  { label: CPU_RATE, unit: "cores", counters: [SERIES.userTime, SERIES.systemTime], ofIsolate: false },
  { label: SERIES.gcCollections, unit: "1/s", counters: [SERIES.gcCollections], ofIsolate: true },
  { label: SERIES.gcCollected, unit: "bytes/s", counters: [SERIES.gcCollected], ofIsolate: true },
];

/** The series of nobody knows what. */
const unknown: QuantityKind = { unit: "", kind: "level" };

/** What a series is; `"counter"` if a rate is shown instead. Of the Python original's series only the processor time is known for sure. */
export function kindOf(channel: string, label: string, isPython: boolean): QuantityKind | "counter" {
  if (channel !== CHANNELS.runtime) return unknown;
  const rate = rates.find(({ counters }) => counters.includes(label));
  if (rate !== undefined) return isPython && rate.ofIsolate ? unknown : "counter";
  const { unit, kind } = runtimeSeriesOf(label, isPython);
  // Most peaks are of single events, those of a certain size, so they are drawn as such.
  return { unit, kind: kind === "event" || kind === "peak" ? "event" : "level" };
}
