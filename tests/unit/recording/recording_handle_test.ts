import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createMonitor, type Monitor } from "../../../src/recording/monitor.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";
import { publishedLabels } from "../../support/fake/published_files.ts";

function monitoring(): { runtime: FakeRuntime; monitor: Monitor } {
  const runtime = new FakeRuntime();
  return { runtime, monitor: createMonitor(() => runtime) };
}

describe("Monitor, what start returns", () => {
  it("stops the recording at the end of its block", async () => {
    const { runtime, monitor } = monitoring();
    {
      await using _ = monitor.start();
      monitor.observe("x", 1);
    }
    assertEquals([monitor.status().running, publishedLabels(runtime.files)], [false, ["x"]]);
  });

  it("does nothing when the recording was stopped before", async () => {
    const { monitor } = monitoring();
    const recording = monitor.start();
    await monitor.stop();
    await recording[Symbol.asyncDispose]();
    assertEquals(monitor.status().running, false);
  });

  it("does not stop a later recording", async () => {
    const { monitor } = monitoring();
    const first = monitor.start();
    await monitor.stop();
    const second = monitor.start();
    await first[Symbol.asyncDispose]();
    assertEquals(monitor.status().running, true);
    await second[Symbol.asyncDispose]();
    assertEquals(monitor.status().running, false);
  });

  it("waits for a stop that is under way", async () => {
    const { runtime, monitor } = monitoring();
    const recording = monitor.start();
    monitor.observe("x", 1);
    const stopped = monitor.stop();
    await recording[Symbol.asyncDispose]();
    assertEquals(publishedLabels(runtime.files), ["x"]);
    await stopped;
  });

  it("can be disposed of twice", async () => {
    const { monitor } = monitoring();
    const recording = monitor.start();
    await Promise.all([recording[Symbol.asyncDispose](), recording[Symbol.asyncDispose]()]);
    assertEquals(monitor.status().running, false);
  });
});
