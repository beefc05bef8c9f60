import { labelSpans } from "../../src/segment/format.ts";
import type { SegmentOwner } from "../../src/segment/format.ts";
import { ValueKind } from "../../src/series.ts";
import { Segment, type SegmentContent } from "../../src/segment/segment.ts";

/** 2023-11-14T22:13:20Z, ns since the epoch. */
export const EPOCH = 1_700_000_000_000_000_000n;

/** The owner of the observations of the tests. */
export const OWNER: SegmentOwner = { pid: 4242, isolate: "0badcafe", channel: "custom", kind: ValueKind.number };

/** An open segment over `bytes` bytes, with its clock's zero at `epochOffset`. */
export function openSegment(bytes = 64 * 1024, kind: ValueKind = ValueKind.number, epochOffset = EPOCH): Segment {
  const segment = new Segment(new ArrayBuffer(bytes), { ...OWNER, kind });
  segment.open(1, epochOffset);
  return segment;
}

/** The labels of a segment in the order of their ids, read from its bytes alone. */
export function labelsOf(segment: SegmentContent): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return labelSpans(segment.labelBytes, segment.labelCount)
    .map(([start, end]) => decoder.decode(segment.labelBytes.subarray(start, end)));
}

/** The rows of a segment, read from its bytes alone. */
export function rowsOf(segment: SegmentContent): [timepoint: number, value: number, label: string][] {
  const labels = labelsOf(segment);
  return Array.from({ length: segment.count }, (_, row) => [
    segment.timepoints[row]!,
    segment.values[row]!,
    labels[segment.labelIds[row]!]!,
  ]);
}
