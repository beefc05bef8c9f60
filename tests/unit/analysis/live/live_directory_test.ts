import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { LiveDirectory } from "../../../../src/analysis/live/live_directory.ts";
import type { RowSink } from "../../../../src/analysis/live/row_source.ts";
import type { Layout } from "../../../../src/files/names.ts";
import { FileError } from "../../../../src/runtime.ts";
import { DIRECTORY, Observed, runtimeOf, started } from "../../../support/analysis/observed_numbers.ts";
import { type DiskOperation, MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";
import { LEAST_THRESHOLD, SMALL_BUFFERS } from "../../../support/small_buffers.ts";

const LAYOUTS: readonly Layout[] = ["segments", "append"];

/** A look that has read all there is. */
const NOTHING_LOST = { sampled: false, missed: 0, unreadable: [] };

const nothing: RowSink = () => {};

describe("LiveDirectory", () => {
  it("finds each later row once, and passes on the rows before", async () => {
    for (const layout of LAYOUTS) {
      const disk = new MemoryDisk();
      const runtime = runtimeOf(disk, 1);
      const monitor = started(runtime, { layout, flushInterval: 0 });
      const observed = new Observed();
      observed.record(monitor, 5);
      const before: unknown[] = [];
      const live = new LiveDirectory(runtime, DIRECTORY, ({ pid }, label, value) => before.push([pid, label, value]));
      assertEquals(before, [1, 2, 3, 4, 5].map((value) => [1, `label ${(value - 1) % 3}`, value]));
      observed.record(monitor, 2);
      assertEquals(live.look(observed.sink), NOTHING_LOST);
      assertEquals([...live.held.keys()], ["1-00000001"]);
      assertEquals(observed.seen, [6, 7]);
      live.look(observed.sink);
      assertEquals(observed.seen, [6, 7]);
      observed.record(monitor, 1);
      await monitor.stop();
      live.look(observed.sink);
      assertEquals(observed.seen, [6, 7, 8]);
      assertEquals([...live.held.keys()], []);
      assertEquals([observed.seen.length, disk.openHandles], [3, 0]);
    }
  });

  it("gives the same times and seconds from spools and files", async () => {
    for (const layout of LAYOUTS) {
      const runtime = new FakeRuntime(new MemoryDisk(), 1);
      const live = new LiveDirectory(runtime, DIRECTORY, nothing);
      const monitor = started(runtime, { layout });
      const expected: number[][] = [];
      const found: number[][] = [];
      const sink: RowSink = (_source, _label, value, time) => void found.push([value, time]);
      for (const flushes of [false, true]) {
        const id = monitor.startDurationSample();
        runtime.clock.time += 1_500_000_123;
        monitor.stopDurationSample("a", id);
        const offset = Number(runtime.clock.epoch() - live.base);
        expected.push([(runtime.clock.time - id) / 1e9, offset]);
        if (flushes) await monitor.stop();
        live.look(sink);
      }
      assertEquals(found, expected);
    }
  });

  it("waits for a directory and for programs", async () => {
    const runtime = runtimeOf(new MemoryDisk(), 1);
    const live = new LiveDirectory(runtime, DIRECTORY, nothing);
    assertEquals(live.look(nothing), NOTHING_LOST);
    const monitor = started(runtime, SMALL_BUFFERS);
    const observed = new Observed();
    observed.record(monitor, 3_000); // several files are published before it is first seen
    live.look(observed.sink);
    assertEquals(observed.sorted, observed.since(0));
    await monitor.stop();
  });

  it("finds all rows of a channel of a program's own, the first of which was appended before it is seen", async () => {
    for (const isOld of [false, true]) {
      const runtime = runtimeOf(new MemoryDisk(), 1);
      const monitor = started(runtime, { ...SMALL_BUFFERS, layout: "append" });
      const record = (count: number): void => {
        for (let i = 0; i < count; i++) monitor.channel("sales").observe("price", i);
      };
      if (isOld) {
        record(1_000);
        await monitor.stop();
        monitor.start({ monitoringDir: DIRECTORY, ...SMALL_BUFFERS, layout: "append" });
      }
      const live = new LiveDirectory(runtime, DIRECTORY, nothing);
      const observed = new Observed();
      record(2_000);
      live.look(observed.sink);
      assertEquals(observed.seen.length, 2_000, `was there before: ${isOld}`);
      await monitor.stop();
      live.look(observed.sink);
      live.look(observed.sink);
      assertEquals(observed.seen.length, 2_000, `was there before: ${isOld}`);
    }
  });

  it("writes nothing, takes no locks, and leaves no file open", async () => {
    const disk = new MemoryDisk();
    const runtime = runtimeOf(disk, 1);
    const monitor = started(runtime, SMALL_BUFFERS);
    const observed = new Observed();
    const live = new LiveDirectory(runtime, DIRECTORY, nothing);
    observed.record(monitor, 1_000);
    const operations = new Set<string>();
    disk.before = (operation) => void operations.add(operation);
    live.look(observed.sink);
    disk.before = () => {};
    assertEquals([...operations].filter((name) => !/^(list|status|fstat|open|read|close)$/.test(name)), []);
    assertEquals(disk.openHandles, 0);
    await monitor.stop();
  });

  it("reads a weighted part if there is too much", async () => {
    for (const layout of LAYOUTS) {
      const runtime = runtimeOf(new MemoryDisk(), 1);
      const live = new LiveDirectory(runtime, DIRECTORY, nothing, 50_000);
      const monitor = started(runtime, { ...SMALL_BUFFERS, layout });
      const observed = new Observed();
      observed.record(monitor, 10_000);
      let total = 0;
      let rows = 0;
      const { sampled } = live.look((_source, _label, _value, _time, weight) => {
        total += weight;
        rows++;
      });
      assertEquals(sampled, true);
      assert(rows < 3_000, `${rows}`);
      assert(Math.abs(total - 10_000) < 500, `${total}`);
      observed.record(monitor, 10);
      assertEquals(live.look(observed.sink).sampled, false);
      assertEquals(observed.seen, observed.since(10_000));
      await monitor.stop();
    }
  });

  it("counts files that were deleted before they could be read", async () => {
    const disk = new MemoryDisk();
    const runtime = runtimeOf(disk, 1);
    const monitor = started(runtime, SMALL_BUFFERS);
    const live = new LiveDirectory(runtime, DIRECTORY, nothing);
    new Observed().record(monitor, 3_000);
    const files = disk.paths().filter((path) => path.endsWith(".csv"));
    for (const path of files) disk.remove(path);
    assertEquals(live.look(nothing).missed, files.length);
    assertEquals(live.look(nothing).missed, 0);
    await monitor.stop();
  });

  it("finds the rows of a program whose earlier files are gone, as after a compaction", async () => {
    for (const durability of ["spool", "memory"] as const) {
      const disk = new MemoryDisk();
      const runtime = runtimeOf(disk, 1);
      const monitor = started(runtime, { durability });
      const observed = new Observed();
      const publish = async (): Promise<void> => {
        observed.record(monitor, 3);
        await monitor.flush();
      };
      const compact = (): void => {
        for (const path of disk.paths().filter((path) => path.endsWith(".csv"))) disk.remove(path);
      };
      for (let i = 0; i < 3; i++) await publish();
      compact();
      const live = new LiveDirectory(runtime, DIRECTORY, nothing);
      for (let i = 0; i < 2; i++) {
        await publish();
        runtime.clock.time += 60_000_000_000; // the directory is listed again
        assertEquals(live.look(observed.sink), NOTHING_LOST, durability);
        assertEquals(observed.sorted, observed.since(9), durability);
        compact();
      }
      await monitor.stop();
    }
  });

  it("finds the rows of a file that was renamed since the last look, once each", async () => {
    for (const durability of ["spool", "memory"] as const) {
      const disk = new MemoryDisk();
      const runtime = runtimeOf(disk, 1);
      const monitor = started(runtime, { layout: "append", durability });
      const observed = new Observed();
      observed.record(monitor, 5);
      await monitor.flush();
      const live = new LiveDirectory(runtime, DIRECTORY, nothing);
      for (let turn = 1; turn <= 3; turn++) {
        observed.record(monitor, 3);
        live.look(observed.sink); // sees them only if there are spools
        observed.record(monitor, 4);
        await monitor.flush();
        disk.rename(`${DIRECTORY}/custom.csv`, `${DIRECTORY}/custom.csv.${turn}`);
        observed.record(monitor, 2);
        await monitor.flush();
        live.look(observed.sink);
      }
      await monitor.stop();
      live.look(observed.sink);
      assertEquals(observed.sorted, observed.since(5), durability);
      assertEquals(disk.openHandles, 0);
    }
  });

  it("finds the rows of a segment that was begun in a spool after the header was read, once each", async () => {
    for (const layout of LAYOUTS) {
      const disk = new MemoryDisk();
      const runtime = new FakeRuntime(disk, 1);
      const monitor = started(runtime, { memoryThreshold: LEAST_THRESHOLD, flushInterval: 0, layout });
      const live = new LiveDirectory(runtime, DIRECTORY, nothing);
      const observed = new Observed();
      /** A look, and what happens just before its first operation of a kind on a path. */
      const lookWith = (kind: DiskOperation, path: RegExp, task: () => void): void => {
        let isDone = false;
        disk.before = (operation, at) => {
          if (isDone || operation !== kind || !path.test(at)) return;
          isDone = true;
          task();
        };
        assertEquals([live.look(observed.sink), isDone], [NOTHING_LOST, true], layout);
        disk.before = () => {};
      };
      observed.record(monitor, 385); // the first segment is full
      runtime.timers.advance(1); // and flushed; the second one is in the second spool
      live.look(observed.sink);
      lookWith("open", /custom.*2\.spool$/, () => observed.record(monitor, 383 + 384 + 1)); // the third fills the first spool
      lookWith("list", /\.spools$/, () => {}); // it is still there
      lookWith("list", /\.spools$/, () => runtime.timers.advance(1)); // its flush misses the size that was noted
      assertEquals(observed.sorted, observed.since(0), layout);
      await monitor.stop();
      live.look(observed.sink);
      live.look(observed.sink);
      assertEquals(observed.sorted, observed.since(0), layout);
    }
  });

  it("reports files that cannot be read, but not deleted ones", async () => {
    for (const [layout, operation, code] of [["segments", "open", "EACCES"], ["append", "open", "ENOENT"]] as const) {
      const disk = new MemoryDisk();
      const runtime = runtimeOf(disk, 1);
      const monitor = started(runtime, { layout });
      monitor.observe("a", 1);
      const live = new LiveDirectory(runtime, DIRECTORY, nothing);
      assertEquals([live.unreadable, live.exists], [[], true]);
      disk.before = (name) => {
        if (name === operation) throw new FileError(code, "refused");
      };
      const spools = disk.paths().filter((path) => path.endsWith(".spool"));
      const expected = spools.map((path) => ({ path, reason: "refused", pid: 1, isolate: "00000001" }));
      assertEquals(live.look(nothing).unreadable, code === "ENOENT" ? [] : expected);
      disk.before = (name) => {
        if (name === "list") throw new FileError(code, "refused");
      };
      const directory = [{ path: `${DIRECTORY}/.spools`, reason: "refused" }];
      assertEquals(live.look(nothing).unreadable, code === "ENOENT" ? [] : directory);
      disk.before = () => {};
      assertEquals(live.look(nothing).unreadable, []);
      await monitor.stop();
    }
  });

  it("ignores files that are not spools, and spools with a wrong header", () => {
    const disk = new MemoryDisk();
    const runtime = runtimeOf(disk, 1);
    const monitor = started(runtime, {});
    monitor.observe("a", 1);
    const [spool = ""] = disk.paths().filter((path) => path.includes("/custom."));
    const bytes = disk.bytes(spool);
    const lying = (word: number, value: number): Uint8Array => {
      const copy = bytes.slice();
      new Uint32Array(copy.buffer)[word] = value;
      return copy;
    };
    const other = new MemoryDisk();
    const spools = `${DIRECTORY}/.spools`;
    other.plant(DIRECTORY, "directory");
    other.plant(spools, "directory");
    other.plant(`${spools}/custom.1-00000001.1.spool`, "file", lying(7, 0xffffffff)); // its sequence
    other.plant(`${spools}/custom.1-00000001.2.spool`, "file", lying(3, 0xffffffff)); // its count
    other.plant(`${spools}/custom.2-00000001.1.spool`, "file", bytes); // another's name
    other.plant(`${spools}/custom.3-00000001.1.spool`, "other");
    other.plant(`${spools}/custom.4-00000001.1.spool`, "directory");
    other.plant(`${spools}/custom.5-00000001.1.spool`, "symlink", spool);
    other.plant(`${spools}/custom.6-00000001.1.spool`, "file", "no spool");
    const seen: number[] = [];
    const live = new LiveDirectory(runtimeOf(other, 9), DIRECTORY, (_source, _label, value) => void seen.push(value));
    for (let i = 0; i < 3; i++) live.look((_source, _label, value) => void seen.push(value));
    assertEquals(seen, [1]);
    assertEquals(other.openHandles, 0);
  });
});
