import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { DoubleBuffer } from "../../../src/recording/double_buffer.ts";
import { Segment } from "../../../src/segment/segment.ts";
import { randomFrom } from "../../support/random.ts";
import { OWNER } from "../../support/segments.ts";
import { FakeSegmentSink, observeNumbers, ROWS } from "../../support/fake/segment_sink.ts";

/** Throws unless what was recorded is where the counts say; returns them. */
function checkedCounts({ counts }: DoubleBuffer): DoubleBuffer["counts"] {
  const { recorded, flushed, buffered, dropped } = counts;
  assertEquals(recorded, flushed + buffered + dropped);
  assert(Math.min(flushed, buffered, dropped) >= 0, JSON.stringify(counts));
  return counts;
}

/** 0, 1, … `count` - 1. */
function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

describe("DoubleBuffer", () => {
  it("hands a full segment to its sink, and goes on in another one", () => {
    const sink = new FakeSegmentSink();
    observeNumbers(sink.buffer, ROWS);
    assertEquals(sink.taken, []);
    observeNumbers(sink.buffer, 1, ROWS);
    assertEquals(sink.values, numbers(ROWS));
    assertEquals(checkedCounts(sink.buffer), { recorded: ROWS + 1, flushed: 0, buffered: ROWS + 1, dropped: 0 });
  });

  it("tells its sink to finish when the second segment is full too, and loses nothing if it can", () => {
    const sink = new FakeSegmentSink();
    observeNumbers(sink.buffer, 10 * ROWS + 1);
    assertEquals(sink.values, numbers(10 * ROWS));
    assertEquals(checkedCounts(sink.buffer), { recorded: 3841, flushed: 3456, buffered: 385, dropped: 0 });
  });

  it("tells its sink once when the segment is half full and no other is ready", () => {
    const sink = new FakeSegmentSink();
    observeNumbers(sink.buffer, ROWS / 2);
    assertEquals(sink.halfFulls, 0);
    observeNumbers(sink.buffer, ROWS / 2, ROWS / 2);
    assertEquals([sink.halfFulls, sink.buffer.counts.buffered], [1, ROWS]);
    observeNumbers(sink.buffer, ROWS, ROWS);
    sink.letGo();
    observeNumbers(sink.buffer, ROWS, 2 * ROWS); // in the one that was let go
    sink.letGo();
    assertEquals(sink.halfFulls, 1);
    assertEquals(sink.values, numbers(2 * ROWS));
  });

  it("makes the other segment when it is asked to, and then uses that", () => {
    const allocated: Segment[] = [];
    const sink = new FakeSegmentSink({
      allocate(bytes, free) {
        const segment = free ?? new Segment(new ArrayBuffer(bytes), OWNER);
        if (free === undefined) allocated.push(segment);
        return segment;
      },
    });
    sink.buffer.prepare();
    sink.buffer.prepare();
    assertEquals(allocated.length, 2);
    observeNumbers(sink.buffer, ROWS + 1);
    sink.buffer.prepare(); // the one that the sink holds will be the next
    assertEquals([allocated.length, sink.held === allocated[0]], [2, true]);
  });

  it("drops what does not fit if its sink cannot finish, and keeps what comes once it can", () => {
    const sink = new FakeSegmentSink();
    sink.canFinish = false;
    observeNumbers(sink.buffer, 3 * ROWS);
    assertEquals(checkedCounts(sink.buffer), { recorded: 3 * ROWS, flushed: 0, buffered: 2 * ROWS, dropped: ROWS });
    sink.canFinish = true;
    observeNumbers(sink.buffer, ROWS, 5000);
    assertEquals(checkedCounts(sink.buffer), { recorded: 4 * ROWS, flushed: ROWS, buffered: 2 * ROWS, dropped: ROWS });
    sink.buffer.seal(); // not while the sink holds one
    assertEquals(sink.taken.length, 2);
    sink.letGo();
    sink.buffer.seal();
    assertEquals(sink.values.slice(2 * ROWS), numbers(ROWS).map((n) => 5000 + n));
  });

  it("counts what the sink lost as dropped, and what it wrote before as flushed", () => {
    const sink = new FakeSegmentSink();
    observeNumbers(sink.buffer, 10);
    sink.buffer.seal();
    observeNumbers(sink.buffer, 5);
    sink.flush(3);
    assertEquals(checkedCounts(sink.buffer), { recorded: 15, flushed: 3, buffered: 12, dropped: 0 });
    sink.letGo(true);
    assertEquals(checkedCounts(sink.buffer), { recorded: 15, flushed: 3, buffered: 5, dropped: 7 });
  });

  it("ignores a release of nothing", () => {
    const sink = new FakeSegmentSink();
    observeNumbers(sink.buffer, 10);
    sink.buffer.release(4);
    assertEquals(checkedCounts(sink.buffer), { recorded: 10, flushed: 0, buffered: 10, dropped: 0 });
  });

  it("seals when there is no room for a label, and keeps the observation", () => {
    const sink = new FakeSegmentSink();
    const labels = Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(256, "x"));
    for (const label of labels) sink.buffer.observe(label, 1);
    assert(sink.taken.length > 5);
    sink.letGo();
    sink.buffer.seal();
    assertEquals(sink.taken.flatMap(({ rows }) => rows.map(([, , label]) => label)), labels);
    checkedCounts(sink.buffer);
  });

  it("cuts long labels and says how often, once per segment", () => {
    const sink = new FakeSegmentSink();
    const long = "x".repeat(2 ** 20);
    for (let i = 0; i < 3; i++) sink.buffer.observe(long, 1);
    sink.buffer.seal();
    sink.buffer.observe(long, 1);
    assertEquals(sink.buffer.labelsCut, 2);
    sink.letGo();
    sink.buffer.seal();
    sink.letGo();
    assertEquals([sink.buffer.labelsCut, checkedCounts(sink.buffer).flushed], [2, 4]);
  });

  it("never takes more than its threshold, in two buffers that it uses again and again", () => {
    for (const memoryThreshold of [2 ** 14, 2 ** 14 + 1, 2 ** 14 + 15, 100_001, 2 ** 20]) {
      const sink = new FakeSegmentSink({ memoryThreshold });
      for (let i = 0; i < 6; i++) {
        observeNumbers(sink.buffer, 10);
        sink.buffer.seal();
        sink.letGo();
      }
      const sizes = [...sink.buffers].map(({ byteLength }) => byteLength);
      assertEquals(sizes.length, 2);
      const sum = sizes.reduce((a, b) => a + b);
      assert(sum <= memoryThreshold && sum > memoryThreshold - 32, `${sum} of ${memoryThreshold}`);
    }
  });

  it("meets a machine without memory by dropping, not by throwing", () => {
    const sink = new FakeSegmentSink();
    const { ArrayBuffer } = globalThis;
    globalThis.ArrayBuffer = class {
      constructor() {
        throw new RangeError("Array buffer allocation failed");
      }
    } as unknown as typeof ArrayBuffer;
    try {
      observeNumbers(sink.buffer, ROWS + 2);
      sink.buffer.seal();
    } finally {
      globalThis.ArrayBuffer = ArrayBuffer;
    }
    assertEquals(checkedCounts(sink.buffer), { recorded: ROWS + 2, flushed: 0, buffered: ROWS, dropped: 2 });
    observeNumbers(sink.buffer, 1, 7);
    sink.letGo();
    sink.buffer.seal();
    assertEquals(sink.values, [...numbers(ROWS), 7]);
  });

  it("tells whose observations it keeps", () => assertEquals(new FakeSegmentSink().buffer.owner, OWNER));

  it("keeps its counts right while the sink calls it back", () => {
    const sink = new FakeSegmentSink();
    let depth = 0;
    let given = 0;
    const observe = (): void => {
      given++;
      sink.buffer.observe("x", given);
    };
    sink.meanwhile = () => {
      // Whoever writes a file may be observed himself: an error handler that counts, for one.
      if (depth > 3) return;
      depth++;
      for (let i = 0; i < 100; i++) {
        observe();
        checkedCounts(sink.buffer);
      }
      sink.buffer.seal();
      depth--;
    };
    for (let i = 0; i < 5 * ROWS; i++) {
      observe();
      assertEquals(checkedCounts(sink.buffer).recorded, given);
    }
    sink.meanwhile = () => {};
    sink.letGo();
    sink.buffer.seal();
    sink.letGo();
    const { flushed, dropped, buffered } = checkedCounts(sink.buffer);
    assertEquals([buffered, flushed + dropped], [0, given]);
    assertEquals(sink.values.length, flushed);
    assertEquals(new Set(sink.values).size, flushed);
  });

  it("obeys the law of counts in any order of calls", () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = randomFrom(seed);
      const sink = new FakeSegmentSink();
      let given = 0;
      const calls = [
        () => {
          const count = random(ROWS);
          observeNumbers(sink.buffer, count, given);
          given += count;
        },
        () => sink.buffer.observe(`${random(1000)}`.padEnd(random(300), "x"), given++),
        () => sink.buffer.seal(),
        () => sink.flush(random(100)),
        () => sink.letGo(random(4) === 0),
        () => sink.canFinish = random(2) === 0,
      ];
      for (let i = 0; i < 200; i++) {
        calls[random(calls.length)]!();
        assertEquals(checkedCounts(sink.buffer).recorded, given);
      }
      assertEquals(sink.taken.map(({ sequence }) => sequence), numbers(sink.taken.length).map((n) => n + 1));
      assertEquals(sink.values, sink.values.toSorted((a, b) => a - b));
      assert(sink.buffers.size <= 2);
    }
  });
});
