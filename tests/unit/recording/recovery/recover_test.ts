import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { KymoError } from "../../../../src/errors.ts";
import { createMonitor, type Monitor } from "../../../../src/recording/monitor.ts";
import { readSpoolOn } from "../../../../src/recording/read_spool.ts";
import { recoverOn } from "../../../../src/recording/recovery/recover.ts";
import type { RecoveryProgress } from "../../../../src/files/recovery.ts";
import { EPOCH, FakeRuntime } from "../../../support/fake/runtime.ts";

/** A runtime on whose disk a program is recording, with the paths of its spools. */
function recording(): { runtime: FakeRuntime; monitor: Monitor; spools: string[] } {
  const runtime = new FakeRuntime();
  const monitor = createMonitor(() => runtime);
  monitor.start({ flushInterval: 0 });
  monitor.observe("queue length", 17);
  return { runtime, monitor, spools: runtime.files.paths().filter((path) => path.endsWith(".spool")) };
}

describe("readSpool", () => {
  it("tells what a program is recording", async () => {
    const { runtime, monitor, spools } = recording();
    const timepoint = EPOCH + BigInt(runtime.clock.time);
    const [path = ""] = spools.filter((path) => path.includes("/custom."));
    const { isolate, ...rest } = readSpoolOn(runtime, path);
    const observations = [{ timepoint, measurement: 17, label: "queue length", pid: runtime.pid }];
    assertEquals(rest, { channel: "custom", pid: runtime.pid, observations, damaged: 0 });
    assertEquals(path.includes(isolate), true);
    assertEquals(runtime.files.openHandles, 0);
    await monitor.stop();
  });

  it("tells durations in seconds", async () => {
    const { runtime, monitor, spools } = recording();
    const id = monitor.startDurationSample();
    runtime.clock.time += 1_500_000_000;
    monitor.stopDurationSample("a", id);
    const [path = ""] = spools.filter((path) => path.includes("/duration."));
    const [first] = readSpoolOn(runtime, path).observations;
    assertEquals([first?.label, first?.measurement], ["a", (runtime.clock.time - id) / 1e9]);
    await monitor.stop();
  });

  it("refuses what is no spool, and waits for no pipe", () => {
    const runtime = new FakeRuntime();
    const cases: Record<string, [code: string, why: string]> = {
      "/nothing": ["not-found", "no such file or directory"],
      "/directory": ["invalid-data", "not a regular file: directory"],
      "/pipe": ["invalid-data", "not a regular file: other"],
      "/text": ["invalid-data", "shorter than a header"],
    };
    runtime.files.plant("/directory", "directory");
    runtime.files.plant("/pipe", "other");
    runtime.files.plant("/text", "file", "no spool");
    for (const [path, [code, why]] of Object.entries(cases)) {
      const error = assertThrows(() => readSpoolOn(runtime, path), KymoError);
      assertEquals([error.code, error.message], [code, `Cannot read the spool: "${path}": ${why}`]);
    }
    assertEquals(runtime.files.openHandles, 0);
  });
});

describe("recover", () => {
  it("leaves a running program alone, publishes what is left of a dead one, and tells how far it is", async () => {
    const { runtime } = recording();
    assertEquals(await recoverOn(runtime, "_monitoring"), {
      spools: 0,
      rows: 0,
      damaged: 0,
      alive: 2,
      refused: 0,
      failures: [],
    });
    const later = new FakeRuntime(runtime.files.clone());
    const progress: RecoveryProgress[] = [];
    const summary = await recoverOn(later, "_monitoring", { onProgress: (now) => progress.push(now) });
    assertEquals(summary, { spools: 1, rows: 1, damaged: 0, alive: 0, refused: 0, failures: [] });
    assertEquals(progress.at(-1), { spools: 2, settled: 2, rows: 1 });
    assertEquals(later.csvs("custom").length, 1);
  });

  it("refuses a wrong option, and a directory that is not there, which it does not make", async () => {
    const runtime = new FakeRuntime();
    await assertRejects(() => recoverOn(runtime, "_monitoring", { onProgress: 1 as never }), KymoError);
    await assertRejects(() => recoverOn(runtime, "_monitoring"), KymoError, 'Cannot recover: "_monitoring": ');
    assertEquals(runtime.files.paths(), []);
  });
});
