import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import type { KymoError } from "../../../src/errors.ts";
import { createMonitor, type Monitor } from "../../../src/recording/monitor.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";
import {
  DIRECTORY,
  publishedLabels,
  publishedRows,
  spoolPaths,
  temporaryPaths,
  unfinishedPaths,
} from "../../support/fake/published_files.ts";
import { failAll, repair } from "../../support/fake/disk_faults.ts";

function monitoring(): { runtime: FakeRuntime; monitor: Monitor } {
  const runtime = new FakeRuntime();
  return { runtime, monitor: createMonitor(() => runtime) };
}

describe("stop", () => {
  it("resolves when nothing was started, and twice, and at once", async () => {
    const { monitor } = monitoring();
    await monitor.stop();
    monitor.start();
    const [one, two] = [monitor.stop(), monitor.stop()];
    assertStrictEquals(one, two);
    await Promise.all([one, two]);
    await monitor.stop();
    assertEquals(monitor.status().running, false);
  });

  it("leaves no timer, no hook and no handle behind", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start({ withRuntime: true, samplers: [{ channel: "mine", sample() {} }] });
    monitor.observe("x", 1);
    assert(runtime.timers.count > 0 && runtime.hooks.size > 0);
    await monitor.stop();
    assertEquals([runtime.timers.count, runtime.hooks.size, runtime.files.openHandles], [0, 0, 0]);
    const { operations } = runtime.files;
    runtime.timers.advance(1e9);
    runtime.end();
    assertEquals(runtime.files.operations, operations);
  });

  for (const durability of ["memory", "spool"] as const) {
    it(`resolves on a disk that fails, and counts what is lost: durability ${durability}`, async () => {
      const { runtime, monitor } = monitoring();
      const errors: Error[] = [];
      monitor.start({ durability, onError: (error) => errors.push(error) });
      monitor.observe("x", 1);
      monitor.stopDurationSample("y", monitor.startDurationSample());
      runtime.timers.advance(0); // nothing is left to recover
      failAll(runtime.files, "EIO");
      await monitor.stop();
      const { recorded, flushed, buffered, dropped, lastError } = monitor.status();
      assertEquals([recorded, flushed, buffered, dropped], [2, 0, 0, 2]);
      // Three attempts for each of two channels, and one for the program record.
      assertEquals(monitor.status().errors, 7);
      assertEquals([errors.length, lastError === errors.at(-1)], [2, true], "the same failure is told once");
      assertEquals([runtime.files.mappings, runtime.timers.count], [0, 0]);
    });
  }

  it("resolves, and keeps every row, though a spool cannot be unmapped", async () => {
    const { runtime, monitor } = monitoring();
    const map = runtime.files.map!;
    const refuse = (): never => {
      throw new TypeError("cannot be unmapped");
    };
    Object.assign(runtime.files, { map: (path: string, size: number) => ({ ...map(path, size)!, unmap: refuse }) });
    monitor.start();
    monitor.observe("x", 1);
    await monitor.stop();
    const { recorded, flushed, errors } = monitor.status();
    assertEquals([recorded, flushed, errors, publishedLabels(runtime.files)], [1, 1, 0, ["x"]]);
  });

  it("resolves, and keeps every row, where files are mapped to no memory: there are no spools, which is said once", async () => {
    const { runtime, monitor } = monitoring();
    const errors: KymoError[] = [];
    const nothing = { buffer: new TypeError("no pointer") as unknown as ArrayBuffer, unmap: () => {} };
    Object.assign(runtime.files, { map: () => nothing });
    monitor.start({ onError: (error) => errors.push(error) });
    for (let i = 0; i < 3; i++) {
      monitor.observe("x", i);
      await monitor.flush();
    }
    const { capabilities, durability } = monitor.status();
    assertEquals([capabilities.spool?.available, durability], [false, "memory"]);
    assertMatch(capabilities.spool?.reason ?? "", /mapped no memory/);
    await monitor.stop();
    const { recorded, flushed } = monitor.status();
    assertEquals([recorded, flushed, publishedRows(runtime.files).length], [3, 3, 3]);
    assertEquals(errors.map(({ code }) => code), ["unsupported"]);
  });

  it("resolves, and reports what was thrown, though a part of the recording throws where it must not", async () => {
    const { runtime, monitor } = monitoring();
    const errors: KymoError[] = [];
    monitor.start({ durability: "memory", onError: (error) => errors.push(error) });
    monitor.observe("x", 1);
    Object.assign(runtime.clock, { now: () => 0n }); // no number: sums throw
    await monitor.stop();
    const { recorded, flushed, buffered, dropped, running } = monitor.status();
    assertEquals([running, recorded, flushed + buffered + dropped], [false, 1, 1]);
    assert(errors.length > 0);
  });

  it("resolves on a disk that cannot be written to, and leaves in spools what the next recording publishes", async () => {
    const { runtime, monitor } = monitoring();
    const { files } = runtime;
    monitor.start();
    monitor.observe("x", 1);
    monitor.stopDurationSample("y", monitor.startDurationSample());
    failAll(files, "ENOSPC", "write");
    await monitor.stop();
    const { recorded, flushed, buffered, dropped } = monitor.status();
    assertEquals([recorded, flushed, buffered, dropped], [2, 0, 2, 0]);
    assertEquals([spoolPaths(files).length, unfinishedPaths(files), files.mappings], [2, [], 0]);
    repair(files);
    monitor.start();
    await monitor.stop();
    assertEquals([monitor.status().recovered, publishedLabels(files)], [2, ["x", "y"]]);
    assertEquals(temporaryPaths(files), []);
  });

  it("leaves no spool behind, and neither does the end of a program", async () => {
    const { runtime, monitor } = monitoring();
    const { files } = runtime;
    for (const end of [() => monitor.stop(), () => runtime.end()]) {
      monitor.start({ memoryThreshold: 2 ** 14 });
      for (let i = 0; i < 1_000; i++) monitor.observe("x", 1);
      monitor.channel("mine").observe("x", 1);
      assertEquals(spoolPaths(files).length, 4);
      await end();
      assertEquals([temporaryPaths(files), monitor.status().buffered], [[], 0]);
    }
    await monitor.stop();
    assertEquals([files.mappings, publishedRows(files).length], [0, 2_002]);
  });

  it("keeps the spools when the program only seems to end", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    monitor.observe("x", 1);
    runtime.end(false);
    assertEquals([publishedLabels(runtime.files), spoolPaths(runtime.files).length > 0], [["x"], true]);
    await monitor.stop();
    assertEquals(temporaryPaths(runtime.files), []);
  });

  it("takes a last sample, and no more, though the program ends meanwhile", async () => {
    const { runtime, monitor } = monitoring();
    const calls: string[] = [];
    monitor.start({
      samplers: [{
        channel: "mine",
        start: () => void calls.push("start"),
        sample: () => void calls.push("sample"),
        stop: () => void calls.push("stop"),
      }],
    });
    monitor.observe("x", 1);
    const stopped = monitor.stop();
    runtime.end();
    await stopped;
    assertEquals(calls, ["start", "sample", "sample", "stop"]);
    assertEquals(publishedLabels(runtime.files), ["x"]);
  });

  it("is the end also for a sampler that kept its channel", async () => {
    const { runtime, monitor } = monitoring();
    let late = (): void => {};
    monitor.start({
      memoryThreshold: 2 ** 14,
      samplers: [{ channel: "mine", sample: (to) => void (late = () => to.observe("late", 1)) }],
    });
    await monitor.stop();
    const { operations } = runtime.files;
    for (let i = 0; i < 1_000; i++) late();
    runtime.timers.advance(100_000);
    assertEquals([monitor.status().buffered, runtime.timers.count, runtime.files.operations], [0, 0, operations]);
  });

  it("called by a sampler or by the error handler, ends the recording", async () => {
    const { runtime, monitor } = monitoring();
    let calls = 0;
    monitor.start({
      onError: () => void monitor.stop(),
      samplers: [{
        channel: "mine",
        sample: (to) => {
          to.observe("x", 1);
          if (++calls === 2) throw new Error("enough");
          if (calls === 3) void monitor.stop();
        },
      }],
    });
    runtime.timers.advance(1_000);
    await monitor.stop();
    assertEquals([monitor.status().running, publishedRows(runtime.files).length, runtime.timers.count], [
      false,
      calls,
      0,
    ]);
  });

  it("is under way already while the last samples are taken", async () => {
    const { runtime, monitor } = monitoring();
    const seen: unknown[] = [];
    let again: Promise<void> | undefined;
    monitor.start({
      samplers: [{
        channel: "mine",
        sample() {},
        stop() {
          const { running, recorded } = monitor.status();
          seen.push(running, recorded);
          again = monitor.stop();
          monitor.start();
        },
      }],
    });
    monitor.observe("x", 1);
    const stopped = monitor.stop();
    assertEquals(seen, [false, 1]);
    assertStrictEquals(again, stopped);
    await stopped;
    assertEquals([monitor.status().running, monitor.status().recorded], [true, 0]); // begun meanwhile
    await monitor.stop();
    assertEquals(publishedLabels(runtime.files), ["x"]);
  });
});

describe("the end of a program", () => {
  it("waits for locks for less than 100 ms in all, however many files are locked", () => {
    const { runtime, monitor } = monitoring();
    const { clock, files } = runtime;
    monitor.start({ layout: "append" });
    const names = ["one", "two", "three", "four", "five"];
    const observe = (): void => names.forEach((name) => monitor.channel(name).observe("x", 1));
    observe();
    runtime.end();
    observe();
    for (const name of names) files.lock(`${DIRECTORY}/${name}.csv`);
    clock.step = 200_000; // a fifth of a millisecond passes with each look at the clock
    const before = clock.time;
    runtime.end();
    assertEquals([publishedLabels(files).length, monitor.status().buffered], [10, 0]);
    assert(clock.time - before < 100e6, `${(clock.time - before) / 1e6} ms`);
  });
});
