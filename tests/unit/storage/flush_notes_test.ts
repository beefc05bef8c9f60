import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { FileError } from "../../../src/runtime.ts";
import { FlushNotes } from "../../../src/storage/flush_notes.ts";
import { pick, randomFrom } from "../support/random.ts";
import { EPOCH, openSegment } from "../support/segments.ts";

const NONE = { kind: "none" } as const;

/** The notes of the segment as somebody reads them who finds its bytes. */
function reread(segment: ReturnType<typeof openSegment>): FlushNotes {
  return new FlushNotes({ ...segment, sequence: segment.sequence, notes: segment.notes.slice() } as never);
}

describe("FlushNotes", () => {
  it("begin with nothing published and nothing under way", () => {
    const notes = new FlushNotes(openSegment());
    assertEquals([notes.published, notes.step, notes.layout], [0, NONE, "segments"]);
  });

  it("are read by others as they were written, step by step", () => {
    const segment = openSegment();
    const notes = new FlushNotes(segment);
    notes.renaming(3);
    assertEquals([reread(segment).step, reread(segment).published], [{ kind: "renaming", name: 3 }, 0]);
    notes.settled(7);
    assertEquals([reread(segment).step, reread(segment).published], [NONE, 7]);
    const step = {
      kind: "appending",
      identity: "64769:18446744073709551615",
      offset: 2 ** 52 + 1,
      next: 4_000_000_000,
    };
    notes.appending(step.identity, step.offset, step.next);
    assertEquals([reread(segment).step, reread(segment).published], [step, 7]);
    notes.settled();
    assertEquals([reread(segment).step, reread(segment).published], [NONE, 7]);
  });

  it("of a segment that had the bytes before are void, but for the layout", () => {
    const segment = openSegment();
    FlushNotes.noteLayout(segment, "append");
    const notes = new FlushNotes(segment);
    notes.settled(5);
    notes.renaming(2);
    segment.open(2, EPOCH);
    const next = new FlushNotes(segment);
    assertEquals([next.published, next.step, next.layout], [0, NONE, "append"]);
    assertEquals([reread(segment).published, reread(segment).layout], [0, "append"]);
  });

  it("touch nothing but their own part of the header", () => {
    const segment = openSegment();
    segment.add(1, 2, "x");
    const bytes = new Uint8Array(segment.timepoints.buffer);
    const before = bytes.slice();
    const notes = new FlushNotes(segment);
    notes.appending("x".repeat(200), -1, 2 ** 32 - 1);
    notes.settled(2 ** 32 - 1);
    assertEquals(bytes.subarray(0, 128), before.subarray(0, 128));
    assertEquals(bytes.subarray(256), before.subarray(256));
  });

  it("are saved with each change, whole, and throw what saving throws", () => {
    const saved: Uint8Array[] = [];
    const segment = openSegment();
    const notes = new FlushNotes(segment, (bytes) => void saved.push(bytes.slice()));
    assertEquals(saved.length, 0);
    notes.renaming(1);
    notes.settled(4);
    notes.appending("1:2", 10, 20);
    assertEquals(saved.map(({ length }) => length), [128, 128, 128]);
    assertEquals(saved[2], segment.notes);
    const failing = new FlushNotes(segment, () => {
      throw new FileError("EIO", "no");
    });
    assertThrows(() => failing.settled(), FileError);
  });

  it("of any bytes at all are read without an exception", () => {
    const random = randomFrom(1);
    const segment = openSegment();
    for (let i = 0; i < 10_000; i++) {
      for (let at = 0; at < segment.notes.length; at++) segment.notes[at] = pick(random, [0, 1, 2, 255, random(256)]);
      new Uint32Array(segment.notes.buffer, segment.notes.byteOffset, 1)[0] = segment.sequence;
      const { step, published, layout } = new FlushNotes(segment);
      assertEquals(["none", "renaming", "appending"].includes(step.kind), true);
      assertEquals([typeof published, ["segments", "append"].includes(layout)], ["number", true]);
      if (step.kind === "appending") assertEquals(step.identity.length <= 96, true);
    }
  });
});
