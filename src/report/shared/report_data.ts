/**
 * The data of a report: read from the files of a monitoring directory, put into the page as JSON,
 * and drawn there.
 *
 * Times are ns since `from`, exact in a double for 104 days; `from` is epoch time, as a decimal
 * string.
 *
 * @module
 */

/** The data of a report. */
export interface ReportData {
  /** Version of this format. */
  readonly format: 1;
  /** Name of what the report is about, such as the monitoring directory. */
  readonly title: string;
  /** Version of Kymo. */
  readonly kymo: string;
  /** When the report was made, ISO 8601. */
  readonly made: string;
  /** The first timepoint: epoch time, ns, as a decimal string. */
  readonly from: string;
  /** Time from the first timepoint to the last, ns. */
  readonly span: number;
  /** Number of observations shown. */
  readonly rows: number;
  /** The common time axis: `count` bins of `width` ns each, the first of which begins at `from`. */
  readonly bins: { readonly width: number; readonly count: number };
  /** The processes that recorded, by PID. */
  readonly processes: readonly ProcessData[];
  /** Findings, the most important first. */
  readonly findings: readonly Finding[];
  /** Duration series, sorted by sum, the largest first. */
  readonly durations: readonly DurationData[];
  /** All other series: the runtime's, and the program's own. */
  readonly quantities: readonly QuantityData[];
  /** CPU profiles. */
  readonly profiles: readonly ProfileData[];
  /** What could not be read. */
  readonly unread: { readonly rows: number; readonly problems: readonly string[] };
}

/** A process that recorded. */
export interface ProcessData {
  readonly pid: number;
  /** Number of its observations. */
  readonly rows: number;
  /** Its first and last timepoint, ns since `from`. */
  readonly first: number;
  readonly last: number;
}

/** Something that stands out in a recording. */
export interface Finding {
  /** What it is about. */
  readonly kind: "latency" | "stall" | "gc" | "memory" | "cpu" | "data";
  /** How much it matters. */
  readonly weight: "bad" | "attention" | "note";
  /** One or two sentences. */
  readonly text: string;
  /** Why it is so, in a sentence, if the recording shows it. */
  readonly because?: string;
  /** The series it is about. */
  readonly label?: string;
  /** The function it is about; the page highlights it in the flame graph. */
  readonly function?: string;
  /** The process of the function. */
  readonly pid?: number;
  /** The time range it is about, ns since `from`; the page zooms to it. */
  readonly window?: readonly [from: number, to: number];
}

/** Exact statistics of a duration series, or of one process in it; seconds. */
export interface DurationStatistics {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** A duration series. */
export interface DurationData {
  readonly label: string;
  /** Statistics of all processes together. */
  readonly statistics: DurationStatistics;
  /** The processes that recorded it. Without cells, if the page would be too large. */
  readonly processes: readonly {
    readonly pid: number;
    readonly statistics: DurationStatistics;
    readonly cells?: DurationCells;
  }[];
}

/**
 * The durations of one series and process, bin by bin: the same index in each array is the same
 * bin. Empty bins are left out. Distributions are counted in exponential buckets (see
 * `report_buckets.ts`), so that those of several processes or bins can be added.
 */
export interface DurationCells {
  /** Indices of the bins, ascending. */
  readonly bin: readonly number[];
  /** Smallest duration in each, seconds, exact. */
  readonly min: readonly number[];
  /** Largest duration in each, seconds, exact. */
  readonly max: readonly number[];
  /** Sum of the durations in each, seconds. */
  readonly sum: readonly number[];
  /** Pairs: bucket, count, bucket, count, …, ascending. */
  readonly buckets: readonly (readonly number[])[];
}

/** A series that is not of durations. */
export interface QuantityData {
  readonly label: string;
  /** Its channel: `"runtime"`, `"custom"`, or one of the program's own. */
  readonly channel: string;
  /** Unit of its values. `"cores"` is CPU time per wall-clock time: 1 is one busy core. */
  readonly unit: "bytes" | "bytes/s" | "s" | "cores" | "1/s" | "";
  /**
   * `"level"`: it has a value at all times, drawn as a line. `"event"`: each observation is an
   * event, drawn as a stem.
   */
  readonly kind: "level" | "event";
  readonly processes: readonly QuantityCells[];
}

/** The observations of one series and process, bin by bin. Empty bins are left out. */
export interface QuantityCells {
  readonly pid: number;
  readonly bin: readonly number[];
  readonly min: readonly number[];
  readonly mean: readonly number[];
  readonly max: readonly number[];
  readonly count: readonly number[];
}

/** A CPU profile. */
export interface ProfileData {
  /** Name of its file. */
  readonly name: string;
  readonly pid: number | undefined;
  /** Its isolate: processes may share a PID. Empty if unknown. */
  readonly isolate: string;
  /** Time that was sampled, seconds. */
  readonly duration: number;
  /** When it began and ended, ns since 1970 as text; `undefined` if a file does not say. */
  readonly time: { readonly from: string; readonly to: string } | undefined;
  /** What was assumed in reading its files, a clause each. */
  readonly assumed: readonly string[];
  /** The call tree, without calls too short to be shown. */
  readonly tree: FlameNode;
}

/** A function as called from one stack. */
export interface FlameNode {
  /** Name of the function. */
  readonly name: string;
  /** Where it begins, such as `main.ts:12`; empty if unknown. */
  readonly place: string;
  /** Seconds in the function itself, and in calls too short to be shown. */
  readonly self: number;
  /** Seconds in the function and in everything it called. */
  readonly total: number;
  /** The functions that it called, without those too short to be shown. */
  readonly children: readonly FlameNode[];
}

/** Identifies the function of a node: nodes with the same key are calls of the same function. */
export function functionKey({ name, place }: FlameNode): string {
  return `${name}\n${place}`;
}
