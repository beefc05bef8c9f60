import type { RowParser } from "../../csv/row_parser.ts";
import { NANOSECONDS_PER_SECOND, type ValueKind } from "../../series.ts";

/** The channel of a row, and who recorded it. */
export interface RowSource {
  /** The channel. */
  readonly channel: string;
  /** The process. */
  readonly pid: number;
  /** Hexadecimal id of the isolate; empty if it is unknown. */
  readonly isolate: string;
  /** Whether the values are durations. */
  readonly kind: ValueKind;
}

/**
 * Receives a row: its label, its measurement as in CSV (durations in seconds), and its time in ns
 * since a zero that is the same for all rows, exact for 104 days around it. The row stands for
 * `weight` rows, more than one if others were not read.
 */
export type RowSink = (source: RowSource, label: string, value: number, time: number, weight: number) => void;

/** The time of a row of CSV, in ns since a zero that is given in s since 1970. */
export function timeOf({ seconds, nanoseconds }: RowParser, baseSeconds: number): number {
  return (seconds - baseSeconds) * NANOSECONDS_PER_SECOND + nanoseconds;
}
