import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { GcEvent, StartupHold } from "../../../src/runtime.ts";
import { eventLoopSampler } from "../../../src/sampling/event_loop_sampler.ts";
import { gcSampler } from "../../../src/sampling/gc_sampler.ts";
import { processSampler } from "../../../src/sampling/process_sampler.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";
import { ListSink } from "../../support/fake/list_sink.ts";

describe("gcSampler", () => {
  function sampling(): { sink: ListSink; collect(...events: GcEvent[]): [string, number][]; calls: string[] } {
    const runtime = new FakeRuntime();
    const calls: string[] = [];
    const { gc } = runtime;
    const sampler = gcSampler({
      start: () => void calls.push("start"),
      drain: () => (calls.push("drain"), gc.drain()),
      stop: () => void calls.push("stop"),
    });
    sampler.start?.();
    const sink = new ListSink();
    const collect = (...events: GcEvent[]): [string, number][] => {
      runtime.collections.push(...events);
      sampler.sample(sink);
      return sink.drain();
    };
    return { sink, collect, calls };
  }

  it("tells the sums since it began, and each pause raw", () => {
    const { collect } = sampling();
    assertEquals(collect(), [["gc collections", 0], ["gc collected", 0]]);
    assertEquals(collect({ pause: 0.25, before: 100, after: 40 }, { pause: 0.5, before: 90, after: 80 }), [
      ["gc collections", 2],
      ["gc collected", 70],
      ["gc pause", 0.25],
      ["gc pause", 0.5],
    ]);
    assertEquals(collect({ pause: 0.125, before: 50, after: 0 }), [
      ["gc collections", 3],
      ["gc collected", 120],
      ["gc pause", 0.125],
    ]);
    assertEquals(collect(), [["gc collections", 3], ["gc collected", 120]]);
  });

  it("does not take back what was freed when the heap grew during a collection", () => {
    const { collect } = sampling();
    collect({ pause: 0, before: 100, after: 40 });
    assertEquals(collect({ pause: 0, before: 40, after: 100 })[1], ["gc collected", 60]);
  });

  it("gives all of a sample at one moment, and drains once", () => {
    const { sink, collect, calls } = sampling();
    collect({ pause: 1, before: 1, after: 1 });
    assertEquals([sink.together, calls], [[3], ["start", "drain"]]);
  });
});

describe("processSampler", () => {
  const heap = { used: 10, total: 20, external: 5 };

  it("tells memory and processor time, all of one moment", () => {
    const sink = new ListSink();
    const { memory, resources } = new FakeRuntime();
    processSampler(memory, resources).sample(sink);
    assertEquals(Object.fromEntries(sink.seen), {
      "rss": 1000,
      "max rss": 1000,
      "heap used": 10,
      "heap total": 20,
      "external": 5,
      "user time": 1.5,
      "system time": 0.5,
    });
    assertEquals(sink.together, [7]);
  });

  it("keeps its own maximum", () => {
    const sink = new ListSink();
    const sizes = [5, 9, 7];
    const sampler = processSampler({ rss: () => sizes.shift() ?? 0 }, undefined);
    for (let i = 0; i < 3; i++) sampler.sample(sink);
    assertEquals(sink.seen.filter(([label]) => label === "max rss").map(([, value]) => value), [5, 9, 9]);
  });

  it("records the peak of the process where the runtime knows it", () => {
    const sink = new ListSink();
    const [sizes, peaks] = [[5, 6, 3], [8, undefined, 9]];
    const sampler = processSampler({ rss: () => sizes.shift()!, peakRss: () => peaks.shift() }, undefined);
    for (let i = 0; i < 3; i++) sampler.sample(sink);
    assertEquals(sink.seen.filter(([label]) => label === "max rss").map(([, value]) => value), [8, 8, 9]);
  });

  it("leaves out what the runtime lacks: no zero is made up", () => {
    const sink = new ListSink();
    processSampler({ rss: () => 1 }, undefined).sample(sink);
    processSampler({ rss: () => 1, heap: () => heap }, undefined).sample(sink);
    assertEquals(sink.seen.map(([label]) => label), [
      "rss",
      "max rss",
      "rss",
      "max rss",
      "heap used",
      "heap total",
      "external",
    ]);
  });
});

describe("eventLoopSampler", () => {
  /** An event loop that can be blocked: time passes, and what was due meanwhile is late. */
  function sampling(startupHold?: StartupHold) {
    const { clock, timers } = new FakeRuntime();
    const sink = new ListSink();
    const sampler = eventLoopSampler({ clock, timers, ...startupHold === undefined ? {} : { startupHold } }, sink);
    const block = (ms: number): void => {
      clock.time += ms * 1e6;
      timers.advance(0);
    };
    return { sink, sampler, clock, timers, block };
  }

  it("sees a loop that was blocked for 200 ms at once, as 0.15 s or more", () => {
    const { sink, sampler, timers, block } = sampling();
    sampler.start?.();
    timers.advance(100);
    block(200);
    const lags = sink.drain();
    assertEquals(lags.length, 1);
    assertEquals([lags[0]![0], lags[0]![1] >= 0.15 && lags[0]![1] <= 0.2], ["event loop lag", true]);
  });

  it("tells the largest of small lags, once per sample", () => {
    const { sink, sampler, timers, block } = sampling();
    sampler.start?.();
    timers.advance(20);
    block(25);
    timers.advance(20);
    block(32);
    timers.advance(20);
    assertEquals(sink.seen, []);
    sampler.sample(sink);
    assertEquals(sink.drain().map(([label, value]) => [label, value > 0.004 && value < 0.02]), [[
      "event loop lag",
      true,
    ]]);
  });

  it("tells nothing when it has not looked since the last sample", () => {
    const { sink, sampler, timers } = sampling();
    sampler.start?.();
    sampler.sample(sink);
    assertEquals(sink.drain(), []);
    timers.advance(40);
    sampler.sample(sink);
    sampler.sample(sink);
    assertEquals(sink.drain(), [["event loop lag", 0]]);
  });

  it("is never less than nothing, and takes a late timer into account only once", () => {
    const { sink, sampler, timers, block } = sampling();
    sampler.start?.();
    block(1_000);
    timers.advance(1_000);
    sampler.sample(sink);
    const lags = sink.drain().map(([, value]) => value);
    assertEquals(lags.filter((lag) => lag < 0), []);
    assertEquals(lags.filter((lag) => lag > 0.02).length, 1);
  });

  it("records at its last sample how late a timer is that has not run yet, and only once", () => {
    const { sink, sampler, clock, timers } = sampling();
    sampler.start?.();
    timers.advance(100);
    clock.time += 300e6; // blocked, and the loop has not turned since
    sampler.sample(sink);
    assertEquals(sink.drain(), [["event loop lag", 0.28], ["event loop lag", 0]]);
    timers.advance(0); // as if it goes on all the same
    sampler.sample(sink);
    assertEquals(sink.drain(), [["event loop lag", 0]]);
  });

  it("subtracts once the time for which the runtime has held the isolate up", () => {
    let cpu = 1;
    const { sink, sampler, timers, block } = sampling({ duration: 500e6, cpuTime: () => cpu });
    sampler.start?.();
    timers.advance(100);
    cpu += 0.6;
    block(620); // busy, hence the program's
    assertEquals(sink.drain(), [["event loop lag", 0.6]]);
    block(525); // idle
    sampler.sample(sink);
    assertEquals(sink.drain().map(([, lag]) => lag < 0.01), [true]);
    block(530); // idle, but once more
    assertEquals(sink.drain(), [["event loop lag", 0.51]]);
  });

  it("subtracts nothing when the isolate has run for long", () => {
    const { sink, sampler, timers, block } = sampling({ duration: 500e6, cpuTime: () => 0 });
    sampler.start?.();
    timers.advance(11_000);
    block(530);
    assertEquals(sink.drain(), [["event loop lag", 0.51]]);
  });

  it("leaves no timer behind", () => {
    const { sampler, timers } = sampling();
    sampler.stop?.();
    sampler.start?.();
    assertEquals(timers.count, 1);
    sampler.stop?.();
    assertEquals(timers.count, 0);
  });
});
