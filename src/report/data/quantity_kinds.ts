import { runtimeSeriesOf } from "../../analysis/summary/runtime_series.ts";
import type { QuantityData } from "../shared/report_data.ts";
import { RUNTIME_CHANNEL } from "./source.ts";

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

/** The rates that are shown instead of counters of the runtime. */
export const rates: readonly Rate[] = [
  { label: "cpu", unit: "cores", counters: ["user time", "system time"], ofIsolate: false },
  { label: "gc collections", unit: "1/s", counters: ["gc collections"], ofIsolate: true },
  { label: "gc collected", unit: "bytes/s", counters: ["gc collected"], ofIsolate: true },
];

/** The series of nobody knows what. */
const unknown: QuantityKind = { unit: "", kind: "level" };

/** What a series is; `"counter"` if a rate is shown instead. Of the Python original's series only the processor time is known for sure. */
export function kindOf(channel: string, label: string, isPython: boolean): QuantityKind | "counter" {
  if (channel !== RUNTIME_CHANNEL) return unknown;
  const rate = rates.find(({ counters }) => counters.includes(label));
  if (rate !== undefined) return isPython && rate.ofIsolate ? unknown : "counter";
  const { unit, kind } = runtimeSeriesOf(label, isPython);
  // Most peaks are of single events, those of a certain size, so they are drawn as such.
  return { unit, kind: kind === "event" || kind === "peak" ? "event" : "level" };
}
