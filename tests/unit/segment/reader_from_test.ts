import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { labelsOf } from "../../../src/segment/observation.ts";
import { Segment } from "../../../src/segment/segment.ts";
import { readSegment } from "../../../src/segment/reader.ts";
import { readingFrom } from "../../support/killed/killed_segments.ts";
import { EPOCH, OWNER } from "../../support/segments.ts";

const BYTES = 4096;

describe("readSegment, of rows that are not known yet", () => {
  const buffer = new ArrayBuffer(BYTES);
  const segment = new Segment(buffer, OWNER);
  segment.open(3, EPOCH);
  for (let row = 0; row < 5; row++) segment.add(`label ${row % 2}`, row / 2, row + 1);

  /** The rows behind those that are known of segment 3. */
  function rowsAfter(first: (sequence: number) => number): unknown {
    const found = readSegment(readingFrom(new Uint8Array(buffer)), BYTES, first);
    if (typeof found === "string") return found;
    const { count, timepoints, values, labelIds } = found.segment;
    const labels = labelsOf(found.segment);
    const rows = Array.from({ length: count }, (_, i) => [timepoints[i], values[i], labels[labelIds[i]!]]);
    return { first: found.first, rows, damaged: found.damaged };
  }

  it("finds those from the first that is not", () => {
    const rows = [[4, 1.5, "label 1"], [5, 2, "label 0"]];
    assertEquals(rowsAfter((sequence) => sequence), { first: 3, rows, damaged: 0 });
  });

  it("finds none if there are no others, or fewer than are known", () => {
    for (const first of [5, 6, Infinity]) assertEquals(rowsAfter(() => first), { first: 5, rows: [], damaged: 0 });
  });
});
