import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { EPOCH } from "../../support/fake/runtime.ts";
import { FakeSegmentSink, observeNumbers } from "../../support/fake/segment_sink.ts";

const HOUR = 3_600_000_000_000n;

/** When the rows of each segment were measured, ns since the epoch. */
function epochTimes({ taken }: FakeSegmentSink): bigint[][] {
  return taken.map(({ epochOffset, rows }) => rows.map(([timepoint]) => epochOffset + BigInt(timepoint)));
}

describe("the epochOffset of a buffer", () => {
  it("makes a timepoint the time of the wall clock", () => {
    const sink = new FakeSegmentSink();
    sink.clock.time = 5e9;
    sink.buffer.observe("x", 1);
    sink.buffer.seal();
    assertEquals(epochTimes(sink), [[EPOCH + 5_000_000_000n]]);
  });

  it("is taken anew with each segment, and with each seal of an empty one", () => {
    const sink = new FakeSegmentSink();
    sink.clock.offset = 1n;
    observeNumbers(sink.buffer, 1);
    sink.clock.offset = 2n;
    sink.buffer.seal(); // the first was anchored before; the second is now
    sink.letGo();
    sink.clock.offset = 3n;
    sink.buffer.seal(); // empty
    sink.clock.offset = 4n;
    observeNumbers(sink.buffer, 1);
    sink.buffer.seal();
    assertEquals(sink.taken.map(({ epochOffset }) => epochOffset - EPOCH), [0n, 3n]);
    assertEquals(sink.taken.map(({ sequence }) => sequence), [1, 2]);
  });

  it("is not taken anew under rows that are there", () => {
    const sink = new FakeSegmentSink();
    observeNumbers(sink.buffer, 1);
    sink.clock.offset = 5n;
    sink.buffer.seal();
    observeNumbers(sink.buffer, 1);
    sink.clock.offset = 9n;
    sink.buffer.seal(); // refused: the sink holds one
    assertEquals(sink.taken.map(({ epochOffset }) => epochOffset - EPOCH), [0n]);
    sink.letGo();
    sink.buffer.seal();
    assertEquals(sink.taken.map(({ epochOffset }) => epochOffset - EPOCH), [0n, 5n]);
  });

  for (const [step, name] of [[-HOUR, "an hour back"], [24n * HOUR, "a day on"]] as const) {
    it(`follows a wall clock that is set ${name} with the next segment, and time never goes back within one`, () => {
      const sink = new FakeSegmentSink();
      const { buffer, clock } = sink;
      const tick = (): void => {
        clock.time += 1e9;
        buffer.observe("x", clock.time);
      };
      for (let i = 0; i < 3; i++) tick();
      clock.offset = step;
      for (let i = 0; i < 3; i++) tick();
      buffer.seal();
      sink.letGo();
      for (let i = 0; i < 3; i++) tick();
      buffer.seal();

      const [before = [], after = []] = epochTimes(sink);
      const second = 1_000_000_000n;
      assertEquals(before.map((time) => time - before[0]!), [
        0n,
        second,
        2n * second,
        3n * second,
        4n * second,
        5n * second,
      ]);
      assertEquals(after.map((time) => time - before[5]!), [step + second, step + 2n * second, step + 3n * second]);
      // The order of measurement is that of the sequence numbers, then of the rows.
      assertEquals(sink.taken.map(({ sequence }) => sequence), [1, 2]);
      assertEquals(sink.values, sink.values.toSorted((a, b) => a - b));
    });
  }
});
