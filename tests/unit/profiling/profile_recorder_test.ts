import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { encodeCpuProfile, profileFacts } from "../../../src/profiling/cpu_profile_file.ts";
import { ownModules } from "../../../src/profiling/own_modules.ts";
import { PART_DURATION, ProfileRecorder, SAMPLING_INTERVAL } from "../../../src/profiling/profile_recorder.ts";
import type { CpuProfile, CpuProfiler } from "../../../src/runtime.ts";
import { FakeClock, FakeTimers } from "../../support/fake/runtime.ts";
import { checkCpuProfile } from "../../support/analysis/check_cpu_profile.ts";

const callFrame = { functionName: "(root)", scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 };

/** Numbers its profiles by their start times; `refused` and `lost` make `start` and `stop` throw. */
class FakeProfiler implements CpuProfiler {
  readonly calls: string[] = [];
  refused: string | undefined;
  lost: string | undefined;
  #profiles = 0;

  async start(interval: number): Promise<void> {
    this.calls.push(`start ${interval}`);
    await Promise.resolve();
    if (this.refused !== undefined) throw new Error(this.refused);
  }

  async stop(): Promise<CpuProfile> {
    this.calls.push("stop");
    await Promise.resolve();
    const startTime = ++this.#profiles;
    if (this.lost !== undefined) throw new Error(this.lost);
    return { nodes: [{ id: 1, callFrame }], startTime, endTime: startTime, samples: [], timeDeltas: [] };
  }

  sourcePosition = () => undefined;
}

/** A started recorder, the start times of the profiles it has published, and the failures it has reported. */
function setUp(prepare?: (profiler: FakeProfiler) => void) {
  const profiler = new FakeProfiler();
  prepare?.(profiler);
  const clock = new FakeClock();
  const timers = new FakeTimers(clock);
  const published: number[] = [];
  const reported: string[] = [];
  const recorder = new ProfileRecorder({
    profiler,
    timers,
    clock,
    publish: (file) => published.push(checkCpuProfile(file).startTime),
    report: (error) => reported.push(error.message),
  });
  recorder.start();
  return { profiler, timers, published, reported, recorder };
}

/** Lets everything go on that waits for no timer. */
function settle(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve));
}

const start = `start ${SAMPLING_INTERVAL}`;

describe("ProfileRecorder", () => {
  it("samples from start on, before anything else runs, and publishes one file at its end", async () => {
    const { profiler, timers, published, reported, recorder } = setUp();
    assertEquals(profiler.calls, [start]);
    await recorder.finish();
    assertEquals([profiler.calls, published, reported], [[start, "stop"], [1], []]);
    assertEquals(timers.count, 0);
  });

  it("writes when the profile began on the wall clock, whatever the profiler's clock and its own delay", async () => {
    const clock = new FakeClock();
    const profiler = new FakeProfiler();
    const files: Uint8Array[] = [];
    const recorder = new ProfileRecorder({
      profiler: {
        ...profiler,
        sourcePosition: () => undefined,
        start: () => {
          clock.time += 7_000_000; // to load the inspector
          return Promise.resolve();
        },
        stop: () =>
          Promise.resolve({
            nodes: [{ id: 1, callFrame }],
            startTime: 77,
            endTime: 5_077,
            samples: [],
            timeDeltas: [],
          }),
      },
      timers: new FakeTimers(new FakeClock()),
      clock,
      publish: (file) => files.push(file),
      report: () => {},
    });
    const asked = clock.epoch();
    recorder.start();
    await settle();
    clock.time += 5_000_000;
    await recorder.finish();
    const { startedAt, modules } = profileFacts(JSON.parse(new TextDecoder().decode(files[0])));
    assertEquals([startedAt, modules], [asked + 7_000_000n, ownModules()]);
  });

  it("publishes a part whenever its time is over", async () => {
    const { profiler, timers, published, recorder } = setUp();
    timers.advance(PART_DURATION - 1);
    await settle();
    assertEquals(published, []);
    timers.advance(1);
    await settle();
    timers.advance(PART_DURATION);
    await settle();
    assertEquals(published, [1, 2]);
    assertEquals(profiler.calls, [start, "stop", start, "stop", start]);
    await recorder.finish();
    assertEquals(published, [1, 2, 3]);
  });

  it("finishes in order while a part is being changed", async () => {
    const { profiler, timers, published, recorder } = setUp();
    timers.advance(PART_DURATION);
    await recorder.finish();
    assertEquals(published, [1, 2]);
    assertEquals(profiler.calls, [start, "stop", start, "stop"]);
  });

  it("reports that the runtime refuses, and asks again for the next part", async () => {
    const { profiler, timers, published, reported, recorder } = setUp((profiler) => profiler.refused = "busy");
    await settle();
    assertEquals(reported, ["Cannot take the CPU profile: busy"]);
    profiler.refused = undefined;
    timers.advance(PART_DURATION);
    await recorder.finish();
    assertEquals([published, reported.length], [[1], 1]);
    assertEquals(profiler.calls, [start, start, "stop"]);
  });

  it("stops nothing that it has not started", async () => {
    const { profiler, recorder, published } = setUp((profiler) => profiler.refused = "busy");
    await recorder.finish();
    assertEquals([profiler.calls, published], [[start], []]);
  });

  it("reports a lost part, and goes on with the next", async () => {
    const { profiler, timers, published, reported, recorder } = setUp((profiler) => profiler.lost = "gone");
    timers.advance(PART_DURATION);
    await settle();
    profiler.lost = undefined;
    await recorder.finish();
    assertEquals([published, reported], [[2], ["Cannot take the CPU profile: gone"]]);
  });

  it("reports what publishing throws", async () => {
    const reported: string[] = [];
    const recorder = new ProfileRecorder({
      profiler: new FakeProfiler(),
      timers: new FakeTimers(new FakeClock()),
      clock: new FakeClock(),
      publish: () => {
        throw new Error("no space");
      },
      report: (error) => reported.push(error.message),
    });
    recorder.start();
    await recorder.finish();
    assertEquals(reported, ["Cannot take the CPU profile: no space"]);
  });

  it("may be finished twice", async () => {
    const { profiler, recorder, published } = setUp();
    await Promise.all([recorder.finish(), recorder.finish()]);
    assertEquals([profiler.calls, published], [[start, "stop"], [1]]);
  });
});

describe("the file of a profile", () => {
  it("is the profile as JSON in UTF-8", () => {
    const profile: CpuProfile = {
      nodes: [
        { id: 1, callFrame, hitCount: 0, children: [2] },
        { id: 2, callFrame: { ...callFrame, functionName: "größe_日本", lineNumber: 3 }, hitCount: 2 },
      ],
      startTime: 10,
      endTime: 50,
      samples: [2, 2, 1],
      timeDeltas: [5, 10, 10],
    };
    assertEquals(checkCpuProfile(encodeCpuProfile(profile)), profile as Required<CpuProfile>);
  });
});
