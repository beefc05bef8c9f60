import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parse } from "../../../src/csv/parse.ts";
import { KymoError } from "../../../src/errors.ts";
import { createMonitor, type Monitor } from "../../../src/recording/monitor.ts";
import type { StartOptions } from "../../../src/recording/options.ts";
import type { Sampler } from "../../../src/sampling/sampler.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";
import { csvPaths, DIRECTORY, publishedLabels } from "../../support/fake/published_files.ts";
import { failAll } from "../../support/fake/disk_faults.ts";

function monitoring(): { runtime: FakeRuntime; monitor: Monitor } {
  const runtime = new FakeRuntime();
  return { runtime, monitor: createMonitor(() => runtime) };
}

describe("Monitor", () => {
  it("records durations and observations, and leaves them in files of their channels", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    runtime.clock.time = 2_000;
    const id = monitor.startDurationSample();
    runtime.clock.time += 1_500_000_000;
    monitor.stopDurationSample("work", id);
    monitor.observe("queue length", 17);
    monitor.observeMany([["a", 1], ["b", -0]]);
    monitor.channel("mine").observe("c", NaN);
    await monitor.stop();
    assertEquals(csvPaths(runtime.files), [
      `${DIRECTORY}/custom.4242-00000001-000001.csv`,
      `${DIRECTORY}/duration.4242-00000001-000001.csv`,
      `${DIRECTORY}/mine.4242-00000001-000001.csv`,
    ]);
    assertEquals(runtime.csvs("duration"), [
      "Timepoint,Measurement,Label,PID\r\n1700000001500002000,1.500000000,work,4242\r\n",
    ]);
    assertEquals(publishedLabels(runtime.files), ["a", "b", "c", "queue length", "work"]);
  });

  it("records marks as rows of their own channel, of now or of another time", async () => {
    const { runtime, monitor } = monitoring();
    monitor.mark("before the start");
    monitor.start();
    runtime.clock.time = 2_000;
    monitor.mark("deploy 1.4.2");
    monitor.mark("deploy 1.4.1", { at: 1_600_000_000_000_000_000n });
    await monitor.stop();
    assertEquals(runtime.csvs("mark"), [
      "Timepoint,Measurement,Label,PID\r\n" +
      "1700000000000002000,1,deploy 1.4.2,4242\r\n1600000000000000000,1,deploy 1.4.1,4242\r\n",
    ]);
  });

  it("does nothing before it is started and after it was stopped, and does not touch the runtime", async () => {
    let detected = 0;
    const runtime = new FakeRuntime();
    const monitor = createMonitor(() => (detected++, runtime));
    const channel = monitor.channel("mine");
    const use = (): unknown[] => {
      const timed = monitor.timeIt("x")(() => 5);
      {
        using _ = monitor.time("x");
      }
      monitor.observe("x", 1);
      monitor.observeMany([["x", 1]]);
      channel.observe("x", 1);
      channel.observeMany([["x", 1]]);
      monitor.stopDurationSample("x", monitor.startDurationSample());
      return [monitor.startDurationSample(), timed()];
    };
    assertEquals([use(), detected, monitor.status().recorded], [[0, 5], 0, 0]);
    monitor.start();
    await monitor.stop();
    const { operations } = runtime.files;
    assertEquals([use(), detected, monitor.status().recorded, runtime.files.operations], [[0, 5], 1, 0, operations]);
    assertEquals([runtime.timers.count, runtime.hooks.size], [0, 0]);
  });

  it("times blocks, once each", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    const block = monitor.time("block");
    runtime.clock.time += 5;
    block[Symbol.dispose]();
    block[Symbol.dispose]();
    assertThrows(
      () => {
        using _ = monitor.time("failing block");
        throw new Error("mine");
      },
      Error,
      "mine",
    );
    await monitor.stop();
    assertEquals(publishedLabels(runtime.files), ["block", "failing block"]);
    assertEquals(monitor.status().invalidSamples, 1);
  });

  it("keeps what was recorded when the program ends in the middle", () => {
    const { runtime, monitor } = monitoring();
    monitor.start({ samplers: [{ channel: "last", sample: (to) => to.observe("sampled", 1) }] });
    monitor.observe("x", 1);
    runtime.end();
    assertEquals(publishedLabels(runtime.files), ["sampled", "sampled", "x"]);
    monitor.observe("y", 1);
    runtime.end();
    assertEquals(publishedLabels(runtime.files).filter((label) => label !== "sampled"), ["x", "y"]);
  });

  it("keeps time in its files, though the wall clock is set", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start({ flushInterval: 1_000 });
    for (const step of [0n, -3_600_000_000_000n, 86_400_000_000_000n]) {
      runtime.clock.offset = step;
      runtime.clock.time += 1_000;
      const id = monitor.startDurationSample();
      runtime.timers.advance(1_000);
      monitor.stopDurationSample("second", id);
    }
    await monitor.stop();
    assertEquals(runtime.csvs("duration").flatMap(parse).map(({ measurement }) => measurement), [1, 1, 1]);
  });
});

describe("start", () => {
  it("with other options while recording throws, names them, and changes nothing", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    monitor.observe("before", 1);
    const others: [StartOptions, RegExp][] = [
      [{ monitoringDir: "/other" }, /^Cannot start: already recording: "\/_monitoring", with another monitoringDir$/],
      [{ flushInterval: 10, withRuntime: true, name: "x" }, /, with another flushInterval, withRuntime, name$/],
      [{ samplers: [{ channel: "mine", sample() {} }] }, /, with another samplers$/],
    ];
    for (const [options, message] of others) {
      const error = assertThrows(() => monitor.start(options), KymoError);
      assertEquals(error.code, "invalid-state");
      assertMatch(error.message, message);
    }
    monitor.observe("after", 1);
    await monitor.stop();
    assertEquals([publishedLabels(runtime.files), runtime.files.paths().includes("/other")], [
      ["after", "before"],
      false,
    ]);
  });

  it("with the same options while recording goes on with the recording that there is", async () => {
    const { runtime, monitor } = monitoring();
    const options = { withRuntime: { whileBlocked: false }, flushInterval: 1_000 };
    monitor.start(options);
    monitor.observe("before", 1);
    const { isolate } = monitor.status();
    const [timers, hooks, spools] = [runtime.timers.count, runtime.hooks.size, runtime.files.mappings];
    for (let i = 0; i < 10; i++) monitor.start({ ...options, monitoringDir: DIRECTORY });
    monitor.observe("after", 1);
    assertEquals(monitor.status().isolate, isolate);
    assertEquals([runtime.timers.count, runtime.hooks.size, runtime.files.mappings], [timers, hooks, spools]);
    await monitor.start(options)[Symbol.asyncDispose]();
    assertEquals(monitor.status().running, false);
    const own = publishedLabels(runtime.files).filter((label) => ["before", "after"].includes(label));
    assertEquals(own, ["after", "before"]);
  });

  it("with the same options while recording takes over what reports and samples", async () => {
    const { runtime, monitor } = monitoring();
    const calls: string[] = [];
    const startAs = (version: string): void => {
      const sampler: Sampler = {
        channel: "mine",
        start: () => void calls.push(`start ${version}`),
        sample: (to) => to.observe(`sampled by ${version}`, 1),
        stop: () => void calls.push(`stop ${version}`),
      };
      monitor.start({ samplers: [sampler], onError: ({ message }) => void calls.push(`${version}: ${message}`) });
    };
    startAs("one");
    runtime.timers.advance(1_000);
    startAs("two");
    runtime.timers.advance(2_000);
    monitor.report(new KymoError("io", "told"));
    await Promise.resolve();
    monitor.start({ samplers: [{ channel: "mine", sample() {} }] }); // without onError: the last one stays
    monitor.report(new KymoError("io", "told again"));
    await monitor.stop();
    assertEquals(calls, ["start one", "stop one", "start two", "two: told", "stop two", "two: told again"]);
    assertEquals(publishedLabels(runtime.files), [
      ...Array(3).fill("sampled by one"), // at the beginning, after a second, and at its end
      ...Array(4).fill("sampled by two"),
    ]);
  });

  it("while an earlier recording is being flushed begins another, and stop waits for both", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    monitor.observe("first", 1);
    const firstStopped = monitor.stop();
    monitor.start();
    assertEquals([monitor.status().running, monitor.status().recorded], [true, 0]);
    monitor.observe("second", 1);
    let isFirstDone = false;
    void firstStopped.then(() => isFirstDone = true);
    await monitor.stop();
    assertEquals([isFirstDone, publishedLabels(runtime.files), csvPaths(runtime.files).length], [
      true,
      ["first", "second"],
      2,
    ]);
    assertEquals([monitor.status().running, monitor.status().flushed, runtime.files.mappings], [false, 1, 0]);
  });

  const repair = ({ files }: FakeRuntime): void => {
    files.missingPermission = undefined;
    files.before = () => {};
    if (files.status(DIRECTORY)?.kind === "file") files.remove(DIRECTORY);
  };
  const impossible: Record<string, (runtime: FakeRuntime) => void> = {
    "the directory is a file": ({ files }) => files.plant(DIRECTORY, "file", "precious"),
    "the disk is read-only": ({ files }) => void failAll(files, "EROFS", "ensureDirectory", "create"),
    "permission is missing": ({ files }) => files.missingPermission = "needs --allow-write",
  };
  for (const [why, prepare] of Object.entries(impossible)) {
    it(`throws if ${why}, and has changed nothing`, async () => {
      const broken = new FakeRuntime();
      const sound = new FakeRuntime();
      prepare(broken);
      const runtimes = [broken, sound];
      const monitor = createMonitor(() => runtimes.shift()!);
      const error = assertThrows(() => monitor.start({ withRuntime: true }), KymoError);
      assertMatch(error.message, /^Cannot create the monitoring directory: "\/?_monitoring": .+/);
      assertEquals([broken.timers.count, broken.hooks.size, broken.files.openHandles], [0, 0, 0]);
      assertEquals([monitor.status().running, monitor.startDurationSample()], [false, 0]);
      monitor.start();
      monitor.observe("x", 1);
      await monitor.stop();
      assertEquals(publishedLabels(sound.files), ["x"]);
    });
  }

  for (const [why, prepare] of Object.entries(impossible)) {
    it(`that is optional records in memory if ${why}, says so, and writes all when it can`, async () => {
      const runtime = new FakeRuntime();
      const { files } = runtime;
      prepare(runtime);
      const monitor = createMonitor(() => runtime);
      const errors: string[] = [];
      monitor.start({ optional: true, onError: ({ code }) => void errors.push(code) });
      monitor.observe("x", 1);
      await Promise.resolve();
      assertEquals([monitor.status().running, monitor.status().buffered], [true, 1]);
      assert(errors.length > 0, "nothing was reported");
      const reported = errors.length;
      runtime.timers.advance(70_000);
      assertEquals([publishedLabels(files), monitor.status().buffered], [[], 1]);
      assert(monitor.status().errors > errors.length, "the disk is not tried again, or each failure is told");
      assert(errors.length < reported + 8, `${errors}`);
      repair(runtime);
      runtime.timers.advance(70_000);
      assertEquals([publishedLabels(files), monitor.status().buffered], [["x"], 0]);
      assertEquals(files.paths().filter((path) => path.includes("program.")).length, 1);
      monitor.observe("y", 1);
      await monitor.stop();
      assertEquals([publishedLabels(files), monitor.status().dropped], [["x", "y"], 0]);
    });
  }

  it("that is optional reports what no later attempt can mend, and throws nothing", async () => {
    const monitors: [Monitor, unknown, RegExp][] = [
      [monitoring().monitor, { flushInterval: -1 }, /^Cannot start: flushInterval /],
      [monitoring().monitor, { unknown: 1 }, /^Cannot start: there is no such option: "unknown"$/],
      [
        createMonitor(() => {
          throw new Error("Cannot record: a toaster: only Deno and Bun are supported");
        }),
        {},
        /a toaster/,
      ],
    ];
    for (const [monitor, wrong, message] of monitors) {
      const errors: KymoError[] = [];
      const options = { ...wrong as object, optional: true, onError: (error: KymoError) => void errors.push(error) };
      await monitor.start(options)[Symbol.asyncDispose]();
      monitor.observe("x", 1);
      assertEquals([errors.length, monitor.status().running, monitor.status().errors], [1, false, 1]);
      assertMatch(errors[0]!.message, message);
      assertMatch(monitor.status().lastError!.message, message);
      monitor.start({ optional: true, onError: 5 } as unknown as StartOptions);
      assertEquals([monitor.status().running, monitor.status().errors], [false, 2]);
    }
  });

  it("that is optional, with other options while recording, is reported, and the recording goes on", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    monitor.start({ optional: true, flushInterval: 10 });
    monitor.observe("x", 1);
    assertMatch(monitor.status().lastError!.message, /already recording/);
    await monitor.stop();
    assertEquals(publishedLabels(runtime.files), ["x"]);
  });

  it("throws what detection throws, and has changed nothing", () => {
    const monitor = createMonitor(() => {
      throw new Error("Cannot record: not on Deno or Bun: a toaster");
    });
    assertThrows(() => monitor.start(), Error, "a toaster");
    assertEquals(monitor.status().running, false);
  });

  it("that fails for want of memory leaves nothing behind", () => {
    const { runtime, monitor } = monitoring();
    const { ArrayBuffer } = globalThis;
    let left = 1;
    globalThis.ArrayBuffer = class {
      constructor(size: number) {
        if (left-- <= 0) throw new RangeError("Array buffer allocation failed");
        return new ArrayBuffer(size);
      }
    } as unknown as typeof ArrayBuffer;
    try {
      const durability = "memory"; // spools are made by the disk
      assertThrows(() => monitor.start({ durability, samplers: [{ channel: "mine", sample() {} }] }));
    } finally {
      globalThis.ArrayBuffer = ArrayBuffer;
    }
    assertEquals([monitor.status().running, runtime.timers.count, runtime.hooks.size], [false, 0, 0]);
  });

  it("that fails for want of room for the second spool leaves nothing behind", () => {
    const { runtime, monitor } = monitoring();
    const { files } = runtime;
    files.capacity = 12_000;
    const options = { memoryThreshold: 2 ** 14, samplers: [{ channel: "mine", sample() {} }] };
    const error = assertThrows(() => monitor.start(options), KymoError);
    assertMatch(error.message, /^Cannot make a spool: "\/_monitoring": no space left on device$/);
    assertEquals([monitor.status().running, runtime.timers.count, runtime.hooks.size], [false, 0, 0]);
    assertEquals([files.openHandles, files.mappings, files.paths()], [0, 0, [DIRECTORY]]);
  });
});
