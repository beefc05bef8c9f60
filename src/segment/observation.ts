import { labelSpans } from "./format.ts";
import { storedPerMeasured } from "../series.ts";
import type { SegmentContent } from "./segment.ts";

/** One measured number at one timepoint, with a label: a row of a CSV file. */
export interface Observation {
  /** When it was measured (a duration: when it ended), nanoseconds since 1970-01-01T00:00:00Z. */
  readonly timepoint: bigint;
  /** The measured number, in the unit that the sampler documents; seconds for durations. */
  readonly measurement: number;
  /** Name of the kind of measurement; observations with one label form a series. */
  readonly label: string;
  /** Process that measured. */
  readonly pid: number;
}

/**
 * The rows of a segment as observations, in the order in which they were recorded; durations in
 * seconds.
 */
export function observationsOf(segment: SegmentContent): Observation[] {
  const { owner: { pid, kind }, epochOffset, count, timepoints, values, labelIds } = segment;
  const labels = labelsOf(segment);
  const divisor = storedPerMeasured(kind);
  return Array.from({ length: count }, (_, row) => ({
    timepoint: epochOffset + BigInt(timepoints[row]!),
    measurement: values[row]! / divisor,
    label: labels[labelIds[row]!]!,
    pid,
  }));
}

/** The labels of a segment, indexed by id. */
export function labelsOf({ labelBytes, labelCount }: SegmentContent): string[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return labelSpans(labelBytes, labelCount).map(([start, end]) => decoder.decode(labelBytes.subarray(start, end)));
}
