/**
 * The dictionary of what Kymo records by itself: its channels, the series of its runtime samplers,
 * and what their values mean. All other files take these names, units and kinds from here.
 *
 * @module
 */

/** How a segment stores the values of a channel, and how they are written to CSV. */
export const ValueKind = {
  /** Doubles in any unit; written so that they round-trip exactly. */
  number: 0,
  /** Durations: integer nanoseconds; written as seconds with 9 decimals. */
  duration: 1,
} as const;

/** One of {@linkcode ValueKind}. */
export type ValueKind = (typeof ValueKind)[keyof typeof ValueKind];

/** Nanoseconds in a second. */
export const NANOSECONDS_PER_SECOND = 1e9;

/** Nanoseconds in a millisecond. */
export const NANOSECONDS_PER_MS = 1e6;

/** What a stored value is divided by to become a measurement as in CSV. */
export function storedPerMeasured(kind: ValueKind): number {
  return kind === ValueKind.duration ? NANOSECONDS_PER_SECOND : 1;
}

/** The channels that Kymo writes itself. The name of a channel begins the names of its files. */
export const CHANNELS = {
  /** Duration samples: `time`, `timeIt`, `startDurationSample`, HTTP requests. Seconds in CSV. */
  duration: "duration",
  /**
   * Outgoing HTTP requests of the program, by host: how long others took to answer it. Seconds in
   * CSV.
   */
  client: "client",
  /** The series of the runtime samplers, see {@linkcode RUNTIME_SERIES}. */
  runtime: "runtime",
  /** What the program passes to `observe`, in units of its own. */
  custom: "custom",
  /** What the program passes to `mark`: the text as label, with the value 1. */
  mark: "mark",
} as const;

/** Begins the names of CPU profiles, as a channel begins those of CSV files. */
export const PROFILER_PREFIX = "profiler";

/** Names that a program cannot give to a channel of its own. */
export const RESERVED_CHANNELS: readonly string[] = [...Object.values(CHANNELS), PROFILER_PREFIX];

/** The channels that hold durations, in the order in which they are shown. */
export const DURATION_CHANNELS: readonly string[] = [CHANNELS.duration, CHANNELS.client];

/** Whether the values of a channel are durations. */
export function holdsDurations(channel: string): boolean {
  return DURATION_CHANNELS.includes(channel);
}

/** The value kind of a channel. */
export function valueKindOf(channel: string): ValueKind {
  return holdsDurations(channel) ? ValueKind.duration : ValueKind.number;
}

/**
 * Labels of the series in the channel `runtime`. Units, kinds and scopes are in
 * {@linkcode RUNTIME_SERIES}.
 */
export const SERIES = {
  /** CPU time of the process in user code since it began. */
  userTime: "user time",
  /** CPU time of the process in the kernel since it began. */
  systemTime: "system time",
  /** Resident set size of the process. */
  rss: "rss",
  /**
   * Largest resident set size of the process since it began: the system's peak where it can be read,
   * otherwise the largest `rss` sampled. (The `maxrss` of the operating system begins with the peak
   * of the parent process.)
   */
  maxRss: "max rss",
  /** JavaScript heap in use. On Bun it includes `external`, and is as of the last collection. */
  heapUsed: "heap used",
  /** JavaScript heap reserved. On Bun it may be less than `heap used`. */
  heapTotal: "heap total",
  /** Memory outside the heap that JavaScript objects hold, such as buffers. */
  external: "external",
  /** Duration of one garbage collection; recorded at the sampling tick that follows it. */
  gcPause: "gc pause",
  /** Garbage collections since sampling began. */
  gcCollections: "gc collections",
  /** Bytes of heap freed by garbage collections since sampling began. */
  gcCollected: "gc collected",
  /** Objects that could not be collected. Only the Python original can measure it. */
  gcUncollectable: "gc uncollectable",
  /**
   * Delay of a timer that fires every {@linkcode LAG_PROBE_INTERVAL} ms. A delay of at least that
   * interval is recorded when it happens; of smaller ones, only the largest of each sampling
   * interval.
   */
  eventLoopLag: "event loop lag",
} as const;

/**
 * Label of the rate that reports show instead of `user time` and `system time`: CPU time divided by
 * wall time, in cores.
 */
export const CPU_RATE = "cpu";

/** Interval of the timer that measures the event loop's lag, ms. */
export const LAG_PROBE_INTERVAL = 20;

/** What the values of a runtime series mean. */
export interface RuntimeSeries {
  /** Name of the series. */
  readonly label: string;
  /** Unit of its values; empty for counts and unknown units. */
  readonly unit: "bytes" | "s" | "";
  /**
   * - `"level"`: the quantity has a value at all times, and is sampled.
   * - `"counter"`: a total that only grows; only differences of its values are meaningful.
   * - `"event"`: each observation is one event, so that their sum is meaningful.
   * - `"peak"`: an observation is the largest value of an interval, so that their sum means
   *   nothing.
   */
  readonly kind: "level" | "counter" | "event" | "peak";
}

/** An entry of the dictionary. */
export interface SeriesEntry extends RuntimeSeries {
  /**
   * What is measured. CSV files do not tell isolates apart, so the counters of several isolates in
   * one process are mixed.
   */
  readonly scope: "process" | "isolate";
  /** Unit in files of the Python original, where it differs. */
  readonly pythonUnit?: RuntimeSeries["unit"];
}

/**
 * All runtime series, in the order in which they are shown.
 *
 * The Python original (the telemetry package of
 * [QuantumLeap](https://github.com/orchestracities/ngsi-timeseries-api)) has `user time`, `system
 * time`, `max rss`, `gc collections`, `gc collected` and `gc uncollectable`. Its `max rss` is
 * `ru_maxrss`: kB on Linux, bytes on macOS. Its GC series are totals of all generations since the
 * interpreter began, and it counts objects where Kymo counts bytes.
 */
export const RUNTIME_SERIES: readonly SeriesEntry[] = [
  { label: SERIES.userTime, unit: "s", kind: "counter", scope: "process" },
  { label: SERIES.systemTime, unit: "s", kind: "counter", scope: "process" },
  { label: SERIES.rss, unit: "bytes", kind: "level", scope: "process" },
  { label: SERIES.maxRss, unit: "bytes", kind: "level", scope: "process", pythonUnit: "" },
  { label: SERIES.heapUsed, unit: "bytes", kind: "level", scope: "isolate" },
  { label: SERIES.heapTotal, unit: "bytes", kind: "level", scope: "isolate" },
  { label: SERIES.external, unit: "bytes", kind: "level", scope: "isolate" },
  { label: SERIES.gcPause, unit: "s", kind: "event", scope: "isolate" },
  { label: SERIES.gcCollections, unit: "", kind: "counter", scope: "isolate" },
  { label: SERIES.gcCollected, unit: "bytes", kind: "counter", scope: "isolate", pythonUnit: "" },
  { label: SERIES.gcUncollectable, unit: "", kind: "counter", scope: "isolate" },
  { label: SERIES.eventLoopLag, unit: "s", kind: "peak", scope: "isolate" },
];

/** The entries of the dictionary by label. */
const ENTRIES: ReadonlyMap<string, SeriesEntry> = new Map(RUNTIME_SERIES.map((entry) => [entry.label, entry]));

/**
 * What the values of a series of the channel `runtime` mean. An unknown series is a level without
 * unit.
 */
export function runtimeSeriesOf(label: string, isPython: boolean): RuntimeSeries {
  const { unit, kind, pythonUnit = unit } = ENTRIES.get(label) ?? { unit: "", kind: "level" };
  return { label, unit: isPython ? pythonUnit : unit, kind };
}

/** Whether a series measures one isolate, and not the whole process. */
export function isOfIsolate(label: string): boolean {
  return ENTRIES.get(label)?.scope === "isolate";
}

/**
 * Whether the Python original wrote files with these runtime series: only it has `gc
 * uncollectable`, and only it has `max rss` without `rss`.
 */
export function isFromPython(labels: ReadonlySet<string>): boolean {
  return labels.has(SERIES.gcUncollectable) || labels.has(SERIES.maxRss) && !labels.has(SERIES.rss);
}
