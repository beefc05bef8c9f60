import type { QuantityData } from "./report_data.ts";
import { RUNTIME_PREFIX } from "./source.ts";

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

/** What is shown as it is. */
const runtimeKinds = new Map<string, QuantityKind>([
  ["gc pause", { unit: "s", kind: "event" }],
  ["event loop lag", { unit: "s", kind: "event" }],
  ["rss", { unit: "bytes", kind: "level" }],
  ["max rss", { unit: "bytes", kind: "level" }],
  ["heap used", { unit: "bytes", kind: "level" }],
  ["heap total", { unit: "bytes", kind: "level" }],
  ["external", { unit: "bytes", kind: "level" }],
]);

/** The series of nobody knows what. */
const unknown: QuantityKind = { unit: "", kind: "level" };

/**
 * Whether files with these runtime series are the Python original's: it alone tells what could not be collected, or the largest RSS without the
 * present one.
 */
export function isFromPython(labels: ReadonlySet<string>): boolean {
  return labels.has("gc uncollectable") || labels.has("max rss") && !labels.has("rss");
}

/**
 * What a series is; `"counter"` if a rate is shown instead. The Python original counts objects where we count bytes, and its `max rss` is in kB
 * on Linux and in bytes elsewhere; of its series only the processor time is known for sure.
 */
export function kindOf(prefix: string, label: string, isPython: boolean): QuantityKind | "counter" {
  if (prefix !== RUNTIME_PREFIX) return unknown;
  const rate = rates.find(({ counters }) => counters.includes(label));
  if (rate !== undefined) return isPython && rate.ofIsolate ? unknown : "counter";
  return isPython ? unknown : runtimeKinds.get(label) ?? unknown;
}
