import { labelSpans } from "./label_interner.ts";
import type { Observation } from "./observation.ts";
import type { SegmentContent } from "./segment.ts";
import { ValueKind } from "./format.ts";

const NANOSECONDS = 1e9;

/** The rows of a segment as observations, in the order in which they came; durations in seconds. */
export function observationsOf(segment: SegmentContent): Observation[] {
  const { owner: { pid, kind }, epochOffset, count, timepoints, values, labelIds } = segment;
  const labels = labelsOf(segment);
  const unit = kind === ValueKind.duration ? NANOSECONDS : 1;
  return Array.from({ length: count }, (_, row) => ({
    timepoint: epochOffset + BigInt(timepoints[row]!),
    measurement: values[row]! / unit,
    label: labels[labelIds[row]!]!,
    pid,
  }));
}

/** The labels of a segment, by id. */
export function labelsOf({ labelBytes, labelCount }: SegmentContent): string[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return labelSpans(labelBytes, labelCount).map(([start, end]) => decoder.decode(labelBytes.subarray(start, end)));
}
