/**
 * The data of a report: read from the files of a monitoring directory, put into the page as JSON,
 * and drawn there.
 *
 * Times are ns since `from`, exact in a double for 104 days; `from` is epoch time, as a decimal
 * string.
 *
 * @module
 */

import type { Span } from "../../statistics/spans.ts";
import type { FailedOutcome, RequestOutcome } from "../../http/request_labels.ts";

/**
 * The data of a report. `OfBuckets`: how the buckets of its cells are written; in the page they are packed (see
 * `packed_buckets.ts`).
 */
export interface ReportData<OfBuckets = Buckets> {
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
  /**
   * The common time axis: `count` bins of `width` ns each, the first of which begins at `from`. Of a
   * page that is live the bins before `first` are not held any more.
   */
  readonly bins: { readonly width: number; readonly count: number; readonly first?: number };
  /** The processes that recorded. All else names a process by its index here. */
  readonly processes: readonly ProcessData[];
  /** The lines on which processes are drawn, by the start of the first process. */
  readonly lines: readonly LineData[];
  /** When recording was off, named by index where that is so; each list once. */
  readonly pauses: readonly PauseData[];
  /** Marks that programs made, in order of time. */
  readonly marks: readonly MarkData[];
  /** Findings, the most important first. */
  readonly findings: readonly Finding[];
  /** Duration series, sorted by sum, the largest first. */
  readonly durations: readonly DurationData<OfBuckets>[];
  /** All other series: the runtime's, and the program's own. */
  readonly quantities: readonly QuantityData[];
  /** CPU profiles. */
  readonly profiles: readonly ProfileData[];
  /** Heap profiles, if there are any. */
  readonly heapProfiles?: readonly HeapProfileData[];
  /** What could not be read. */
  readonly unread: { readonly rows: number; readonly problems: readonly string[] };
}

/**
 * Times in which recording was off, ns since `from`: the beginning and the end of each, in order
 * and apart from each other. Nothing is known of them; they are no quiet times.
 */
export type PauseData = readonly number[];

/** A mark: something that happened at a moment, such as a deployment; a line on all charts. */
export interface MarkData {
  /** When, ns since `from`. */
  readonly at: number;
  /** What, as the program said it. */
  readonly text: string;
  /** Index of the process that made it. */
  readonly process: number;
}

/**
 * A process that recorded: an isolate with its PID. Where there are too many to be shown one by
 * one, an entry stands for several processes of one program.
 */
export interface ProcessData {
  /** PIDs repeat: in containers, over time, and among workers. */
  readonly pid: number;
  /** Empty where rows do not tell isolates apart, and of an entry that stands for several. */
  readonly isolate: string;
  /** Its name for people: that of its line, and of a worker or repeated life which one it is. */
  readonly name: string;
  /** Its runtime, such as `bun 1.4.5`; empty if unknown. */
  readonly runtime: string;
  /** Index of its line. */
  readonly line: number;
  /** Number of its observations. */
  readonly rows: number;
  /** When it lived; one life, or several if the entry stands for several processes. */
  readonly lives: readonly LivesData[];
  /** Index of the times of its lives in which nothing of it was recorded, if there are any. */
  readonly pauses?: number;
}

/**
 * How a life ended: `"stop"`, `"exit"` (code 0 or unknown), `"failed"` (another exit code),
 * `"signal"`, `"uncaught"` and `"killed"` are what its record says. `"recording"`: it recorded when
 * the report was made. `"dead"`: it does not live any more, and was not recovered yet. `"unknown"`:
 * no end is recorded. Both are drawn up to the last observation.
 */
export type LifeEnd = "stop" | "exit" | "failed" | "signal" | "uncaught" | "killed" | "dead" | "recording" | "unknown";

/** One life, or several that are too close to each other to be drawn one by one. */
export interface LivesData {
  /** From the start of the first, ns since `from`; not before 0. */
  readonly start: number;
  /** To the end of the last, ns since `from`; not after `span`. */
  readonly end: number;
  /** Whether the first began within the time shown. */
  readonly begins: boolean;
  /** How many lives. */
  readonly count: number;
  /** How many ended how, of those that ended within the time shown. */
  readonly ends: Readonly<Partial<Record<LifeEnd, number>>>;
  /** How a single life ended, as its record says: `was ended by an uncaught TypeError`. */
  readonly words?: string;
}

/**
 * A line of the charts: a process, and those of the same program that lived before and after it.
 */
export interface LineData {
  /** The name of the program for people, such as `bun 1.4.5 · orders@web-2`; different for each. */
  readonly name: string;
  /** The same without the runtime where that is different for each, such as `orders@web-2`. */
  readonly short: string;
}

/** Something that stands out in a recording. */
export interface Finding {
  /** What it is about. */
  readonly kind: "errors" | "ends" | "latency" | "stall" | "gc" | "memory" | "cpu" | "data";
  /** How much it matters. */
  readonly weight: "bad" | "attention" | "note";
  /** One or two sentences; times of day in it are written by `clock_times.ts`. */
  readonly text: string;
  /** The same of why it is so, if the recording shows it. */
  readonly because?: string;
  /** The series it is about. */
  readonly label?: string;
  /** The function it is about; the page highlights it in the flame graph. */
  readonly function?: string;
  /** Index of the process it is about. */
  readonly process?: number;
  /** The time range it is about, ns since `from`; the page zooms to it. */
  readonly window?: readonly [from: number, to: number];
  /** Other findings with the same cause, the worst first; they have none themselves. */
  readonly also?: readonly Finding[];
}

/** A mode of a duration series: what its durations are around. */
export interface ModeData {
  /** The part of the durations that belong to it, 0 to 1. */
  readonly share: number;
  /** Their median, seconds. */
  readonly around: number;
  /** The shortest of them, seconds: where it begins. */
  readonly from: number;
}

/** A moment at which the median of a duration series changed. */
export interface StepData {
  /** When, ns since `from`. */
  readonly at: number;
  /** By how many ns `at` may be off. */
  readonly within: number;
  /** Medians before it and after it, up to the next step on either side; seconds. */
  readonly before: number;
  readonly after: number;
  /** The probability of such a step by chance. */
  readonly chance: number;
  /** What a program marked at that time. */
  readonly mark?: string;
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
export interface DurationData<OfBuckets = Buckets> {
  readonly label: string;
  /** Of requests: which, and how they ended. */
  readonly request?: RequestData;
  /** Statistics of all processes together. */
  readonly statistics: DurationStatistics;
  /** The processes that recorded it. Without cells, if the page would be too large. */
  readonly processes: readonly {
    /** Index of the process. */
    readonly process: number;
    readonly statistics: DurationStatistics;
    readonly cells?: DurationCells<OfBuckets>;
    /** Index of its pauses, if they are not those of the process. */
    readonly pauses?: number;
  }[];
  /** What its durations are around, ascending, if that is not one thing. */
  readonly modes?: readonly ModeData[];
  /** When its median changed, in order of time, if it did. */
  readonly steps?: readonly StepData[];
  /** Its slowest samples, the slowest first; only of the series with the largest sums. */
  readonly slowest?: readonly SlowSampleData[];
}

/** A slow sample, and what overlapped it. */
export interface SlowSampleData {
  /** Index of the process. */
  readonly process: number;
  /** Seconds. */
  readonly duration: number;
  /** When it ended, ns since `from`. */
  readonly end: number;
  /** What overlapped it the most, what only ran at the same time last. */
  readonly overlaps: readonly OverlapData[];
}

/** What overlapped a slow sample, as `Overlap` of the analysis has it. */
export interface OverlapData {
  readonly kind: "duration" | "client" | "lag" | "gc";
  readonly label: string;
  /** Of durations and outgoing requests. */
  readonly position?: "within" | "around" | "beside";
  readonly count: number;
  /** Seconds of the sample; of GC pauses what to expect. */
  readonly time: number;
}

/** What the label of requests says. */
export interface RequestData {
  /**
   * Route and method, such as `/orders/:id [GET]`, which is also the label of those that went well.
   */
  readonly route: string;
  readonly outcome: RequestOutcome;
}

/** How a request failed. */
export type Failure = FailedOutcome;

/** The outcomes that are failures, in the order in which they are shown. */
export const FAILURES: readonly Failure[] = ["5xx", "threw", "aborted", "4xx"];

/**
 * The durations of one series and process, bin by bin: the same index in each array is the same
 * bin. Empty bins are left out. Distributions are counted in exponential buckets (see
 * `report_buckets.ts`), so that those of several processes or bins can be added.
 */
export interface DurationCells<OfBuckets = Buckets> {
  /** Indices of the bins, ascending. */
  readonly bin: readonly number[];
  /** Smallest duration in each, seconds, exact. */
  readonly min: readonly number[];
  /** Largest duration in each, seconds, exact. */
  readonly max: readonly number[];
  /** Sum of the durations in each, seconds. */
  readonly sum: readonly number[];
  /** The distribution in each. */
  readonly buckets: OfBuckets;
}

/**
 * Four numbers for each bucket of a cell that is not empty, ascending: the bucket, the count, and how far above the
 * beginning of the bucket its smallest and its largest duration are, in parts of which it has `BUCKET_PARTS`. The same
 * index is the same cell.
 */
export type Buckets = readonly ArrayLike<number>[];

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
  /** Index of the process. */
  readonly process: number;
  /** Index of its pauses, if they are not those of the process. */
  readonly pauses?: number;
  readonly bin: readonly number[];
  readonly min: readonly number[];
  readonly mean: readonly number[];
  readonly max: readonly number[];
  readonly count: readonly number[];
}

/** The pauses with an index, as spans; none without one. */
export function pausesOf({ pauses }: Pick<ReportData, "pauses">, index: number | undefined): Span<number>[] {
  const times = index === undefined ? [] : pauses[index] ?? [];
  return Array.from({ length: times.length >> 1 }, (_, i) => ({ from: times[2 * i]!, to: times[2 * i + 1]! }));
}

/** A CPU profile. */
export interface ProfileData {
  /** Name of its file. */
  readonly name: string;
  /** Index of the process, if its file name and the records say which it is. */
  readonly process: number | undefined;
  /** Time that was sampled, seconds. */
  readonly duration: number;
  /** When it began and ended, ns since 1970 as text; `undefined` if a file does not say. */
  readonly time: { readonly from: string; readonly to: string } | undefined;
  /** What was assumed in reading its files, a clause each. */
  readonly assumed: readonly string[];
  /** The call tree, without calls too short to be shown. */
  readonly tree: FlameNode;
  /** What ran when, if its files say when their samples were taken. */
  readonly moments?: MomentData;
  /** What ran while the slowest durations of some labels were under way. */
  readonly slow?: readonly SlowSamplesData[];
}

/** Units of sampled time in a second: tenths of a ms, so that they are whole numbers. */
export const SAMPLED_UNITS = 10_000;

/**
 * What a profile found in order of time, in stretches of equal length. Each array has an entry for
 * each function that ran in a stretch, in the order in which they first did.
 */
export interface MomentData {
  /** Beginning of the first stretch, ns since the report's `from`; it may be before it. */
  readonly from: number;
  /** Length of a stretch, ns. */
  readonly width: number;
  /** How many stretches after that of the entry before. */
  readonly steps: readonly number[];
  /** The function as a node of the tree: the root is 0, and the others follow in depth first order. */
  readonly nodes: readonly number[];
  /** For how long it ran itself, in parts of which a second has `SAMPLED_UNITS`. */
  readonly times: readonly number[];
}

/**
 * What a process did while the slowest durations of a label were under way, and while only others of
 * its durations were. Times in parts of which a second has `SAMPLED_UNITS`; each pair is of the
 * slowest and of the others.
 */
export interface SlowSamplesData {
  /** The label. */
  readonly label: string;
  /** The others took less than this many seconds. */
  readonly from: number;
  /** Number of durations in the profile's time. */
  readonly count: readonly [slowest: number, others: number];
  /** Time in which nothing ran. */
  readonly idle: readonly [slowest: number, others: number];
  /** Nodes of the tree, as in {@linkcode MomentData}, and for how long each ran itself. */
  readonly nodes: readonly number[];
  readonly slowest: readonly number[];
  readonly others: readonly number[];
}

/** A heap profile: what was allocated while it was taken, and was still in use at its end. */
export interface HeapProfileData extends Pick<ProfileData, "name" | "process"> {
  /** The call tree, with bytes in place of seconds, without calls that allocated too little to be shown. */
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
