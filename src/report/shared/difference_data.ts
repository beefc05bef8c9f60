/**
 * The data of a page that compares two recordings, or two groups of them: put into the page as JSON,
 * and drawn there.
 *
 * Every run begins at t = 0, its first row, so that runs of different days lie over each other. Times
 * are ns since then.
 *
 * @module
 */

import type { Change, Comparison, FailureComparison, QuantityComparison } from "../../analysis/compare/changes.ts";

export type { Change };

/** The two sides: the baseline, and the candidate that is compared with it. */
export type SideName = "a" | "b";

/** What is known of both sides. */
export interface Sides<Of> {
  readonly a: Of;
  readonly b: Of;
}

/** Changes that were found. */
export interface FoundChanges {
  readonly comparisons: readonly Comparison[];
  readonly failures: readonly FailureComparison[];
  readonly quantities: readonly QuantityComparison[];
}

/** The data of the page. */
export interface DifferenceData extends FoundChanges {
  /** Version of this format. */
  readonly format: 1;
  /** Name of what is compared. */
  readonly title: string;
  /** Version of Kymo. */
  readonly kymo: string;
  /** When the page was made, ISO 8601. */
  readonly made: string;
  readonly sides: Sides<SideData>;
  /** Percent, of all intervals together. */
  readonly confidence: number;
  /** Percent: what changed by up to this is the same. */
  readonly margin: number;
  /** Length of the longest run, ns. */
  readonly span: number;
  /** The common time axis: `count` bins of `width` ns each. */
  readonly bins: { readonly width: number; readonly count: number };
  /** The distributions of labels, and how they went over time. Not of all labels, if there are many. */
  readonly labels: readonly LabelSeries[];
  /** The runtime over time; what neither side recorded is left out. */
  readonly runtime: readonly RuntimeSeries[];
  /** Where both sides spent their CPU time; only if both have profiles. */
  readonly flames?: FlameDifference;
  /** What is not shown or could not be read, a sentence each. */
  readonly problems: readonly string[];
}

/** One side. */
export interface SideData {
  /** What it is called. */
  readonly name: string;
  /** Its runs, at least one. */
  readonly runs: readonly RunData[];
  /** The names of its programs. */
  readonly programs: readonly string[];
}

/** One run. */
export interface RunData {
  /** As the user named it. */
  readonly name: string;
  /** When it began: epoch time, ns, as a decimal string. */
  readonly from: string;
  /** From its first row to its last one, ns. */
  readonly span: number;
  /** Seconds of it in which recording was off. */
  readonly off: number;
  readonly rows: number;
  /** Bins within its time without any row: nothing is known of them. */
  readonly empty: readonly number[];
  /** What its programs marked, by time. */
  readonly marks: readonly RunMark[];
}

/** What a program marked, such as a deployment. */
export interface RunMark {
  /** When, ns since the run began. */
  readonly at: number;
  readonly text: string;
}

/** A label on both sides. */
export interface LabelSeries extends Sides<readonly LabelRun[]> {
  readonly label: string;
  /** Bins of the time axis in a cell of this label: fewer would have too few samples. */
  readonly step: number;
}

/** A label in a run. */
export interface LabelRun {
  /** Index of the run on its side. */
  readonly run: number;
  /** Exact; seconds. */
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** Its distribution: indices of `DURATION_BUCKETS`, ascending, each followed by the count in it. */
  readonly buckets: readonly number[];
  /** Its cells over time that hold samples, ascending; the same index is the same cell below. */
  readonly cells: readonly number[];
  readonly counts: readonly number[];
  /** Exact quantiles of each cell, seconds. */
  readonly p50s: readonly number[];
  readonly p99s: readonly number[];
}

/** What is drawn of the runtime. */
export type RuntimeQuantity = "requests" | "memory" | "cores" | "gc" | "lag";

/** A quantity of the runtime on both sides: of each run its values over time. */
export interface RuntimeSeries extends Sides<readonly RunValues[]> {
  readonly quantity: RuntimeQuantity;
}

/** The values of a run over time. */
export interface RunValues {
  /** Index of the run on its side. */
  readonly run: number;
  /** Bins that have a value, ascending. */
  readonly bins: readonly number[];
  readonly values: readonly number[];
}

/** Where both sides spent their CPU time. */
export interface FlameDifference {
  readonly tree: DifferenceNode;
  readonly sides: Sides<SampledTime>;
}

/** What the profiles of a side have sampled. */
export interface SampledTime {
  /** Number of files. */
  readonly profiles: number;
  /** Seconds of all of them together, and those of it in which something ran. */
  readonly sampled: number;
  readonly busy: number;
}

/** A function as called from one stack, on both sides. */
export interface DifferenceNode extends Sides<NodeShare> {
  readonly name: string;
  /** Where it begins on the side of the candidate, or else of the baseline. */
  readonly place: string;
  readonly children: readonly DifferenceNode[];
}

/** Parts of the CPU time of a side, 0 to 1. */
export interface NodeShare {
  /** In the function itself. */
  readonly self: number;
  /** In the function and everything it called. */
  readonly total: number;
}
