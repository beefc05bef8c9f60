import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { ValueKind } from "../../../src/series.ts";
import { OWNER } from "../../support/segments.ts";
import { FakeSegmentSink } from "../../support/fake/segment_sink.ts";

/** What a buffer was given, after it was sealed. */
function rowsIn(sink: FakeSegmentSink): [timepoint: number, value: number, label: string][] {
  sink.buffer.seal();
  return sink.taken.flatMap(({ rows }) => rows);
}

describe("observe", () => {
  it("takes the time, unless it is told when", () => {
    const sink = new FakeSegmentSink();
    sink.clock.time = 5_000;
    sink.buffer.observe("x", 1);
    sink.buffer.observe("x", 2, 3_000);
    assertEquals(rowsIn(sink), [[5_000, 1, "x"], [3_000, 2, "x"]]);
  });

  it("refuses and counts what is no label or no number, and keeps every number", () => {
    const sink = new FakeSegmentSink();
    const { observe } = sink.buffer as unknown as { observe(label: unknown, value: unknown): void };
    const labels = [undefined, null, 1, 1n, true, Symbol("x"), {}, ["x"], new String("x"), () => "x"];
    const values = [undefined, null, "1", 1n, true, Symbol("x"), {}, [1], new Number(1), new Date(0)];
    for (const label of labels) observe.call(sink.buffer, label, 1);
    for (const value of values) observe.call(sink.buffer, "x", value);
    assertEquals([sink.buffer.invalid, sink.buffer.counts.recorded], [20, 0]);
    for (const value of [NaN, -0, Infinity]) observe.call(sink.buffer, "", value);
    assertEquals([sink.buffer.invalid, sink.buffer.counts.recorded], [20, 3]);
  });

  it("refuses and counts a timepoint that is no reading of the clock", () => {
    const sink = new FakeSegmentSink();
    for (const timepoint of [NaN, Infinity, -Infinity, 0.5, -1, -0, 0, 2 ** 53]) sink.buffer.observe("x", 1, timepoint);
    assertEquals([sink.buffer.invalid, sink.buffer.counts.recorded], [8, 0]);
    for (const timepoint of [1, 2 ** 53 - 1]) sink.buffer.observe("x", 1, timepoint);
    assertEquals([sink.buffer.invalid, sink.buffer.counts.recorded], [8, 2]);
  });

  it("refuses and counts durations that are not whole nanoseconds", () => {
    const sink = new FakeSegmentSink({ owner: { ...OWNER, kind: ValueKind.duration } });
    for (const value of [NaN, Infinity, -Infinity, 0.5, -1, 2 ** 53]) sink.buffer.observe("x", value);
    assertEquals([sink.buffer.invalid, sink.buffer.counts.recorded], [6, 0]);
    for (const value of [0, 1, 2 ** 53 - 1]) sink.buffer.observe("x", value);
    assertEquals([sink.buffer.invalid, sink.buffer.counts.recorded], [6, 3]);
  });
});

describe("observeMany", () => {
  it("gives all the same timepoint, however long it takes", () => {
    const sink = new FakeSegmentSink();
    sink.clock.step = 7;
    sink.buffer.observeMany(new Map([["a", 1], ["b", 2], ["c", 3]]));
    const rows = rowsIn(sink);
    assertEquals(rows, [[rows[0]![0], 1, "a"], [rows[0]![0], 2, "b"], [rows[0]![0], 3, "c"]]);
  });

  it("keeps what an iterable gave before it threw, counts that, and does not throw", () => {
    const sink = new FakeSegmentSink();
    function* failing(): Generator<[string, number]> {
      yield ["a", 1];
      yield ["b", 2];
      throw new Error("out of order");
    }
    sink.buffer.observeMany(failing());
    assertEquals(rowsIn(sink).map(([, , label]) => label), ["a", "b"]);
    assertEquals(sink.buffer.invalid, 1);
  });

  it("counts what is not iterable, and does not throw", () => {
    const sink = new FakeSegmentSink();
    const { buffer } = sink;
    for (const wrong of [undefined, null, 1, {}, { [Symbol.iterator]: 1 }, { [Symbol.iterator]: () => ({}) }]) {
      buffer.observeMany(wrong as unknown as []);
    }
    assertEquals([buffer.invalid, buffer.counts.recorded], [6, 0]);
  });

  it("counts invalid labels and values, and keeps the rest", () => {
    const sink = new FakeSegmentSink();
    const mixed: unknown = [["a", 1], ["b", "2"], [3, 3], ["d"], [], "ee", ["f", 6]];
    sink.buffer.observeMany(mixed as [string, number][]);
    assertEquals(rowsIn(sink).map(([, , label]) => label), ["a", "f"]);
    assertEquals(sink.buffer.invalid, 5);
  });

  it("counts an entry that is no pair, and keeps the rest", () => {
    const sink = new FakeSegmentSink();
    const mixed: unknown = [["a", 1], null, ["b", 2], undefined, 3, {}, ["c", 3]];
    sink.buffer.observeMany(mixed as [string, number][]);
    assertEquals(rowsIn(sink).map(([, , label]) => label), ["a", "b", "c"]);
    assertEquals(sink.buffer.invalid, 4);
  });

  it("may be fed from the buffer itself", () => {
    const sink = new FakeSegmentSink();
    function* nested(): Generator<[string, number]> {
      sink.buffer.observe("inside", 0);
      yield ["outside", 1];
    }
    sink.buffer.observeMany(nested());
    assertEquals(rowsIn(sink).map(([, , label]) => label), ["inside", "outside"]);
  });
});
