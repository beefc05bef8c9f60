import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { createMonitor, type Monitor } from "../../../src/recording/monitor.ts";
import { FileError } from "../../../src/runtime.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";
import { publishedLabels, temporaryPaths } from "../../support/fake/published_files.ts";
import { failAll } from "../../support/fake/disk_faults.ts";
import { nextTurn } from "../../support/wait.ts";

/** A capability that is available. */
const AVAILABLE = { available: true };

function monitoring(runtime = new FakeRuntime()): { runtime: FakeRuntime; monitor: Monitor } {
  return { runtime, monitor: createMonitor(() => runtime) };
}

describe("status", () => {
  it("tells nothing before the first start", () => {
    const { running, runtime, capabilities, recorded, lastError } = monitoring().monitor.status();
    assertEquals([running, runtime, capabilities, recorded, lastError], [false, "", {}, 0, undefined]);
  });

  it("tells runtime, clock, directory and capabilities while recording", async () => {
    const { monitor } = monitoring();
    monitor.start({ monitoringDir: "here", layout: "append" });
    const { running, runtime, clock, monitoringDir, layout, durability, capabilities } = monitor.status();
    assertEquals([running, runtime, clock, monitoringDir, layout], [true, "fake 1", "fake", "/here", "append"]);
    const { spool, locks, append } = capabilities;
    assertEquals([durability, spool, locks, append], ["spool", AVAILABLE, AVAILABLE, AVAILABLE]);
    assertEquals(Object.keys(capabilities).length, 16);
    await monitor.stop();
  });

  it("tells that it may not append to a file, and why, though files can be locked", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start({ monitoringDir: "here", layout: "append" });
    runtime.files.before = (operation, path) => {
      if (operation === "open" && path === "/here/custom.csv") throw new FileError("EACCES", "permission denied");
    };
    monitor.observe("x", 1);
    await monitor.flush();
    const { capabilities: { locks, append }, flushed, errors } = monitor.status();
    assertEquals([locks, flushed, errors], [AVAILABLE, 1, 1]);
    assertEquals(append, { available: false, reason: '"/here/custom.csv": permission denied' });
    await monitor.stop();
  });

  it("tells which durability is in force, and why it is not the one asked for", async () => {
    const able = new MemoryDisk();
    const unable = new MemoryDisk({ mapping: false });
    const unavailable = { available: false, reason: "there is no mapping" };
    for (
      const [disk, asked, inForce, spool] of [
        [able, "memory", "memory", AVAILABLE],
        [able, "spool", "spool", AVAILABLE],
        [able, "fsync", "fsync", AVAILABLE],
        [unable, "memory", "memory", unavailable],
        [unable, "spool", "memory", unavailable],
        [unable, "fsync", "fsync", unavailable],
      ] as const
    ) {
      const { runtime, monitor } = monitoring(new FakeRuntime(disk));
      monitor.start({ durability: asked });
      const { durability, capabilities } = monitor.status();
      assertEquals([durability, capabilities.spool], [inForce, spool]);
      assertEquals(disk.mappings, disk === able && asked !== "memory" ? 1 : 0);
      await monitor.stop();
      assertEquals([disk.mappings, runtime.files.openHandles, monitor.status().errors], [0, 0, 0]);
      assertEquals([monitor.status().durability, monitor.status().capabilities.spool], [inForce, spool]);
    }
  });

  for (const [operation, code] of [["lock", "ENOLCK"], ["map", "ENODEV"]] as const) {
    it(`says that there is no spool, and why, on a file system that fails to ${operation} with ${code}`, async () => {
      const { runtime, monitor } = monitoring();
      failAll(runtime.files, code, operation);
      monitor.start();
      const { capabilities: { spool }, durability } = monitor.status();
      assertEquals([spool?.available, durability], [false, "memory"]);
      assertMatch(spool!.reason!, new RegExp(code));
      await monitor.stop();
      assertEquals([monitor.status().capabilities.spool, monitor.status().durability], [spool, "memory"]);
    });
  }

  it("says that there is no spool while the disk is full, until there is one again", async () => {
    const { runtime, monitor } = monitoring();
    const { files } = runtime;
    monitor.start({ memoryThreshold: 2 ** 14 });
    files.capacity = 0;
    monitor.observe("x", 1);
    const { capabilities, durability } = monitor.status();
    assertEquals([durability, capabilities.spool], ["memory", {
      available: false,
      reason: "no space left on device",
    }]);
    files.capacity = Infinity;
    for (let i = 0; i < 1_000; i++) monitor.observe("x", 1);
    assertEquals([monitor.status().durability, monitor.status().capabilities.spool], ["spool", AVAILABLE]);
    await monitor.stop();
    assertEquals([monitor.status().durability, monitor.status().capabilities.spool], ["spool", AVAILABLE]);
  });

  it("keeps code, message and cause of the latest failure in JSON", async () => {
    const { monitor } = monitoring();
    monitor.start({
      samplers: [{
        channel: "mine",
        sample: () => {
          throw new TypeError("out of order");
        },
      }],
    });
    const { lastError } = JSON.parse(JSON.stringify(monitor.status()));
    assertEquals(lastError, {
      name: "KymoError",
      code: "sampler-failed",
      message: "Cannot sample: out of order",
      cause: "out of order",
    });
    await monitor.stop();
  });

  it("counts what was recovered of programs that died, apart from what was recorded", async () => {
    const died = monitoring();
    died.monitor.start({ memoryThreshold: 2 ** 14 });
    for (let i = 0; i < 5; i++) died.monitor.observe("of the dead", i);
    const { runtime, monitor } = monitoring(new FakeRuntime(died.runtime.files.clone(), 1));
    monitor.start();
    monitor.observe("of the living", 1);
    assertEquals([monitor.status().recovered, monitor.status().damaged], [0, 0]);
    runtime.timers.advance(0);
    assertEquals([monitor.status().recovered, monitor.status().damaged, monitor.status().recorded], [5, 0, 1]);
    await monitor.stop();
    assertEquals([monitor.status().recovered, monitor.status().recorded, monitor.status().flushed], [5, 1, 1]);
    assertEquals(publishedLabels(runtime.files), [...Array.from({ length: 5 }, () => "of the dead"), "of the living"]);
    assertEquals(temporaryPaths(runtime.files), []);
    await died.monitor.stop();
  });

  it("counts what is invalid, cut, dropped and flushed, by channel and in all", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start({ memoryThreshold: 2 ** 14 });
    monitor.stopDurationSample("x", 5);
    monitor.stopDurationSample("x", 0);
    monitor.stopDurationSample(5 as unknown as string, monitor.startDurationSample());
    monitor.observe("x", "5" as unknown as number);
    monitor.observeMany(5 as unknown as []);
    monitor.observe("x".repeat(300), 1);
    monitor.channel("mine").observe("x", 1);
    monitor.stopDurationSample("x", monitor.startDurationSample());
    const before = monitor.status();
    assertEquals([before.invalidSamples, before.invalidObservations, before.labelsCut], [2, 2, 1]);
    assertEquals([before.recorded, before.buffered], [3, 3]);
    assertEquals(Object.keys(before.channels), ["duration", "custom", "mine"]);
    runtime.end();
    const after = monitor.status();
    assertEquals([after.recorded, after.flushed, after.buffered, after.dropped], [3, 3, 0, 0]);
    assertEquals(after.channels["mine"], { recorded: 1, flushed: 1, buffered: 0, dropped: 0 });
    await monitor.stop();
    assertEquals(monitor.status().recording, { on: false, reason: "stopped" });
    assertEquals({ ...monitor.status(), running: true, recording: { on: true } }, after);
  });

  it("is that of the recording that ended, until the next one begins", async () => {
    const { monitor } = monitoring();
    monitor.start();
    monitor.observe("x", 1);
    const stopped = monitor.stop();
    assertEquals([monitor.status().running, monitor.status().recorded], [false, 1]);
    await stopped;
    assertEquals([monitor.status().running, monitor.status().flushed], [false, 1]);
    monitor.start();
    assertEquals([monitor.status().running, monitor.status().recorded, monitor.status().errors], [true, 0, 0]);
    await monitor.stop();
  });

  it("can be asked at any moment, also from where the monitor calls", async () => {
    const { monitor } = monitoring();
    const seen: boolean[] = [];
    const ask = (): void => void seen.push(monitor.status().running);
    monitor.start({ samplers: [{ channel: "mine", start: ask, sample: ask, stop: ask }], onError: ask });
    await monitor.stop();
    assertEquals(seen.length, 4);
  });
});

describe("failures while recording", () => {
  it("are told to onError, counted and kept; what onError throws is ignored", async () => {
    const { monitor } = monitoring();
    const told: Error[] = [];
    monitor.start({
      onError: (error) => {
        told.push(error);
        throw new Error("no one listens");
      },
      samplers: [{
        channel: "mine",
        sample: () => {
          throw new Error("out of order");
        },
      }],
    });
    // Not before the call is over in which it happened.
    assertEquals([told.length, monitor.status().errors], [0, 1]);
    await nextTurn();
    assertEquals([told.length, monitor.status().errors], [1, 1]);
    assertStrictEquals(monitor.status().lastError, told[0]);
    await monitor.stop();
  });

  it("are errors, whatever was thrown", async () => {
    const { monitor } = monitoring();
    const messages: string[] = [];
    const thrown = ["text", undefined, { a: 1 }, Symbol("x")];
    monitor.start({
      onError: ({ message }) => messages.push(message),
      samplers: thrown.map((thing) => ({
        channel: "mine",
        start: () => {
          throw thing;
        },
        sample: () => {},
      })),
    });
    await monitor.stop();
    assertEquals(messages.length, 4);
    for (const message of messages) assertMatch(message, /^Cannot sample: .+/);
  });

  it("are told to an onError that is asynchronous, and what it rejects with is ignored", async () => {
    const { monitor } = monitoring();
    let handled = false;
    const rejected = {
      then: (_: unknown, reject?: unknown) => void (handled = typeof reject === "function"),
    };
    monitor.start({
      onError: () => rejected as unknown as void,
      samplers: [{
        channel: "mine",
        start: () => {
          throw new Error("out of order");
        },
        sample: () => {},
      }],
    });
    await monitor.stop();
    assertEquals(handled, true);
  });

  it("say what a runtime lacks for what was asked for, and the rest is recorded", async () => {
    const { runtime, monitor } = monitoring(new FakeRuntime(new MemoryDisk(false)));
    const messages: string[] = [];
    monitor.start({
      layout: "append",
      withProfiler: true,
      withRuntime: { whileBlocked: true },
      onError: ({ message }) => messages.push(message),
    });
    monitor.observe("x", 1);
    await monitor.stop();
    assertEquals(messages.toSorted(), [
      "Cannot append, so separate files are written: there is no flock",
      "Cannot sample while the event loop is blocked: there are none",
      "Cannot take a CPU profile: there is none",
    ]);
    assertEquals(runtime.csvs("custom").length, 1);
  });
});

describe("the runtime series", () => {
  it("are sampled at the start, at every interval and at the end", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start({ withRuntime: true, samplingInterval: 100 });
    runtime.collections.push({ pause: 0.5, before: 10, after: 4 });
    runtime.timers.advance(250);
    runtime.clock.time += 200e6;
    runtime.timers.advance(0);
    await monitor.stop();
    const [text = ""] = runtime.csvs("runtime");
    const labels = text.split("\r\n").slice(1, -1).map((row) => row.split(",")[2]);
    const counts = Object.fromEntries(
      Object.entries(Object.groupBy(labels, (label) => label!)).map(([k, v]) => [k, v!.length]),
    );
    const samples = counts["rss"]!;
    assertEquals(samples >= 5, true);
    for (
      const label of ["max rss", "heap used", "heap total", "external", "user time", "system time", "gc collected"]
    ) {
      assertEquals(counts[label], samples, label);
    }
    assertEquals([counts["gc pause"], counts["gc collections"], counts["event loop lag"]! > 0], [1, samples, true]);
  });

  it("are not sampled unless asked for", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    runtime.timers.advance(10_000);
    await monitor.stop();
    assertEquals(monitor.status().recorded, 0);
  });

  it("are those that the runtime has: no zero is made up for the rest", async () => {
    const { gc: _gc, resources: _resources, ...rest } = new FakeRuntime();
    const runtime = { ...rest, memory: { rss: () => 1 }, isolateId: () => "00000001" };
    const monitor = createMonitor(() => runtime);
    monitor.start({ withRuntime: true });
    await monitor.stop();
    assertEquals(new Set(publishedLabels(rest.files)), new Set(["rss", "max rss"]));
  });
});
