import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { ValueKind } from "../../../../src/series.ts";
import { OWNER } from "../../../support/segments.ts";
import { FakeBufferOwner, ROWS } from "../../../support/fake/buffer_owner.ts";
import { EPOCH } from "../../../support/fake/runtime.ts";
import type { ObserveOptions } from "../../../../src/sampling/timepoint.ts";

/** Seals the segment, and returns all rows recorded so far. */
function rowsIn(owner: FakeBufferOwner): [timepoint: number, value: number, label: string][] {
  owner.buffer.seal();
  return owner.taken.flatMap(({ rows }) => rows);
}

describe("DoubleBuffer, observe", () => {
  it("uses the time of the call, unless a timepoint is given", () => {
    const owner = new FakeBufferOwner();
    owner.clock.time = 5_000;
    owner.buffer.observe("x", 1);
    owner.buffer.observe("x", 2, { at: EPOCH + 3_000n });
    owner.buffer.observe("x", 3, {});
    owner.buffer.observe("x", 4, { at: undefined });
    assertEquals(rowsIn(owner), [[5_000, 1, "x"], [3_000, 2, "x"], [5_000, 3, "x"], [5_000, 4, "x"]]);
  });

  it("accepts a timepoint in the past and in the future, as bigint, Date or Temporal.Instant", () => {
    const owner = new FakeBufferOwner();
    const hour = 3_600_000_000_000n;
    owner.buffer.observe("bigint", 1, { at: EPOCH - hour });
    owner.buffer.observe("date", 2, { at: new Date(Number((EPOCH + hour) / 1_000_000n)) });
    owner.buffer.observe("instant", 3, { at: { epochNanoseconds: EPOCH - 1n } });
    assertEquals(rowsIn(owner), [[-3_600e9, 1, "bigint"], [3_600e9, 2, "date"], [-1, 3, "instant"]]);
  });

  it("never stores a timepoint of 0, which would read as a missing page", () => {
    const owner = new FakeBufferOwner();
    owner.buffer.observe("x", 1, { at: EPOCH });
    assertEquals(rowsIn(owner), [[1, 1, "x"]]);
  });

  it("gives a row the same time of the wall clock in whichever segment it comes", () => {
    const owner = new FakeBufferOwner();
    const at = EPOCH - 5_000_000_000n;
    for (let i = 0; i < 2 * ROWS + 1; i++) {
      owner.clock.offset = BigInt(i) * 1_000_000n; // the next segment has another epoch offset
      owner.buffer.observe("x", i, { at });
    }
    owner.release();
    owner.buffer.seal();
    assertEquals(owner.taken.map(({ rows }) => rows.length), [ROWS, ROWS, 1]);
    for (const { epochOffset, rows } of owner.taken) {
      for (const [timepoint] of rows) assertEquals(epochOffset + BigInt(timepoint), at);
    }
  });

  it("refuses and counts labels that are not strings and values that are not numbers, and records every number", () => {
    const owner = new FakeBufferOwner();
    const { observe } = owner.buffer as unknown as { observe(label: unknown, value: unknown): void };
    const labels = [undefined, null, 1, 1n, true, Symbol("x"), {}, ["x"], new String("x"), () => "x"];
    const values = [undefined, null, "1", 1n, true, Symbol("x"), {}, [1], new Number(1), new Date(0)];
    for (const label of labels) observe.call(owner.buffer, label, 1);
    for (const value of values) observe.call(owner.buffer, "x", value);
    assertEquals([owner.buffer.invalid, owner.buffer.counts.recorded], [20, 0]);
    for (const value of [NaN, -0, Infinity]) observe.call(owner.buffer, "", value);
    assertEquals([owner.buffer.invalid, owner.buffer.counts.recorded], [20, 3]);
  });

  it("refuses and counts timepoints before 1970, after 2262 and of any other type", () => {
    const owner = new FakeBufferOwner();
    const wrong: unknown[] = [0n, -1n, 2n ** 63n - 1n, 2n ** 200n, 5, NaN, "2026-01-01", null, {}, new Date(NaN), true];
    for (const at of wrong) owner.buffer.observe("x", 1, { at: at as bigint });
    const throwing = {
      get at(): never {
        throw new Error("of the program");
      },
    };
    const options: unknown[] = [null, 3_000, "at", 5n, throwing];
    for (const given of options) owner.buffer.observe("x", 1, given as ObserveOptions);
    assertEquals([owner.buffer.invalid, owner.buffer.counts.recorded], [wrong.length + options.length, 0]);
    for (const at of [1_000n, 9_223_372_036_000_000_000n]) owner.buffer.observe("x", 1, { at });
    assertEquals(owner.buffer.counts.recorded, 2);
  });

  it("refuses and counts a timepoint in the channel of durations, whose rows are in order", () => {
    const owner = new FakeBufferOwner({ owner: { ...OWNER, kind: ValueKind.duration } });
    owner.buffer.observe("x", 1, { at: EPOCH });
    owner.buffer.observeMany([["x", 1], ["y", 2]], { at: EPOCH });
    assertEquals([owner.buffer.invalid, owner.buffer.counts.recorded], [3, 0]);
    owner.buffer.observe("x", 1, {});
    assertEquals(owner.buffer.counts.recorded, 1);
  });

  it("refuses and counts durations that are not whole nanoseconds", () => {
    const owner = new FakeBufferOwner({ owner: { ...OWNER, kind: ValueKind.duration } });
    for (const value of [NaN, Infinity, -Infinity, 0.5, -1, 2 ** 53]) owner.buffer.observe("x", value);
    assertEquals([owner.buffer.invalid, owner.buffer.counts.recorded], [6, 0]);
    for (const value of [0, 1, 2 ** 53 - 1]) owner.buffer.observe("x", value);
    assertEquals([owner.buffer.invalid, owner.buffer.counts.recorded], [6, 3]);
  });
});

describe("DoubleBuffer, observeMany", () => {
  it("gives all observations the same timepoint, however long it takes", () => {
    const owner = new FakeBufferOwner();
    owner.clock.step = 7;
    owner.buffer.observeMany(new Map([["a", 1], ["b", 2], ["c", 3]]));
    const rows = rowsIn(owner);
    assertEquals(rows, [[rows[0]![0], 1, "a"], [rows[0]![0], 2, "b"], [rows[0]![0], 3, "c"]]);
  });

  it("gives all observations the timepoint that is given", () => {
    const owner = new FakeBufferOwner();
    owner.buffer.observeMany([["a", 1], ["b", 2]], { at: EPOCH - 7n });
    assertEquals(rowsIn(owner), [[-7, 1, "a"], [-7, 2, "b"]]);
  });

  it("records what an iterable yields before it throws, counts that, and does not throw", () => {
    const owner = new FakeBufferOwner();
    function* failing(): Generator<[string, number]> {
      yield ["a", 1];
      yield ["b", 2];
      throw new Error("out of order");
    }
    owner.buffer.observeMany(failing());
    assertEquals(rowsIn(owner).map(([, , label]) => label), ["a", "b"]);
    assertEquals(owner.buffer.invalid, 1);
  });

  it("counts an argument that is not iterable, and does not throw", () => {
    const owner = new FakeBufferOwner();
    const { buffer } = owner;
    for (const wrong of [undefined, null, 1, {}, { [Symbol.iterator]: 1 }, { [Symbol.iterator]: () => ({}) }]) {
      buffer.observeMany(wrong as unknown as []);
    }
    assertEquals([buffer.invalid, buffer.counts.recorded], [6, 0]);
  });

  it("counts invalid labels and values, and records the rest", () => {
    const owner = new FakeBufferOwner();
    const mixed: unknown = [["a", 1], ["b", "2"], [3, 3], ["d"], [], "ee", ["f", 6]];
    owner.buffer.observeMany(mixed as [string, number][]);
    assertEquals(rowsIn(owner).map(([, , label]) => label), ["a", "f"]);
    assertEquals(owner.buffer.invalid, 5);
  });

  it("counts entries that are not pairs, and records the rest", () => {
    const owner = new FakeBufferOwner();
    const mixed: unknown = [["a", 1], null, ["b", 2], undefined, 3, {}, ["c", 3]];
    owner.buffer.observeMany(mixed as [string, number][]);
    assertEquals(rowsIn(owner).map(([, , label]) => label), ["a", "b", "c"]);
    assertEquals(owner.buffer.invalid, 4);
  });

  it("accepts an iterable that records in the same buffer", () => {
    const owner = new FakeBufferOwner();
    function* nested(): Generator<[string, number]> {
      owner.buffer.observe("inside", 0);
      yield ["outside", 1];
    }
    owner.buffer.observeMany(nested());
    assertEquals(rowsIn(owner).map(([, , label]) => label), ["inside", "outside"]);
  });
});
