import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { DoubleBuffer } from "../../../../src/recording/buffers/double_buffer.ts";
import { Segment } from "../../../../src/segment/segment.ts";
import { randomFrom } from "../../../support/random.ts";
import { OWNER } from "../../../support/segments.ts";
import { FakeBufferOwner, observeNumbers, ROWS } from "../../../support/fake/buffer_owner.ts";

/** The counts; throws unless they add up. */
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
  it("seals a full segment and goes on in another one", () => {
    const owner = new FakeBufferOwner();
    observeNumbers(owner.buffer, ROWS);
    assertEquals(owner.taken, []);
    observeNumbers(owner.buffer, 1, ROWS);
    assertEquals(owner.values, numbers(ROWS));
    assertEquals(checkedCounts(owner.buffer), { recorded: ROWS + 1, flushed: 0, buffered: ROWS + 1, dropped: 0 });
  });

  it("asks for room when both segments are full, and drops nothing if it gets that", () => {
    const owner = new FakeBufferOwner();
    observeNumbers(owner.buffer, 10 * ROWS + 1);
    assertEquals(owner.values, numbers(10 * ROWS));
    assertEquals(checkedCounts(owner.buffer), { recorded: 3841, flushed: 3456, buffered: 385, dropped: 0 });
  });

  it("asks once for its next segment, when one is more than half full and no other is ready", () => {
    const owner = new FakeBufferOwner();
    observeNumbers(owner.buffer, ROWS / 2);
    assertEquals(owner.nextNeeds, 0);
    observeNumbers(owner.buffer, ROWS / 2, ROWS / 2);
    assertEquals([owner.nextNeeds, owner.buffer.counts.buffered], [1, ROWS]);
    observeNumbers(owner.buffer, ROWS, ROWS);
    owner.release();
    observeNumbers(owner.buffer, ROWS, 2 * ROWS); // in the one that was let go
    owner.release();
    assertEquals(owner.nextNeeds, 1);
    assertEquals(owner.values, numbers(2 * ROWS));
  });

  it("makes its next segment in prepare, once it is half full, and then uses it", () => {
    const allocated: Segment[] = [];
    const owner = new FakeBufferOwner({
      nextSegment(free) {
        const segment = free ?? new Segment(new ArrayBuffer(2 ** 13), OWNER);
        if (free === undefined) allocated.push(segment);
        return segment;
      },
    });
    owner.buffer.prepare(); // not half full yet
    assertEquals(allocated.length, 1);
    observeNumbers(owner.buffer, ROWS / 2 + 1);
    owner.buffer.prepare();
    owner.buffer.prepare();
    assertEquals(allocated.length, 2);
    observeNumbers(owner.buffer, ROWS / 2);
    owner.buffer.prepare(); // the sealed one will be the next
    assertEquals([allocated.length, owner.sealed === allocated[0]], [2, true]);
  });

  it("drops what does not fit while it gets no room, and goes on when it gets some", () => {
    const owner = new FakeBufferOwner();
    owner.canFlush = false;
    observeNumbers(owner.buffer, 3 * ROWS);
    assertEquals(checkedCounts(owner.buffer), { recorded: 3 * ROWS, flushed: 0, buffered: 2 * ROWS, dropped: ROWS });
    owner.canFlush = true;
    observeNumbers(owner.buffer, ROWS, 5000);
    assertEquals(checkedCounts(owner.buffer), { recorded: 4 * ROWS, flushed: ROWS, buffered: 2 * ROWS, dropped: ROWS });
    owner.buffer.seal(); // not while another one is sealed
    assertEquals(owner.taken.length, 2);
    owner.release();
    owner.buffer.seal();
    assertEquals(owner.values.slice(2 * ROWS), numbers(ROWS).map((n) => 5000 + n));
  });

  it("counts published rows as flushed, and the rest of a released segment as dropped", () => {
    const owner = new FakeBufferOwner();
    observeNumbers(owner.buffer, 10);
    owner.buffer.seal();
    observeNumbers(owner.buffer, 5);
    owner.publish(3);
    assertEquals(checkedCounts(owner.buffer), { recorded: 15, flushed: 3, buffered: 12, dropped: 0 });
    owner.release(true);
    assertEquals(checkedCounts(owner.buffer), { recorded: 15, flushed: 3, buffered: 5, dropped: 7 });
  });

  it("ignores a release when nothing is sealed", () => {
    const owner = new FakeBufferOwner();
    observeNumbers(owner.buffer, 10);
    owner.buffer.setPublished(4);
    owner.buffer.release();
    assertEquals(checkedCounts(owner.buffer), { recorded: 10, flushed: 0, buffered: 10, dropped: 0 });
  });

  it("seals when there is no room for a label, and drops nothing", () => {
    const owner = new FakeBufferOwner();
    const labels = Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(256, "x"));
    for (const label of labels) owner.buffer.observe(label, 1);
    assert(owner.taken.length > 5);
    owner.release();
    owner.buffer.seal();
    assertEquals(owner.taken.flatMap(({ rows }) => rows.map(([, , label]) => label)), labels);
    checkedCounts(owner.buffer);
  });

  it("counts labels that were cut, once per segment", () => {
    const owner = new FakeBufferOwner();
    const long = "x".repeat(2 ** 20);
    for (let i = 0; i < 3; i++) owner.buffer.observe(long, 1);
    owner.buffer.seal();
    owner.buffer.observe(long, 1);
    assertEquals(owner.buffer.labelsCut, 2);
    owner.release();
    owner.buffer.seal();
    owner.release();
    assertEquals([owner.buffer.labelsCut, checkedCounts(owner.buffer).flushed], [2, 4]);
  });

  it("uses two segments again and again, which together take no more than the memory threshold", () => {
    for (const memoryThreshold of [2 ** 14, 2 ** 14 + 1, 2 ** 14 + 15, 100_001, 2 ** 20]) {
      const owner = new FakeBufferOwner({ memoryThreshold });
      for (let i = 0; i < 6; i++) {
        observeNumbers(owner.buffer, 10);
        owner.buffer.seal();
        owner.release();
      }
      const sizes = [...owner.buffers].map(({ byteLength }) => byteLength);
      assertEquals(sizes.length, 2);
      const sum = sizes.reduce((a, b) => a + b);
      assert(sum <= memoryThreshold && sum > memoryThreshold - 32, `${sum} of ${memoryThreshold}`);
    }
  });

  it("drops rows when there is no memory for another segment, and does not throw", () => {
    const owner = new FakeBufferOwner();
    const { ArrayBuffer } = globalThis;
    globalThis.ArrayBuffer = class {
      constructor() {
        throw new RangeError("Array buffer allocation failed");
      }
    } as unknown as typeof ArrayBuffer;
    try {
      observeNumbers(owner.buffer, ROWS + 2);
      owner.buffer.seal();
    } finally {
      globalThis.ArrayBuffer = ArrayBuffer;
    }
    assertEquals(checkedCounts(owner.buffer), { recorded: ROWS + 2, flushed: 0, buffered: ROWS, dropped: 2 });
    observeNumbers(owner.buffer, 1, 7);
    owner.release();
    owner.buffer.seal();
    assertEquals(owner.values, [...numbers(ROWS), 7]);
  });

  it("keeps its counts right when its owner observes and seals while it is called", () => {
    const owner = new FakeBufferOwner();
    let depth = 0;
    let given = 0;
    const observe = (): void => {
      given++;
      owner.buffer.observe("x", given);
    };
    owner.meanwhile = () => {
      // An error handler may record the errors it gets, for one.
      if (depth > 3) return;
      depth++;
      for (let i = 0; i < 100; i++) {
        observe();
        checkedCounts(owner.buffer);
      }
      owner.buffer.seal();
      depth--;
    };
    for (let i = 0; i < 5 * ROWS; i++) {
      observe();
      assertEquals(checkedCounts(owner.buffer).recorded, given);
    }
    owner.meanwhile = () => {};
    owner.release();
    owner.buffer.seal();
    owner.release();
    const { flushed, dropped, buffered } = checkedCounts(owner.buffer);
    assertEquals([buffered, flushed + dropped], [0, given]);
    assertEquals(owner.values.length, flushed);
    assertEquals(new Set(owner.values).size, flushed);
  });

  it("keeps recorded = flushed + buffered + dropped in any order of calls", () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = randomFrom(seed);
      const owner = new FakeBufferOwner();
      let given = 0;
      const calls = [
        () => {
          const count = random(ROWS);
          observeNumbers(owner.buffer, count, given);
          given += count;
        },
        () => owner.buffer.observe(`${random(1000)}`.padEnd(random(300), "x"), given++),
        () => owner.buffer.seal(),
        () => owner.publish(random(100)),
        () => owner.release(random(4) === 0),
        () => owner.canFlush = random(2) === 0,
      ];
      for (let i = 0; i < 200; i++) {
        calls[random(calls.length)]!();
        assertEquals(checkedCounts(owner.buffer).recorded, given);
      }
      assertEquals(owner.taken.map(({ sequence }) => sequence), numbers(owner.taken.length).map((n) => n + 1));
      assertEquals(owner.values, owner.values.toSorted((a, b) => a - b));
      assert(owner.buffers.size <= 2);
    }
  });
});
