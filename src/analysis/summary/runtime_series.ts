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

/**
 * Whether files with these runtime series are the Python original's: it alone tells what could not be collected, or the largest RSS without the
 * present one.
 */
export function isFromPython(labels: ReadonlySet<string>): boolean {
  return labels.has("gc uncollectable") || labels.has("max rss") && !labels.has("rss");
}

/**
 * What a series is; of one that nobody knows, it is supposed to be a level. The Python original counts objects where we count bytes, and its `max
 * rss` is in kB on Linux and in bytes elsewhere, so these have no unit.
 */
export function runtimeSeriesOf(label: string, isPython: boolean): RuntimeSeries {
  const series = RUNTIME_SERIES.find((series) => series.label === label) ?? { label, unit: "", kind: "level" };
  return isPython && series.unit === "bytes" ? { ...series, unit: "" } : series;
}

/** Whether a counter is of an isolate, and not of the process: those of several isolates of a process cannot be told apart. */
export function isOfIsolate(label: string): boolean {
  return label.startsWith("gc ");
}

/** A counter that goes back at more than this part of its steps, and more than once, is several; one that rarely does began anew. */
export const MAX_RESETS = 0.02;

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
