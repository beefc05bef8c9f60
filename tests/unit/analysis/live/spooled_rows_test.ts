import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { LiveDirectory } from "../../../../src/analysis/live/live_directory.ts";
import { SpooledRows } from "../../../../src/analysis/live/spooled_rows.ts";
import { createMonitor, type Monitor } from "../../../../src/recording/monitor.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";
import { LEAST_THRESHOLD } from "../../../support/small_buffers.ts";

const DIRECTORY = "/_monitoring";

/** Rows that were found, as `label=value`. */
type Found = string[];

function program(): { runtime: FakeRuntime; monitor: Monitor; found: Found; look: () => void } {
  const runtime = new FakeRuntime(new MemoryDisk(), 1);
  const monitor = createMonitor(() => runtime);
  monitor.start({ monitoringDir: DIRECTORY, layout: "append", flushInterval: 0, memoryThreshold: LEAST_THRESHOLD });
  const live = new LiveDirectory(runtime, DIRECTORY, () => {});
  const found: Found = [];
  const look = (): void => void live.look((_source, label, value) => void found.push(`${label}=${value}`));
  return { runtime, monitor, found, look };
}

describe("rows that were read from a spool", () => {
  for (const name of ["other values", "the same value"]) {
    it(`are not taken for those of the segment before with the same times, and ${name}`, async () => {
      const { runtime: { clock }, monitor, found, look } = program();
      const recorded: Found = [];
      const record = (): void => {
        const value = name === "the same value" ? 7 : recorded.length;
        monitor.observe("a", value);
        recorded.push(`a=${value}`);
      };
      for (let turn = 0; turn < 3; turn++) {
        record();
        record();
        // What the next segment is told of the wall clock is a little less, as is mostly so on a busy machine.
        clock.offset -= 5n;
        clock.time += 5;
        await monitor.flush();
        record();
        record();
        look();
        assertEquals(found.toSorted(), recorded.toSorted());
        clock.time += 1_000;
      }
      await monitor.stop();
      look();
      assertEquals(found.toSorted(), recorded.toSorted());
    });
  }

  it("are not found again if they were flushed before the first look", async () => {
    const { runtime, monitor } = program();
    monitor.observe("a", 1);
    monitor.observe("a", 2);
    const live = new LiveDirectory(runtime, DIRECTORY, () => {});
    await monitor.flush();
    const found: unknown[] = [];
    for (let i = 0; i < 3; i++) live.look((...row) => void found.push(row));
    assertEquals(found, []);
    await monitor.stop();
  });

  it("are known again in the file, whatever their labels and values are", async () => {
    const { runtime: { clock }, monitor, found, look } = program();
    const labels = ["", "a,b", 'say "a"', "two\r\nlines", "\ufeffmark", "\ud800", "nul\0", "ü€😀", "x".repeat(3_000)];
    const values = [0, -0, 1 / 3, -1e-300, 1.7976931348623157e308, 2 ** 53, NaN, Infinity, -Infinity];
    for (const [i, label] of labels.entries()) {
      clock.time += i; // some have the same time
      monitor.observe(label, values[i]!);
      monitor.observe(label, values[i]!);
    }
    const id = monitor.startDurationSample();
    clock.time += 123_456_789_012_345;
    monitor.stopDurationSample("long", id);
    look();
    const seen = found.length;
    await monitor.flush();
    look();
    look();
    assertEquals([seen, found.length], [19, 19]);
    await monitor.stop();
  });

  it("are taken once each, also if several are the same", () => {
    const rows = new SpooledRows(1, "00000001", 1);
    for (const value of [1, 2, 1, 1]) rows.add("a", value, 10);
    assertEquals([rows.take("b", 1, 10), rows.take("a", 1, 11), rows.take("a", 1, 10, 0)], [false, false, false]);
    assertEquals([1, 2, 3, 4].map(() => rows.take("a", 1, 10)), [true, true, true, false]);
    assertEquals([rows.take("a", 2, 10, 1), rows.take("a", 2, 10, 2), rows.take("a", 2, 10)], [false, true, false]);
  });
});
