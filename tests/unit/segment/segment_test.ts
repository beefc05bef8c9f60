import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { NO_ROOM } from "../../../src/segment/label_interner.ts";
import { ValueKind } from "../../../src/series.ts";
import { Segment } from "../../../src/segment/segment.ts";
import { labelsOf, openSegment, OWNER, rowsOf } from "../../support/segments.ts";
import { AWKWARD_DOUBLES } from "../../support/random.ts";

/** 32-bit words of the header, as documented. */
const HeaderWord = {
  magic: 0,
  version: 1,
  capacity: 2,
  count: 3,
  labels: 4,
  labelBytes: 5,
  pid: 6,
  sequence: 7,
  kind: 8,
};

function headerOf(segment: Segment): DataView {
  return new DataView(segment.timepoints.buffer, 0, 256);
}

/** All bytes that are in use: those after the last label are not. */
function bytesOf(segment: Segment): Uint8Array {
  const end = segment.labelBytes.byteOffset + word(segment, HeaderWord.labelBytes);
  return new Uint8Array(segment.timepoints.buffer, 0, end).slice();
}

function word(segment: Segment, index: number): number {
  return headerOf(segment).getUint32(4 * index, true);
}

function ascii(segment: Segment, at: number, length: number): string {
  return new TextDecoder().decode(new Uint8Array(segment.timepoints.buffer, at, length)).replace(/\0+$/, "");
}

describe("Segment, layout", () => {
  it("has header, timepoints, values, label ids and label table without gaps, for any size", () => {
    for (const bytes of [1024, 1032, 8192, 64 * 1024, 2 ** 19, 2 ** 19 - 8]) {
      const { capacity, timepoints, values, labelIds, labelBytes } = openSegment(bytes);
      const layout = [timepoints, values, labelIds, labelBytes].map((part) => [part.byteOffset, part.byteLength]);
      assertEquals(layout, [
        [256, 8 * capacity],
        [256 + 8 * capacity, 8 * capacity],
        [256 + 16 * capacity, 2 * capacity],
        [256 + 18 * capacity, bytes - 256 - 18 * capacity],
      ]);
      // An eighth of the bytes is for labels, and no other row would fit.
      assertEquals(labelBytes.length >= bytes >> 3 && labelBytes.length < (bytes >> 3) + 18, true);
    }
  });

  it("has in its header all that CSV rows and file names need", () => {
    const owner = { pid: 2 ** 32 - 1, isolate: "deadbeef", channel: "p".repeat(64), kind: ValueKind.duration };
    const segment = new Segment(new ArrayBuffer(4096), owner);
    segment.open(7, -(10n ** 18n));
    segment.add("é", 2, 1);
    segment.add("b", 2, 1);
    assertEquals(ascii(segment, 0, 4), "KYMO");
    assertEquals(ascii(segment, 48, 8), "deadbeef");
    assertEquals(ascii(segment, 64, 192), owner.channel);
    assertEquals(headerOf(segment).getBigInt64(40, true), -(10n ** 18n));
    assertEquals(
      Object.fromEntries(Object.entries(HeaderWord).slice(1).map(([name, index]) => [name, word(segment, index)])),
      {
        version: 1,
        capacity: segment.capacity,
        count: 2,
        labels: 2,
        labelBytes: 4 + 2 + 4 + 1,
        pid: 2 ** 32 - 1,
        sequence: 7,
        kind: 1,
      },
    );
    assertEquals([segment.sequence, segment.epochOffset], [7, -(10n ** 18n)]);
  });
});

describe("Segment, add()", () => {
  it("stores rows until the segment is full", () => {
    const segment = openSegment(1024);
    const given = Array.from({ length: segment.capacity }, (_, i) => [i, i / 3, i % 2 === 0 ? "even" : "odd"] as const);
    for (const [i, [timepoint, value, label]] of given.entries()) {
      assertEquals(segment.add(label, value, timepoint), segment.capacity - i - 1);
    }
    const before = bytesOf(segment);
    assertEquals(segment.add("even", 2, 1), NO_ROOM);
    assertEquals(bytesOf(segment), before);
    assertEquals(rowsOf(segment), given.map((row) => [...row]));
  });

  it("refuses a row whose label does not fit, and changes nothing", () => {
    const segment = openSegment(1024); // room for three labels of 34 bytes
    const { capacity } = segment;
    for (let i = 0; i < 3; i++) assertEquals(segment.add(`${i}`.repeat(34), i, i), capacity - i - 1);
    const before = bytesOf(segment);
    assertEquals(segment.add("9".repeat(34), 9, 9), NO_ROOM);
    assertEquals(bytesOf(segment), before);
    assertEquals([segment.count, segment.labelCount], [3, 3]);
    // The label before the refused one is still the last one.
    assertEquals([segment.add("2".repeat(34), 3, 3), segment.add("1".repeat(34), 4, 4)], [capacity - 4, capacity - 5]);
    assertEquals([...segment.labelIds.subarray(0, segment.count)], [0, 1, 2, 2, 1]);
  });

  it("stores the label of each row, in whatever order labels alternate", () => {
    const segment = openSegment();
    const labels = ["", "a", "a", "", "", "b", "a", "a\0", "a\ufffd", "a\0"];
    for (const label of labels) segment.add(label, 0, 0);
    assertEquals(rowsOf(segment).map(([, , label]) => label), labels.map((label) => label.replace("\0", "\ufffd")));
  });

  it("keeps all bits of a double", () => {
    const segment = openSegment();
    for (const value of AWKWARD_DOUBLES) segment.add("x", value, 0);
    const kept = rowsOf(segment).map(([, value]) => value);
    assertEquals(kept.every((value, i) => Object.is(value, AWKWARD_DOUBLES[i])), true);
  });

  it("stores a row before it commits it: a reader of the bytes in between sees only whole rows", () => {
    const segment = openSegment(1024);
    segment.add("a", 1, 1);
    const view = headerOf(segment);
    const counts: number[] = [];
    const watched = new Proxy(segment.values, {
      set: (values, row, value) => {
        counts.push(view.getUint32(4 * HeaderWord.count, true));
        return Reflect.set(values, row, value, values);
      },
    });
    Object.defineProperty(segment, "values", { value: watched });
    segment.add("b", 2, 2);
    assertEquals([counts, word(segment, HeaderWord.count)], [[1], 2]);
  });
});

describe("Segment, open()", () => {
  it("empties the segment, sets sequence and epoch offset, and removes the labels", () => {
    const segment = openSegment();
    segment.add("old", 1, 1);
    segment.add("older", 1, 1);
    segment.open(2, 5n);
    assertEquals([HeaderWord.count, HeaderWord.labels, HeaderWord.labelBytes].map((index) => word(segment, index)), [
      0,
      0,
      0,
    ]);
    assertEquals([segment.count, segment.labelCount, segment.sequence, segment.epochOffset], [0, 0, 2, 5n]);
    segment.add("older", 1, 1);
    assertEquals([rowsOf(segment), labelsOf(segment)], [[[1, 1, "older"]], ["older"]]);
  });

  it("keeps the owner", () => {
    const segment = openSegment();
    segment.open(2, 5n);
    assertEquals(segment.owner, OWNER);
    assertEquals([ascii(segment, 48, 8), ascii(segment, 64, 192)], [OWNER.isolate, OWNER.channel]);
  });
});
