import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Bucket } from "../../../src/observation/bucket.ts";
import { Segment } from "../../../src/observation/segment.ts";
import { randomFrom } from "../support/random.ts";
import { OWNER } from "../support/segments.ts";
import { observeNumbers, ROWS, TestSink } from "../support/sinks.ts";

/** Throws unless what was recorded is where the counts say; returns them. */
function checkedCounts({ counts }: Bucket): Bucket["counts"] {
  const { recorded, flushed, buffered, dropped } = counts;
  assertEquals(recorded, flushed + buffered + dropped);
  assert(Math.min(flushed, buffered, dropped) >= 0, JSON.stringify(counts));
  return counts;
}

/** 0, 1, … `count` - 1. */
function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

describe("Bucket", () => {
  it("hands a full segment to its sink, and goes on in another one", () => {
    const sink = new TestSink();
    observeNumbers(sink.bucket, ROWS);
    assertEquals(sink.taken, []);
    observeNumbers(sink.bucket, 1, ROWS);
    assertEquals(sink.values, numbers(ROWS));
    assertEquals(checkedCounts(sink.bucket), { recorded: ROWS + 1, flushed: 0, buffered: ROWS + 1, dropped: 0 });
  });

  it("tells its sink to finish when the second segment is full too, and loses nothing if it can", () => {
    const sink = new TestSink();
    observeNumbers(sink.bucket, 10 * ROWS + 1);
    assertEquals(sink.values, numbers(10 * ROWS));
    assertEquals(checkedCounts(sink.bucket), { recorded: 3841, flushed: 3456, buffered: 385, dropped: 0 });
  });

  it("tells its sink once when the segment is half full and no other is ready", () => {
    const sink = new TestSink();
    observeNumbers(sink.bucket, ROWS / 2);
    assertEquals(sink.halfFulls, 0);
    observeNumbers(sink.bucket, ROWS / 2, ROWS / 2);
    assertEquals([sink.halfFulls, sink.bucket.counts.buffered], [1, ROWS]);
    observeNumbers(sink.bucket, ROWS, ROWS);
    sink.letGo();
    observeNumbers(sink.bucket, ROWS, 2 * ROWS); // in the one that was let go
    sink.letGo();
    assertEquals(sink.halfFulls, 1);
    assertEquals(sink.values, numbers(2 * ROWS));
  });

  it("makes the other segment when it is asked to, and then uses that", () => {
    const allocated: Segment[] = [];
    const sink = new TestSink({
      allocate(bytes, free) {
        const segment = free ?? new Segment(new ArrayBuffer(bytes), OWNER);
        if (free === undefined) allocated.push(segment);
        return segment;
      },
    });
    sink.bucket.prepare();
    sink.bucket.prepare();
    assertEquals(allocated.length, 2);
    observeNumbers(sink.bucket, ROWS + 1);
    sink.bucket.prepare(); // the one that the sink holds will be the next
    assertEquals([allocated.length, sink.held === allocated[0]], [2, true]);
  });

  it("drops what does not fit if its sink cannot finish, and keeps what comes once it can", () => {
    const sink = new TestSink();
    sink.canFinish = false;
    observeNumbers(sink.bucket, 3 * ROWS);
    assertEquals(checkedCounts(sink.bucket), { recorded: 3 * ROWS, flushed: 0, buffered: 2 * ROWS, dropped: ROWS });
    sink.canFinish = true;
    observeNumbers(sink.bucket, ROWS, 5000);
    assertEquals(checkedCounts(sink.bucket), { recorded: 4 * ROWS, flushed: ROWS, buffered: 2 * ROWS, dropped: ROWS });
    sink.bucket.seal(); // not while the sink holds one
    assertEquals(sink.taken.length, 2);
    sink.letGo();
    sink.bucket.seal();
    assertEquals(sink.values.slice(2 * ROWS), numbers(ROWS).map((n) => 5000 + n));
  });

  it("counts what the sink lost as dropped, and what it wrote before as flushed", () => {
    const sink = new TestSink();
    observeNumbers(sink.bucket, 10);
    sink.bucket.seal();
    observeNumbers(sink.bucket, 5);
    sink.flush(3);
    assertEquals(checkedCounts(sink.bucket), { recorded: 15, flushed: 3, buffered: 12, dropped: 0 });
    sink.letGo(true);
    assertEquals(checkedCounts(sink.bucket), { recorded: 15, flushed: 3, buffered: 5, dropped: 7 });
  });

  it("ignores a release of nothing", () => {
    const sink = new TestSink();
    observeNumbers(sink.bucket, 10);
    sink.bucket.release(4);
    assertEquals(checkedCounts(sink.bucket), { recorded: 10, flushed: 0, buffered: 10, dropped: 0 });
  });

  it("seals when there is no room for a label, and keeps the observation", () => {
    const sink = new TestSink();
    const labels = Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(256, "x"));
    for (const label of labels) sink.bucket.observe(label, 1);
    assert(sink.taken.length > 5);
    sink.letGo();
    sink.bucket.seal();
    assertEquals(sink.taken.flatMap(({ rows }) => rows.map(([, , label]) => label)), labels);
    checkedCounts(sink.bucket);
  });

  it("cuts long labels and says how often, once per segment", () => {
    const sink = new TestSink();
    const long = "x".repeat(2 ** 20);
    for (let i = 0; i < 3; i++) sink.bucket.observe(long, 1);
    sink.bucket.seal();
    sink.bucket.observe(long, 1);
    assertEquals(sink.bucket.labelsCut, 2);
    sink.letGo();
    sink.bucket.seal();
    sink.letGo();
    assertEquals([sink.bucket.labelsCut, checkedCounts(sink.bucket).flushed], [2, 4]);
  });

  it("never takes more than its threshold, in two buffers that it uses again and again", () => {
    for (const memoryThreshold of [2 ** 14, 2 ** 14 + 1, 2 ** 14 + 15, 100_001, 2 ** 20]) {
      const sink = new TestSink({ memoryThreshold });
      for (let i = 0; i < 6; i++) {
        observeNumbers(sink.bucket, 10);
        sink.bucket.seal();
        sink.letGo();
      }
      const sizes = [...sink.buffers].map(({ byteLength }) => byteLength);
      assertEquals(sizes.length, 2);
      const sum = sizes.reduce((a, b) => a + b);
      assert(sum <= memoryThreshold && sum > memoryThreshold - 32, `${sum} of ${memoryThreshold}`);
    }
  });

  it("meets a machine without memory by dropping, not by throwing", () => {
    const sink = new TestSink();
    const { ArrayBuffer } = globalThis;
    globalThis.ArrayBuffer = class {
      constructor() {
        throw new RangeError("Array buffer allocation failed");
      }
    } as unknown as typeof ArrayBuffer;
    try {
      observeNumbers(sink.bucket, ROWS + 2);
      sink.bucket.seal();
    } finally {
      globalThis.ArrayBuffer = ArrayBuffer;
    }
    assertEquals(checkedCounts(sink.bucket), { recorded: ROWS + 2, flushed: 0, buffered: ROWS, dropped: 2 });
    observeNumbers(sink.bucket, 1, 7);
    sink.letGo();
    sink.bucket.seal();
    assertEquals(sink.values, [...numbers(ROWS), 7]);
  });

  it("tells whose observations it keeps", () => assertEquals(new TestSink().bucket.owner, OWNER));

  it("keeps its counts right while the sink calls it back", () => {
    const sink = new TestSink();
    let depth = 0;
    let given = 0;
    const observe = (): void => {
      given++;
      sink.bucket.observe("x", given);
    };
    sink.meanwhile = () => {
      // Whoever writes a file may be observed himself: an error handler that counts, for one.
      if (depth > 3) return;
      depth++;
      for (let i = 0; i < 100; i++) {
        observe();
        checkedCounts(sink.bucket);
      }
      sink.bucket.seal();
      depth--;
    };
    for (let i = 0; i < 5 * ROWS; i++) {
      observe();
      assertEquals(checkedCounts(sink.bucket).recorded, given);
    }
    sink.meanwhile = () => {};
    sink.letGo();
    sink.bucket.seal();
    sink.letGo();
    const { flushed, dropped, buffered } = checkedCounts(sink.bucket);
    assertEquals([buffered, flushed + dropped], [0, given]);
    assertEquals(sink.values.length, flushed);
    assertEquals(new Set(sink.values).size, flushed);
  });

  it("obeys the law of counts in any order of calls", () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = randomFrom(seed);
      const sink = new TestSink();
      let given = 0;
      const calls = [
        () => {
          const count = random(ROWS);
          observeNumbers(sink.bucket, count, given);
          given += count;
        },
        () => sink.bucket.observe(`${random(1000)}`.padEnd(random(300), "x"), given++),
        () => sink.bucket.seal(),
        () => sink.flush(random(100)),
        () => sink.letGo(random(4) === 0),
        () => sink.canFinish = random(2) === 0,
      ];
      for (let i = 0; i < 200; i++) {
        calls[random(calls.length)]!();
        assertEquals(checkedCounts(sink.bucket).recorded, given);
      }
      assertEquals(sink.taken.map(({ sequence }) => sequence), numbers(sink.taken.length).map((n) => n + 1));
      assertEquals(sink.values, sink.values.toSorted((a, b) => a - b));
      assert(sink.buffers.size <= 2);
    }
  });
});
