import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { FileError } from "../../../src/runtime.ts";
import { FlushJournal } from "../../../src/files/flush_journal.ts";
import { pick, randomFrom } from "../../support/random.ts";
import { EPOCH, openSegment } from "../../support/segments.ts";

const NONE = { kind: "none" } as const;

/** The journal of the segment as a reader of its bytes sees it. */
function reread(segment: ReturnType<typeof openSegment>): Pick<FlushJournal, "published" | "layout" | "step"> {
  const before = segment.journal.slice();
  const journal = FlushJournal.read(segment);
  assertEquals(segment.journal, before);
  return journal;
}

describe("FlushJournal", () => {
  it("begins with nothing published and no step under way", () => {
    const journal = new FlushJournal(openSegment());
    assertEquals([journal.published, journal.step, journal.layout], [0, NONE, "segments"]);
  });

  it("is read as it was written, step by step", () => {
    const segment = openSegment();
    const journal = new FlushJournal(segment);
    journal.renaming(3);
    assertEquals([reread(segment).step, reread(segment).published], [{ kind: "renaming", number: 3 }, 0]);
    journal.settled(7);
    assertEquals([reread(segment).step, reread(segment).published], [NONE, 7]);
    const step = {
      kind: "appending",
      identity: "64769:18446744073709551615",
      offset: 2 ** 52 + 1,
      next: 4_000_000_000,
    };
    journal.appending(step.identity, step.offset, step.next);
    assertEquals([reread(segment).step, reread(segment).published], [step, 7]);
    journal.settled();
    assertEquals([reread(segment).step, reread(segment).published], [NONE, 7]);
  });

  it("is void when the segment is reused, but for the layout", () => {
    const segment = openSegment();
    FlushJournal.noteLayout(segment, "append");
    const journal = new FlushJournal(segment);
    journal.settled(5);
    journal.renaming(2);
    segment.open(2, EPOCH);
    const next = new FlushJournal(segment);
    assertEquals([next.published, next.step, next.layout], [0, NONE, "append"]);
    assertEquals([reread(segment).published, reread(segment).layout], [0, "append"]);
  });

  it("changes only its own part of the header", () => {
    const segment = openSegment();
    segment.add("x", 2, 1);
    const bytes = new Uint8Array(segment.timepoints.buffer);
    const before = bytes.slice();
    const journal = new FlushJournal(segment);
    journal.appending("x".repeat(200), -1, 2 ** 32 - 1);
    journal.settled(2 ** 32 - 1);
    assertEquals(bytes.subarray(0, 128), before.subarray(0, 128));
    assertEquals(bytes.subarray(256), before.subarray(256));
  });

  it("is saved whole after each change, and throws what saving throws", () => {
    const saved: Uint8Array[] = [];
    const segment = openSegment();
    const journal = new FlushJournal(segment, (bytes) => void saved.push(bytes.slice()));
    assertEquals(saved.length, 0);
    journal.renaming(1);
    journal.settled(4);
    journal.appending("1:2", 10, 20);
    assertEquals(saved.map(({ length }) => length), [128, 128, 128]);
    assertEquals(saved[2], segment.journal);
    const failing = new FlushJournal(segment, () => {
      throw new FileError("EIO", "no");
    });
    assertThrows(() => failing.settled(), FileError);
  });

  it("is read from any bytes without an exception", () => {
    const random = randomFrom(1);
    const segment = openSegment();
    for (let i = 0; i < 10_000; i++) {
      for (let at = 0; at < segment.journal.length; at++) {
        segment.journal[at] = pick(random, [0, 1, 2, 255, random(256)]);
      }
      new Uint32Array(segment.journal.buffer, segment.journal.byteOffset, 1)[0] = segment.sequence;
      const { step, published, layout } = new FlushJournal(segment);
      assertEquals(["none", "renaming", "appending"].includes(step.kind), true);
      assertEquals([typeof published, ["segments", "append"].includes(layout)], ["number", true]);
      if (step.kind === "appending") assertEquals(step.identity.length <= 96, true);
    }
  });
});
