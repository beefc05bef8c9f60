import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { ValueKind } from "../../../../src/series.ts";
import { OWNER } from "../../../support/segments.ts";
import { FakeBufferOwner } from "../../../support/fake/buffer_owner.ts";

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
    owner.buffer.observe("x", 2, 3_000);
    assertEquals(rowsIn(owner), [[5_000, 1, "x"], [3_000, 2, "x"]]);
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

  it("refuses and counts timepoints that are not positive whole numbers", () => {
    const owner = new FakeBufferOwner();
    for (const timepoint of [NaN, Infinity, -Infinity, 0.5, -1, -0, 0, 2 ** 53]) {
      owner.buffer.observe("x", 1, timepoint);
    }
    assertEquals([owner.buffer.invalid, owner.buffer.counts.recorded], [8, 0]);
    for (const timepoint of [1, 2 ** 53 - 1]) owner.buffer.observe("x", 1, timepoint);
    assertEquals([owner.buffer.invalid, owner.buffer.counts.recorded], [8, 2]);
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
