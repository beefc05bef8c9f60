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

  it("calls a sampler at its own interval, with one timer for each interval", () => {
    const calls: string[] = [];
    const { background, timers } = sampling(
      { ...told("a", calls), interval: 250 },
      told("b", calls),
      { ...told("c", calls), interval: 250 },
    );
    background.start();
    calls.length = 0;
    assertEquals(timers.count, 2);
    timers.advance(500);
    assertEquals([calls.filter((name) => name === "a").length, calls.length], [2, 2 + 5 + 2]);
    background.stop();
    assertEquals(timers.count, 0);
  });

  it("stops a sampler that says that it is done, and goes on with the others", () => {
    const calls: string[] = [];
    let left = 2;
    const { background, timers } = sampling({
      ...told("a", calls),
      sample: () => {
        calls.push("a");
        return --left === 0 ? "done" : undefined;
      },
    }, told("b", calls));
    background.start();
    timers.advance(300);
    background.stop();
    assertEquals(calls.filter((call) => call.startsWith("a")), ["a starts", "a", "a", "a stops"]);
    assertEquals(calls.filter((call) => call === "b").length, 5);
  });
});

describe("BackgroundSampler, asynchronous samplers", () => {
  /** A sampler whose calls end when the test says so. */
  function pending() {
    const calls: { resolve: (result?: "done") => void; reject: (reason: unknown) => void }[] = [];
    const stops: number[] = [];
    const sampler: Partial<Sampler> = {
      sample: async (sink) => {
        const { promise, ...call } = Promise.withResolvers<"done" | undefined>();
        calls.push(call as typeof calls[number]);
        const result = await promise;
        sink.observe("x", calls.length);
        return result;
      },
      stop: () => void stops.push(calls.length),
    };
    return { calls, stops, sampler };
  }

  /** Settles once the microtasks that are queued now have run. */
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

  it("are not called while a call is pending", async () => {
    const { calls, sampler } = pending();
    const { background, timers } = sampling(sampler);
    background.start();
    timers.advance(1_000);
    background.sample();
    assertEquals(calls.length, 1);
    calls[0]!.resolve();
    await turn();
    timers.advance(100);
    assertEquals(calls.length, 2);
  });

  it("keep stop waiting for the call that is pending, which is then the last", async () => {
    const { calls, stops, sampler } = pending();
    const { background, sink, errors, timers } = sampling(sampler);
    timers.sleep = turn;
    background.start();
    const stopped = background.stop();
    await turn();
    assertEquals([calls.length, stops, sink.seen], [1, [], []]);
    calls[0]!.resolve();
    await stopped;
    assertEquals([calls.length, stops, sink.seen, errors], [1, [1], [["x", 1]], []]);
  });

  it("have a last call at stop if none is pending", async () => {
    const { calls, sampler } = pending();
    const { background, sink, timers } = sampling(sampler);
    background.start();
    calls[0]!.resolve();
    await turn();
    const stopped = background.stop();
    assertEquals([calls.length, timers.count], [2, 0]);
    calls[1]!.resolve();
    await stopped;
    assertEquals(sink.seen, [["x", 1], ["x", 2]]);
  });

  it("keep stop waiting for a second at most, and what is pending then is reported", async () => {
    const { calls, stops, sampler } = pending();
    const { background, errors, timers } = sampling(sampler);
    background.start();
    let waited = 0;
    timers.sleep = (delay) => {
      waited += delay;
      return Promise.resolve();
    };
    await background.stop();
    assertEquals([waited, stops], [1_000, [1]]);
    assertEquals(errors.map(({ code, message }) => [code, message]), [[
      "sampler-failed",
      'Cannot sample: "x": the sampler did not finish within 1 s after stop, so what it observes is not recorded',
    ]]);
    calls[0]!.resolve();
    await turn();
    assertEquals([errors.length, stops], [1, [1]]);
  });

  it("do not hold up synchronous ones, which are stopped before stop returns", () => {
    const calls: string[] = [];
    const { background } = sampling(pending().sampler, told("b", calls));
    background.start();
    void background.stop();
    assertEquals(calls, ["b starts", "b", "b", "b stops"]);
  });

  it("are stopped when a promise says that they are done", async () => {
    const { calls, stops, sampler } = pending();
    const { background, timers } = sampling(sampler);
    background.start();
    calls[0]!.resolve("done");
    await turn();
    timers.advance(300);
    assertEquals([calls.length, stops], [1, [1]]);
    await background.stop();
    assertEquals([calls.length, stops], [1, [1]]);
  });

  it("are reported when they reject, and are called again", async () => {
    const { calls, sampler } = pending();
    const { background, timers, errors } = sampling(sampler);
    background.start();
    calls[0]!.reject("out of order");
    await turn();
    assertEquals(errors.map(({ code, message }) => [code, message]), [[
      "sampler-failed",
      "Cannot sample: out of order",
    ]]);
    timers.advance(100);
    assertEquals(calls.length, 2);
  });

  it("are not called when the program ends, since nothing after an await would run", async () => {
    const { calls, sampler } = pending();
    const told1: string[] = [];
    const { background } = sampling(sampler, told("b", told1));
    background.start();
    calls[0]!.resolve();
    await turn();
    background.sampleAtExit();
    assertEquals([calls.length, told1], [1, ["b starts", "b", "b"]]);
  });
});
