import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parse } from "../../../src/csv/parse.ts";
import { KymoError } from "../../../src/errors.ts";
import { createMonitor, type Monitor } from "../../../src/recording/monitor.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";
import { csvPaths, DIRECTORY, publishedLabels } from "../../support/published_files.ts";
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
  it("while recording throws and changes nothing", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    monitor.observe("before", 1);
    const error = assertThrows(() => monitor.start({ monitoringDir: "/other" }), KymoError);
    assertMatch(error.message, /^Cannot start: already recording: "\/_monitoring"$/);
    monitor.observe("after", 1);
    await monitor.stop();
    assertEquals([publishedLabels(runtime.files), runtime.files.paths().includes("/other")], [
      ["after", "before"],
      false,
    ]);
  });

  it("while stopping throws, and works afterwards, in files of other names", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    monitor.observe("first", 1);
    const stopped = monitor.stop();
    const error = assertThrows(() => monitor.start(), KymoError);
    assertMatch(error.message, /^Cannot start: still stopping/);
    await stopped;
    monitor.start();
    assertEquals(monitor.status().recorded, 0);
    monitor.observe("second", 1);
    await monitor.stop();
    assertEquals([publishedLabels(runtime.files), csvPaths(runtime.files).length], [["first", "second"], 2]);
  });

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
