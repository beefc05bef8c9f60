import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { ValueKind } from "../../../src/series.ts";
import type { Result } from "../../../src/result.ts";
import { Segment, type SegmentContent } from "../../../src/segment/segment.ts";
import { columnsOf, HeaderWord, ROW_BYTES, SEGMENT_HEADER_BYTES } from "../../../src/segment/format.ts";
import { readSegment } from "../../../src/segment/reader.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import {
  checkFound,
  found,
  mutate,
  readingFrom,
  rowAffected,
  rowsOf,
  SEGMENT_BYTES,
  segmentBytes,
} from "../../support/spools/segment_bytes.ts";
import { randomFrom } from "../../support/random.ts";
import { EPOCH, labelsOf, OWNER, rowsOf as rowsWithLabels } from "../../support/segments.ts";

const KINDS = Object.entries(ValueKind);
const MUTATIONS = shortOrFull(100_000, 1_000_000);

/** The value of a result that must be a success. */
function valueOf<Value>(result: Result<Value>): Value {
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

/** The segment in bytes that nobody has changed. */
function whole(bytes: Uint8Array): SegmentContent {
  return valueOf(found(bytes)).segment;
}

for (const [name, kind] of KINDS) {
  describe(`readSegment, values of kind ${name}`, () => {
    const bytes = segmentBytes(kind);
    const original = whole(bytes);
    const capacity = Math.floor((SEGMENT_BYTES - SEGMENT_HEADER_BYTES - (SEGMENT_BYTES >> 3)) / ROW_BYTES);

    it("reads what was stored", () => {
      const buffer = new ArrayBuffer(4096);
      const segment = new Segment(buffer, { ...OWNER, kind });
      segment.open(3, EPOCH);
      for (let i = 0; i < 50; i++) segment.add(`label ${i % 7}`, i, 1 + i);
      const { segment: read, damaged } = valueOf(readSegment(readingFrom(new Uint8Array(buffer)), 4096));
      assertEquals([read.owner, read.sequence, read.epochOffset, read.count, damaged], [
        segment.owner,
        3,
        EPOCH,
        50,
        0,
      ]);
      assertEquals([rowsOf(read), labelsOf(read)], [rowsOf(segment), labelsOf(segment)]);
      assertEquals(original.count, 30);
    });

    it("reads the rows that are whole, in bytes cut at any offset", () => {
      const { labels } = columnsOf(capacity);
      for (let size = 0; size < bytes.length; size++) {
        const cut = bytes.slice(0, size);
        const some = found(cut);
        checkFound(some, bytes, size % 8 === 0);
        if (size < SEGMENT_HEADER_BYTES) {
          assertEquals([size, !some.ok && some.kind], [size, size === 0 ? "empty" : "too-short"]);
          continue;
        }
        const { segment } = valueOf(some);
        const expected = size < labels ? 0 : rowAffected(original, capacity, size);
        assertEquals([size, segment.count], [size, Math.min(30, expected)]);
        assert(rowsOf(original).startsWith(rowsOf(segment)));
      }
    });

    it("neither throws nor invents rows, with any bit of the header flipped", () => {
      for (let bit = 0; bit < 8 * SEGMENT_HEADER_BYTES; bit++) {
        const flipped = bytes.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        checkFound(found(flipped), flipped, bit % 8 === 0);
      }
    });

    it(`reads at least the rows before the damage, in each of ${MUTATIONS / 2} mutated segments`, () => {
      const random = randomFrom(kind + 1);
      const rows = rowsOf(original).split(/(?<=,4242\r\n)/);
      for (let i = 0; i < MUTATIONS / 2; i++) {
        const mutated = bytes.slice(0, random(8) === 0 ? 4 + random(bytes.length - 4) : bytes.length);
        const least = mutate(random, mutated);
        const some = found(mutated);
        checkFound(some, mutated.length < 16 ? bytes : mutated, i % 25 === 0);
        if (least < SEGMENT_HEADER_BYTES || mutated.length < bytes.length) continue;
        const { segment } = valueOf(some);
        // Each changed byte affects the rows from some row on; not the later the byte, the later
        // the row, since each column begins with the first row.
        let intact = original.count;
        for (let at = SEGMENT_HEADER_BYTES; at < bytes.length; at++) {
          if (mutated[at] !== bytes[at]) intact = Math.min(intact, rowAffected(original, capacity, at));
        }
        assert(segment.count >= intact, `mutation ${i}: ${segment.count} rows, not ${intact}`);
        assert(rowsOf(segment).startsWith(rows.slice(0, intact).join("")), `mutation ${i}`);
      }
      recordFigure(
        15,
        `${
          MUTATIONS / 2
        } mutated segments of kind ${name}, cut at every offset and every header bit flipped: no throw, no row lost before the damage`,
      );
    });
  });
}

describe("readSegment", () => {
  it("takes no more memory than the segment has bytes, whatever its header says", () => {
    const bytes = segmentBytes(ValueKind.number);
    const words = new Uint32Array(bytes.buffer);
    for (const capacity of [35, 36, 1e6, 119_304_647]) {
      for (const labelBytes of [0, 1e9, 0xffffffff]) {
        [words[HeaderWord.capacity], words[HeaderWord.count], words[HeaderWord.labelBytes]] = [
          capacity,
          capacity,
          labelBytes,
        ];
        words[HeaderWord.labels] = 0xffffffff;
        let largest = 0;
        const read = readingFrom(bytes);
        const some = readSegment((into, at) => {
          largest = Math.max(largest, into.buffer.byteLength);
          return read(into, at);
        }, bytes.length);
        checkFound(some, bytes);
        assert(largest <= bytes.length, `${largest}`);
      }
    }
  });

  it("counts no more labels than a segment may have, so a table of zeros takes little memory", () => {
    const bytes = new Uint8Array(2 ** 20);
    bytes.set(segmentBytes(ValueKind.number).subarray(0, SEGMENT_HEADER_BYTES));
    const words = new Uint32Array(bytes.buffer);
    [words[HeaderWord.capacity], words[HeaderWord.count], words[HeaderWord.labelBytes], words[HeaderWord.labels]] = [
      0,
      0,
      2 ** 20,
      0xffffffff,
    ];
    assert(whole(bytes).labelCount <= 65_535, `${whole(bytes).labelCount}`);
  });

  it("gives up on a segment that is refilled faster than it can be read", () => {
    const buffer = new ArrayBuffer(SEGMENT_BYTES);
    const segment = new Segment(buffer, OWNER);
    let sequence = 0;
    const read = readingFrom(new Uint8Array(buffer));
    const some = readSegment((into, at) => {
      segment.open(++sequence, EPOCH);
      segment.add("x", 1, 1);
      return read(into, at);
    }, SEGMENT_BYTES);
    assertEquals(some, { ok: false, kind: "unstable", reason: "refilled faster than it can be read" });
  });

  for (const inPieces of [false, true]) {
    it(`reads the first rows of one sequence while the owner goes on between two ${inPieces ? "pieces of reads" : "reads"}`, () => {
      const random = randomFrom(5);
      const buffer = new ArrayBuffer(SEGMENT_BYTES);
      const segment = new Segment(buffer, OWNER);
      const bytes = readingFrom(new Uint8Array(buffer));
      let sequence = 0;
      const anew = (): void => segment.open(++sequence, EPOCH + BigInt(sequence));
      const goOn = (): void => {
        if (random(inPieces ? 60 : 6) === 0) anew();
        for (let left = random(inPieces ? 2 : 8); left > 0; left--) {
          const row = segment.count;
          if (segment.add(`${sequence} ${row % 5}`, 1_000 * sequence + row, 1_000 * sequence + row + 1) < 0) anew();
        }
      };
      const read = (into: Uint8Array, at: number): number => {
        goOn();
        if (!inPieces) return bytes(into, at);
        let length = 0;
        for (let done = 0; done < into.length;) {
          const piece = Math.min(into.length - done, 4 * (1 + random(64)));
          length += bytes(into.subarray(done, done + piece), at + done);
          done += piece;
          goOn();
        }
        return length;
      };
      anew();
      let rows = 0;
      for (let i = 0; i < shortOrFull(5_000, 50_000); i++) {
        const some = readSegment(read, SEGMENT_BYTES);
        if (!some.ok) continue;
        const { segment: { epochOffset, count, timepoints, values, labelIds, ...content }, damaged } = some.value;
        const labels = labelsOf(content as SegmentContent);
        assertEquals(damaged, 0);
        rows += count;
        for (let row = 0; row < count; row++) {
          const expected = [
            1_000 * content.sequence + row + 1,
            1_000 * content.sequence + row,
            `${content.sequence} ${row % 5}`,
          ];
          assertEquals([timepoints[row], values[row], labels[labelIds[row]!]], expected);
          assertEquals(epochOffset, EPOCH + BigInt(content.sequence));
        }
      }
      assert(rows > 1_000, `${rows}`);
    });
  }

  describe("with a caller that knows the first rows", () => {
    const buffer = new ArrayBuffer(4096);
    const segment = new Segment(buffer, OWNER);
    segment.open(3, EPOCH);
    for (let row = 0; row < 5; row++) segment.add(`label ${row % 2}`, row / 2, row + 1);

    /** Reads the rows, except those that are known. */
    function rowsAfter(firstOf: (sequence: number) => number): unknown {
      const { segment, first, damaged } = valueOf(readSegment(readingFrom(new Uint8Array(buffer)), 4096, firstOf));
      return { first, rows: rowsWithLabels(segment), damaged };
    }

    it("reads the rows after those", () => {
      const rows = [[4, 1.5, "label 1"], [5, 2, "label 0"]];
      assertEquals(rowsAfter((sequence) => sequence), { first: 3, rows, damaged: 0 });
    });

    it("reads none if there are no others, or fewer than are known", () => {
      for (const first of [5, 6, Infinity]) assertEquals(rowsAfter(() => first), { first: 5, rows: [], damaged: 0 });
    });
  });
});
