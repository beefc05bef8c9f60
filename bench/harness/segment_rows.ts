import { Segment, ValueKind } from "@kymo/kymo/core";

/** Bytes of a segment: half of the default memory threshold. */
export const SEGMENT_BYTES = 2 ** 20 / 2;

/** Rows of such a segment, which lead to one flush. */
export const SEGMENT_ROWS: number =
  new Segment(new ArrayBuffer(SEGMENT_BYTES), { pid: 1, isolate: "", channel: "", kind: ValueKind.duration }).capacity;
