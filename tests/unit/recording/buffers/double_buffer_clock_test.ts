import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { EPOCH } from "../../../support/fake/runtime.ts";
import { FakeBufferOwner, observeNumbers } from "../../../support/fake/buffer_owner.ts";

const HOUR = 3_600_000_000_000n;

/** When the rows of each segment were measured, ns since the epoch. */
function epochTimes({ taken }: FakeBufferOwner): bigint[][] {
  return taken.map(({ epochOffset, rows }) => rows.map(([timepoint]) => epochOffset + BigInt(timepoint)));
}

describe("DoubleBuffer, epoch offset", () => {
  it("turns a timepoint into the time of the wall clock", () => {
    const owner = new FakeBufferOwner();
    owner.clock.time = 5e9;
    owner.buffer.observe("x", 1);
    owner.buffer.seal();
    assertEquals(epochTimes(owner), [[EPOCH + 5_000_000_000n]]);
  });

  it("is measured for each segment, and again when an empty one is sealed", () => {
    const owner = new FakeBufferOwner();
    owner.clock.offset = 1n;
    observeNumbers(owner.buffer, 1);
    owner.clock.offset = 2n;
    owner.buffer.seal(); // the first got its offset before; the second gets it now
    owner.release();
    owner.clock.offset = 3n;
    owner.buffer.seal(); // empty
    owner.clock.offset = 4n;
    observeNumbers(owner.buffer, 1);
    owner.buffer.seal();
    assertEquals(owner.taken.map(({ epochOffset }) => epochOffset - EPOCH), [0n, 3n]);
    assertEquals(owner.taken.map(({ sequence }) => sequence), [1, 2]);
  });

  it("does not change for a segment with rows", () => {
    const owner = new FakeBufferOwner();
    observeNumbers(owner.buffer, 1);
    owner.clock.offset = 5n;
    owner.buffer.seal();
    observeNumbers(owner.buffer, 1);
    owner.clock.offset = 9n;
    owner.buffer.seal(); // refused: another one is sealed
    assertEquals(owner.taken.map(({ epochOffset }) => epochOffset - EPOCH), [0n]);
    owner.release();
    owner.buffer.seal();
    assertEquals(owner.taken.map(({ epochOffset }) => epochOffset - EPOCH), [0n, 5n]);
  });

  it("changes with the next segment when the wall clock is found to be set", () => {
    for (const step of [HOUR, -HOUR, 21_000_000n, -21_000_000n]) {
      const owner = new FakeBufferOwner();
      observeNumbers(owner.buffer, 1);
      owner.clock.offset = step;
      owner.buffer.followWallClock();
      observeNumbers(owner.buffer, 1);
      assertEquals(owner.taken.map(({ rows }) => rows.length), [1]);
      owner.release();
      owner.buffer.seal();
      assertEquals(owner.taken.map(({ epochOffset }) => epochOffset - EPOCH), [0n, step]);
    }
  });

  it("changes at once for a segment without rows when the wall clock is found to be set", () => {
    const owner = new FakeBufferOwner();
    owner.clock.offset = HOUR;
    owner.buffer.followWallClock();
    observeNumbers(owner.buffer, 1);
    owner.buffer.seal();
    assertEquals(owner.taken.map(({ epochOffset, sequence }) => [epochOffset - EPOCH, sequence]), [[HOUR, 1]]);
  });

  it("stays while the wall clock is off by less than it may be, or than a slow reading tells", () => {
    const owner = new FakeBufferOwner();
    observeNumbers(owner.buffer, 1);
    owner.clock.offset = 19_000_000n;
    owner.buffer.followWallClock();
    owner.clock.offset = 0n;
    owner.clock.step = 100_000_000; // the thread is held up in each reading
    owner.buffer.followWallClock();
    assertEquals(owner.taken, []);
  });

  for (const [step, name] of [[-HOUR, "an hour back"], [24n * HOUR, "a day on"]] as const) {
    it(`follows a wall clock set ${name} from the next segment on; time never goes back within one`, () => {
      const owner = new FakeBufferOwner();
      const { buffer, clock } = owner;
      const tick = (): void => {
        clock.time += 1e9;
        buffer.observe("x", clock.time);
      };
      for (let i = 0; i < 3; i++) tick();
      clock.offset = step;
      for (let i = 0; i < 3; i++) tick();
      buffer.seal();
      owner.release();
      for (let i = 0; i < 3; i++) tick();
      buffer.seal();

      const [before = [], after = []] = epochTimes(owner);
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
      assertEquals(owner.taken.map(({ sequence }) => sequence), [1, 2]);
      assertEquals(owner.values, owner.values.toSorted((a, b) => a - b));
    });
  }
});
