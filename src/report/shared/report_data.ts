/**
 * What a report shows, as data: made from the files of a monitoring directory, put into the page as JSON, and drawn there.
 *
 * All times are in nanoseconds since `from`, exact in a double for 104 days; `from` itself is since 1970, as a decimal text.
 *
 * @module
 */

/** All that a report shows. */
export interface ReportData {
  /** Version of this format. */
  readonly format: 1;
  /** Name of what was reported on, such as the monitoring directory. */
  readonly title: string;
  /** Version of Kymo. */
  readonly kymo: string;
  /** When the report was made, ISO 8601. */
  readonly made: string;
  /** Epoch time of the first timepoint, ns, as a decimal text. */
  readonly from: string;
  /** From the first timepoint to the last, ns. */
  readonly span: number;
  /** Observations that were read. */
  readonly rows: number;
  /** The common time axis: `count` bins of `width` ns each, the first of which begins at `from`. */
  readonly bins: { readonly width: number; readonly count: number };
  /** The processes that recorded, by PID. */
  readonly processes: readonly ProcessData[];
  /** What stands out, the most important first. */
  readonly findings: readonly Finding[];
  /** Series of durations, by their sum, the largest first. */
  readonly durations: readonly DurationData[];
  /** Series of everything else: the runtime's, and the program's own. */
  readonly quantities: readonly QuantityData[];
  /** CPU profiles. */
  readonly profiles: readonly ProfileData[];
  /** What could not be read. */
  readonly unread: { readonly rows: number; readonly problems: readonly string[] };
}

/** A process that recorded. */
export interface ProcessData {
  readonly pid: number;
  /** Its observations. */
  readonly rows: number;
  /** Its first and last timepoint, ns since `from`. */
  readonly first: number;
  readonly last: number;
}

/** Something that stands out, in words. */
export interface Finding {
  /** What it is about; the page has a picture of each kind. */
  readonly kind: "latency" | "stall" | "gc" | "memory" | "cpu" | "data";
  /** How much it matters. */
  readonly weight: "bad" | "attention" | "note";
  /** One sentence, such as "/report [GET] is the slowest: p99 is 812 ms, 40 times that of all requests." */
  readonly text: string;
  /** Why, in a sentence, where that can be told: "72 % of the time of its slowest 1 % was within render report." */
  readonly because?: string;
  /** The series it is about. */
  readonly label?: string;
  /** The function it is about; the page marks it in the flame graph of its process, or else where it took the greatest part. */
  readonly function?: string;
  /** The process of that function. */
  readonly pid?: number;
  /** The time it is about, ns since `from`; the page zooms to it. */
  readonly window?: readonly [from: number, to: number];
}

/** Statistics of a series of durations or of one process's part of it; exact, in seconds. */
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

/** A series of durations. */
export interface DurationData {
  readonly label: string;
  /** Of all processes together. */
  readonly statistics: DurationStatistics;
  /** What each process contributed. Series beyond the report's size have no cells. */
  readonly processes: readonly {
    readonly pid: number;
    readonly statistics: DurationStatistics;
    readonly cells?: DurationCells;
  }[];
}

/**
 * The durations of one series and process, bin by bin: the same index in each array is the same bin. Only bins that have any. Distributions are
 * counted in exponential buckets (see `duration_buckets.ts`), so that those of several processes or bins can be added.
 */
export interface DurationCells {
  /** Which bins, ascending. */
  readonly bin: readonly number[];
  /** Smallest duration in it, seconds, exact. */
  readonly min: readonly number[];
  /** Largest duration in it, seconds, exact. */
  readonly max: readonly number[];
  /** Sum, seconds. */
  readonly sum: readonly number[];
  /** Pairs: bucket, count, bucket, count, …, ascending. */
  readonly buckets: readonly (readonly number[])[];
}

/** A series that is no duration. */
export interface QuantityData {
  readonly label: string;
  /** Of which file: `"runtime"`, `"custom"`, or the prefix of the program's own. */
  readonly channel: string;
  /** What its numbers mean. `"cores"` is CPU time by wall time: 1 is one busy core. */
  readonly unit: "bytes" | "bytes/s" | "s" | "cores" | "1/s" | "";
  /** `"level"`: it has a value at all times, and is drawn as a line; `"event"`: each observation is an event, drawn as a dot or bar. */
  readonly kind: "level" | "event";
  readonly processes: readonly QuantityCells[];
}

/** The observations of one series and process, bin by bin; only bins that have any. */
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
  /** How long was sampled, seconds. */
  readonly duration: number;
  /** The call tree; without what is too small to be seen. */
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
