import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createMonitor, type Monitor } from "../../../src/recording/monitor.ts";
import { FileError } from "../../../src/runtime.ts";
import { failAll, failNth, repair } from "../../support/fake/disk_faults.ts";
import { FlusherRecorder, modeName, RECORDER_MODES } from "../../support/fake/flusher_recorder.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";
import { ROWS } from "../../support/fake/buffer_owner.ts";
import { DIRECTORY, publishedLabels, spoolPaths, temporaryPaths } from "../../support/fake/published_files.ts";

function monitoring(): { runtime: FakeRuntime; monitor: Monitor } {
  const runtime = new FakeRuntime();
  return { runtime, monitor: createMonitor(() => runtime) };
}

for (const mode of RECORDER_MODES) {
  describe(`Flusher, flush, ${modeName(mode)}`, () => {
    for (const count of [0, 1, ROWS, ROWS + 1, 2 * ROWS]) {
      it(`publishes ${count} rows, and goes on recording`, async () => {
        const recorder = new FlusherRecorder(mode);
        recorder.observe(count);
        await recorder.flusher.flush();
        recorder.checkAllPublished();
        recorder.observe(ROWS + 7);
        await recorder.flusher.flush();
        recorder.checkAllPublished();
        await recorder.close();
        assertEquals([recorder.errors, temporaryPaths(recorder.runtime.files)], [[], []]);
      });
    }

    it("resolves with the rows of its call in files, though others are recorded meanwhile", async () => {
      const recorder = new FlusherRecorder(mode);
      recorder.runtime.clock.step = 400_000; // each slice takes a turn of its own
      recorder.observe(ROWS + 10);
      const flushed = recorder.flusher.flush();
      for (let i = 0; i < 5; i++) {
        recorder.observe(100);
        await Promise.resolve();
      }
      await flushed;
      assert(recorder.counts().flushed >= ROWS + 10, JSON.stringify(recorder.counts()));
      await recorder.close();
      recorder.checkAllPublished();
    });

    it("can be called again before it has ended, and during close", async () => {
      const recorder = new FlusherRecorder(mode);
      recorder.observe(ROWS + 10);
      const flushes = [recorder.flusher.flush()];
      recorder.observe(10);
      flushes.push(recorder.flusher.flush(), recorder.close(), recorder.flusher.flush());
      await Promise.all(flushes);
      recorder.checkAllPublished();
      await recorder.flusher.flush();
      assertEquals([recorder.runtime.timers.count, recorder.errors], [0, []]);
    });

    it("resolves on a disk that fails, keeps the rows, and leaves them to later attempts", async () => {
      const recorder = new FlusherRecorder(mode);
      const { files, timers } = recorder.runtime;
      recorder.observe(10);
      failAll(files, "EIO", "write");
      await recorder.flusher.flush();
      assertEquals(recorder.counts(), { recorded: 10, flushed: 0, buffered: 10, dropped: 0 });
      assertEquals(recorder.errors.filter(({ code }) => code === "io").length >= 3, true);
      repair(files);
      timers.advance(10_000);
      recorder.checkAllPublished();
    });

    it("publishes all rows when the disk fails once, at any operation", async () => {
      for (let nth = 1;; nth++) {
        const recorder = new FlusherRecorder(mode);
        recorder.observe(ROWS + 5);
        const faults = failNth(recorder.runtime.files, nth, "EINTR");
        await recorder.flusher.flush();
        if (faults.count === 0) return;
        assertEquals(recorder.counts().buffered, 0, faults.first);
        await recorder.close();
      }
    });

    it("is not disturbed by an exit in the middle", async () => {
      const recorder = new FlusherRecorder(mode);
      failAll(recorder.runtime.files, "EIO");
      recorder.observe(ROWS + 5);
      const flushed = recorder.flusher.flush();
      repair(recorder.runtime.files);
      recorder.flushNow(true);
      recorder.checkAllPublished();
      await flushed;
      recorder.checkAllPublished();
    });
  });
}

describe("Flusher, flush", () => {
  it("writes a file of its own when another program holds the lock for longer than a second", async () => {
    const recorder = new FlusherRecorder({ layout: "append", flushInterval: 0 });
    recorder.observe(5);
    recorder.flushNow();
    recorder.runtime.files.lock(`${DIRECTORY}/custom.csv`);
    recorder.observe(5);
    const { time } = recorder.runtime.clock;
    await recorder.flusher.flush();
    recorder.checkAllPublished();
    assert(recorder.runtime.clock.time - time < 1.2e9);
  });

  it("reports that there is no memory for another buffer, and keeps the rows", async () => {
    const recorder = new FlusherRecorder({ spools: false });
    recorder.observe(10);
    const { ArrayBuffer } = globalThis;
    globalThis.ArrayBuffer = class {
      constructor() {
        throw new RangeError("Array buffer allocation failed");
      }
    } as unknown as typeof ArrayBuffer;
    try {
      await recorder.flusher.flush();
    } finally {
      globalThis.ArrayBuffer = ArrayBuffer;
    }
    assertEquals(recorder.errors.map(({ code }) => code), ["out-of-memory"]);
    assertEquals(recorder.counts().buffered, 10);
    await recorder.flusher.flush();
    recorder.checkAllPublished();
  });
});

describe("Monitor, flush", () => {
  it("resolves before start and after stop", async () => {
    const { runtime, monitor } = monitoring();
    await monitor.flush();
    assertEquals(runtime.files.operations, 0);
    monitor.start();
    await monitor.stop();
    const { operations } = runtime.files;
    await monitor.flush();
    assertEquals(runtime.files.operations, operations);
  });

  it("publishes all channels; samples and samplers go on", async () => {
    const { runtime, monitor } = monitoring();
    let samples = 0;
    monitor.start({
      samplingInterval: 1_000,
      samplers: [{ channel: "mine", sample: (to) => to.observe("sampled", ++samples) }],
    });
    const running = monitor.startDurationSample();
    monitor.stopDurationSample("stopped", monitor.startDurationSample());
    monitor.observe("x", 1);
    await monitor.flush();
    assertEquals(publishedLabels(runtime.files), ["sampled", "stopped", "x"]);
    const { recorded, flushed, buffered } = monitor.status();
    assertEquals([recorded, flushed, buffered], [3, 3, 0]);
    assertEquals([monitor.status().durability, spoolPaths(runtime.files).length > 0], ["spool", true]);
    monitor.stopDurationSample("running", running);
    runtime.timers.advance(1_000);
    await monitor.flush();
    assertEquals(publishedLabels(runtime.files), ["running", "sampled", "sampled", "stopped", "x"]);
    await monitor.stop();
    assertEquals([samples, monitor.status().invalidSamples], [3, 0]);
  });

  it("calls those who poll for the ends of samples first", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    const remove = monitor.beforeFlush(() => monitor.observe("just ended", 1));
    await monitor.flush();
    remove();
    assertEquals(publishedLabels(runtime.files), ["just ended"]);
    await monitor.stop();
  });

  it("while stopping resolves when recording has stopped", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    monitor.observe("x", 1);
    const order: string[] = [];
    const stopped = monitor.stop().then(() => order.push("stopped"));
    const flushed = monitor.flush().then(() => order.push("flushed"));
    await Promise.all([stopped, flushed]);
    assertEquals([order.length, publishedLabels(runtime.files)], [2, ["x"]]);
  });

  it("and stop at the same time lose and repeat nothing", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    runtime.clock.step = 400_000; // each slice takes a turn of its own
    for (let i = 0; i < 20_000; i++) monitor.observe(`${i % 10}`, i);
    const flushed = monitor.flush();
    monitor.observe("late", 1);
    await Promise.all([flushed, monitor.stop(), monitor.flush()]);
    const { recorded, flushed: inFiles } = monitor.status();
    assertEquals([recorded, inFiles, publishedLabels(runtime.files).length], [20_001, 20_001, 20_001]);
  });

  it("resolves on a disk that fails, and the failure is in the status", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    runtime.timers.advance(0);
    monitor.observe("x", 1);
    failAll(runtime.files, "ENOSPC", "write");
    await monitor.flush();
    const { buffered, dropped, lastError } = monitor.status();
    assertEquals([buffered, dropped, lastError?.code], [1, 0, "io"]);
    repair(runtime.files);
    await monitor.flush();
    assertEquals(monitor.status().flushed, 1);
    await monitor.stop();
  });
});

describe("Flusher, flush, when slices succeed between failures in layout append", () => {
  it("leaves a retry that publishes the rest once the disk works again", async () => {
    // Segments of many slices, so that a flush can get further between two failures.
    const recorder = new FlusherRecorder({
      layout: "append",
      flushInterval: 0,
      memoryThreshold: 2 ** 20,
      spools: false,
    });
    const { files, timers } = recorder.runtime;
    recorder.observe(20_000);
    const failing = new Set([1, 2, 4]);
    let writes = 0;
    files.before = (operation, path) => {
      if (operation !== "write" || path.includes(".tmp")) return;
      if (failing.has(++writes)) throw new FileError("EIO", `EIO: ${operation} ${path}`);
    };
    await recorder.flusher.flush();
    assertEquals(writes, 4);
    const { flushed, buffered } = recorder.counts();
    assert(flushed > 0 && buffered > 0, JSON.stringify({ flushed, buffered }));
    repair(files);
    timers.advance(10_000);
    recorder.checkAllPublished();
    assertEquals(recorder.errors.filter(({ code }) => code === "out-of-memory"), []);
  });
});
