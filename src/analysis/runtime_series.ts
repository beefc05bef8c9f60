/** What a series of the runtime samplers is. */
export interface RuntimeSeries {
  /** Its name. */
  readonly label: string;
  /** Unit of its measurements. */
  readonly unit: "bytes" | "s" | "";
  /**
   * `"level"`: it has a value at all times; `"event"`: each observation is an event of its own; `"peak"`: the largest of a time, as a rule, so
   * that its sum says nothing; `"counter"`: it only grows, from the beginning of the recording or of the process on, so that only differences
   * say something.
   */
  readonly kind: "level" | "event" | "peak" | "counter";
}

/** The series of the runtime samplers, and those that only the Python original has, in the order in which they are shown. */
export const RUNTIME_SERIES: readonly RuntimeSeries[] = [
  { label: "user time", unit: "s", kind: "counter" },
  { label: "system time", unit: "s", kind: "counter" },
  { label: "rss", unit: "bytes", kind: "level" },
  { label: "max rss", unit: "bytes", kind: "level" },
  { label: "heap used", unit: "bytes", kind: "level" },
  { label: "heap total", unit: "bytes", kind: "level" },
  { label: "external", unit: "bytes", kind: "level" },
  { label: "gc pause", unit: "s", kind: "event" },
  { label: "gc collections", unit: "", kind: "counter" },
  { label: "gc collected", unit: "bytes", kind: "counter" },
  { label: "gc uncollectable", unit: "", kind: "counter" },
  { label: "event loop lag", unit: "s", kind: "peak" },
];
