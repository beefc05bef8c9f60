import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { KymoError } from "../../../src/errors.ts";
import { BackgroundSampler } from "../../../src/sampling/background_sampler.ts";
import type { Sampler } from "../../../src/sampling/sampler.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";
import { ListSink } from "../../support/fake/list_sink.ts";

/** A background sampler of these, every 100 ms. */
function sampling(...samplers: Partial<Sampler>[]) {
  const { timers } = new FakeRuntime();
  const errors: KymoError[] = [];
  const sink = new ListSink();
  const series = samplers.map((sampler) => ({ sampler: { channel: "x", sample() {}, ...sampler }, sink }));
  const background = new BackgroundSampler(series, {
    timers,
    interval: 100,
    report: (error) => void errors.push(error),
  });
  return { background, timers, errors, sink };
}

/** A sampler that tells its calls. */
function told(name: string, calls: string[]): Partial<Sampler> {
  return {
    start: () => void calls.push(`${name} starts`),
    sample: () => void calls.push(name),
    stop: () => void calls.push(`${name} stops`),
  };
}

const fail = (): never => {
  throw new Error("out of order");
};

describe("BackgroundSampler", () => {
  it("samples at the start, at every interval, and at the stop, each sampler in turn", () => {
    const calls: string[] = [];
    const { background, timers } = sampling(told("a", calls), told("b", calls));
    background.start();
    assertEquals(calls.splice(0), ["a starts", "b starts", "a", "b"]);
    timers.advance(350);
    assertEquals(calls.splice(0), ["a", "b", "a", "b", "a", "b"]);
    background.stop();
    assertEquals(calls.splice(0), ["a", "b", "a stops", "b stops"]);
    timers.advance(1_000);
    assertEquals([calls, timers.count], [[], 0]);
  });

  it("uses one timer, however many samplers there are", () => {
    const { background, timers } = sampling({}, {}, {});
    background.start();
    assertEquals(timers.count, 1);
    background.stop();
  });

  it("samples out of turn when asked", () => {
    const calls: string[] = [];
    const { background } = sampling(told("a", calls));
    background.start();
    background.sample();
    assertEquals(calls, ["a starts", "a", "a"]);
    background.stop();
  });

  it("does nothing when it is stopped twice, or before it was started", () => {
    const calls: string[] = [];
    const { background } = sampling(told("a", calls));
    background.stop();
    assertEquals(calls, []);
    background.start();
    background.stop();
    const before = calls.length;
    background.stop();
    assertEquals(calls.length, before);
  });

  it("does nothing when it is started twice", () => {
    const calls: string[] = [];
    const { background, timers } = sampling(told("a", calls));
    background.start();
    background.start();
    assertEquals([calls, timers.count], [["a starts", "a"], 1]);
    background.stop();
    assertEquals(timers.count, 0);
  });

  it("can be started again", () => {
    const calls: string[] = [];
    const { background, timers } = sampling(told("a", calls));
    background.start();
    background.stop();
    calls.length = 0;
    background.start();
    timers.advance(100);
    assertEquals(calls, ["a starts", "a", "a"]);
    background.stop();
  });

  for (const method of ["start", "sample", "stop"] as const) {
    it(`reports what a sampler throws in ${method}, and goes on with the others`, () => {
      const calls: string[] = [];
      const { background, timers, errors } = sampling({ [method]: fail }, told("b", calls));
      background.start();
      timers.advance(100);
      background.stop();
      assertEquals(calls, ["b starts", "b", "b", "b", "b stops"]);
      assertEquals(errors.length, method === "sample" ? 3 : 1);
      assertEquals(timers.count, 0);
    });
  }

  it("reports anything that is thrown", () => {
    for (const thrown of [undefined, null, "text", 0, Symbol("x")]) {
      const { background, errors } = sampling({
        sample: () => {
          throw thrown;
        },
      });
      background.start();
      assertEquals(errors.map(({ code, cause }) => [code, cause]), [["sampler-failed", thrown]]);
    }
  });

  it("keeps what a sampler observed before it threw", () => {
    const { background, sink } = sampling({
      sample: (to) => {
        to.observe("x", 1);
        fail();
      },
    });
    background.start();
    assertEquals(sink.seen, [["x", 1]]);
  });

  it("may be stopped by one of its own samplers", () => {
    let stop = (): void => {};
    const calls: string[] = [];
    const { background, timers, errors } = sampling({
      sample: () => {
        calls.push("a");
        stop();
      },
    }, told("b", calls));
    background.start();
    stop = () => background.stop();
    timers.advance(100);
    assertEquals(calls, ["b starts", "a", "b", "a", "a", "b", "b stops"]);
    assertEquals([timers.count, errors], [0, []]);
  });

  it("does not sample before it begins, nor after it ends", () => {
    const calls: string[] = [];
    const { background } = sampling(told("a", calls));
    background.sample();
    assertEquals(calls, []);
    background.start();
    background.stop();
    calls.length = 0;
    background.sample();
    assertEquals(calls, []);
  });

  it("reports what an asynchronous sampler rejects with, though samplers should not be asynchronous", () => {
    // A thenable that tells its rejection at once: a real promise would take the test program with it.
    const rejected = { then: (_: unknown, reject?: (reason: unknown) => void) => reject?.("out of order") };
    const { background, errors } = sampling({ sample: () => rejected as unknown as void });
    background.start();
    assertEquals(errors.map(({ code, message }) => [code, message]), [[
      "sampler-failed",
      "Cannot sample: out of order",
    ]]);
  });
});
