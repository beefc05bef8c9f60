import type { ValueKind } from "../../series.ts";

/** Who recorded a row. */
export interface RowSource {
  /** First part of the names of the files that its rows go to. */
  readonly channel: string;
  /** The process. */
  readonly pid: number;
  /** The isolate's own name; empty if it is not known. */
  readonly isolate: string;
  /** Whether the values are durations. */
  readonly kind: ValueKind;
}

/**
 * Takes a row: the label, the measurement as a CSV file has it (durations in seconds), and when it was taken, in ns since some moment that is the
 * same for all rows, exact for 104 days around it. The row stands for `weight` rows: more than one if others were not read.
 */
export type RowSink = (source: RowSource, label: string, value: number, time: number, weight: number) => void;
