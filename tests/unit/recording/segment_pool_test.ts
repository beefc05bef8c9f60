import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { KymoError } from "../../../src/errors.ts";
import type { Segment } from "../../../src/segment/segment.ts";
import { FileError } from "../../../src/runtime.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { SegmentPool } from "../../../src/recording/segment_pool.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import { DIRECTORY, temporaryPaths } from "../../support/published_files.ts";
import { failAll, repair } from "../../support/fake/disk_faults.ts";
import { KilledProgram } from "../../support/killed/killed_program.ts";
import { chop, recoverAll, wrongAfter } from "../../support/killed/killed_recovery.ts";
import { RecordedRows } from "../../support/killed/killed_rows.ts";
import { EPOCH, OWNER } from "../../support/segments.ts";

/** Memory on a disk, with what it reported. */
function memoryOn(
  disk: MemoryDisk,
  { strict = false, spools = true } = {},
): { memory: SegmentPool; errors: Error[] } {
  const errors: Error[] = [];
  const directory = new MonitoringDirectory(disk, DIRECTORY);
  const report = (error: Error): void => void errors.push(error);
  return { memory: new SegmentPool({ directory, owner: OWNER, layout: "segments", spools, strict, report }), errors };
}

const spoolsOn = (disk: MemoryDisk): string[] => disk.paths().filter((path) => path.endsWith(".spool"));

/** Opens it and stores a row. */
function fill(segment: Segment): Segment {
  segment.open(1, EPOCH);
  assert(segment.add("x", 1, 1) >= 0);
  return segment;
}

describe("SegmentPool", () => {
  it("gives spools, the same again while they are in place, and removes those without rows at the end", () => {
    const disk = new MemoryDisk();
    const { memory, errors } = memoryOn(disk);
    const [one, other] = [memory.allocate(2048, undefined), memory.allocate(2048, undefined)];
    assertEquals([memory.isKept(one), spoolsOn(disk).length], [true, 2]);
    assertEquals(memory.allocate(2048, one), one);
    fill(other);
    memory.releaseEmpty();
    assertEquals([spoolsOn(disk).length, memory.isKept(one), memory.isKept(other)], [1, false, true]);
    memory.close();
    assertEquals([spoolsOn(disk).length, disk.mappings, errors], [1, 0, []]);
    assertEquals([recoverAll(disk).rows, temporaryPaths(disk)], [1, []]);
  });

  it("goes on with memory whose file is gone while there is no better, and asks for none", () => {
    const disk = new MemoryDisk();
    const { memory } = memoryOn(disk);
    const free = memory.allocate(2048, undefined);
    disk.removeTree(DIRECTORY);
    failAll(disk, "EIO", "create");
    const { ArrayBuffer } = globalThis;
    try {
      globalThis.ArrayBuffer = class extends ArrayBuffer {
        constructor() {
          super(0);
          throw new RangeError("no memory");
        }
      } as unknown as typeof ArrayBuffer;
      assertEquals(memory.allocate(2048, free), free);
    } finally {
      globalThis.ArrayBuffer = ArrayBuffer;
    }
    fill(free);
    repair(disk);
    assert(memory.allocate(2048, undefined) !== free);
    assertEquals(free.count, 1);
    memory.close();
    assertEquals(disk.mappings, 0);
  });

  it("makes no spool any more once it is retired, and keeps those with rows", () => {
    const disk = new MemoryDisk();
    const { memory, errors } = memoryOn(disk);
    const segment = fill(memory.allocate(2048, undefined));
    memory.retire();
    assertEquals([memory.isKept(memory.allocate(2048, undefined)), memory.isKept(segment)], [false, true]);
    memory.close();
    assertEquals([spoolsOn(disk).length, disk.mappings, errors], [1, 0, []]);
  });

  it("gives private memory, and makes no file, where spools are not wanted or files cannot be mapped", () => {
    for (const [disk, spools] of [[new MemoryDisk(), false], [new MemoryDisk(false), true]] as const) {
      const { memory, errors } = memoryOn(disk, { spools, strict: true });
      const segment = fill(memory.allocate(2048, undefined));
      assertEquals([memory.isKept(segment), memory.allocate(2048, segment)], [false, segment]);
      memory.close();
      assertEquals([errors, disk.paths()], [[], []]);
    }
  });

  for (const code of ["ENOSPC", "EDQUOT", "EIO", "EACCES"]) {
    it(`throws a KymoError at the door for ${code}, and leaves nothing`, () => {
      const disk = new MemoryDisk();
      failAll(disk, code, "write");
      const { memory, errors } = memoryOn(disk, { strict: true });
      const error = assertThrows(() => memory.allocate(2048, undefined), KymoError);
      assertMatch(error.message, /^Cannot make a spool: "\/_monitoring": /);
      memory.close();
      assertEquals([errors, spoolsOn(disk), disk.openHandles, disk.mappings], [[], [], 0, 0]);
      assertEquals(disk.paths().filter((path) => path.includes("custom")), []);
    });
  }

  for (const code of ["ENOLCK", "EOPNOTSUPP", "ENOTSUP", "ENOSYS", "ENODEV", "EINVAL"]) {
    it(`goes on in private memory for good, with one report, where mapping says ${code}`, () => {
      const disk = new MemoryDisk();
      failAll(disk, code, "map");
      const { memory, errors } = memoryOn(disk, { strict: true });
      const segment = memory.allocate(2048, undefined);
      repair(disk);
      memory.allocate(2048, undefined);
      assertEquals([memory.isKept(segment), spoolsOn(disk), errors.length], [false, [], 1]);
      assertMatch(
        errors[0]!.message,
        /^Cannot make another spool, so observations may be in memory only: "\/_monitoring": /,
      );
    });
  }

  it("goes on in private memory while the disk is full at a roll-over, with one report, and is back in a spool after", () => {
    const disk = new MemoryDisk();
    const { memory, errors } = memoryOn(disk, { strict: true });
    const spool = memory.allocate(2048, undefined);
    disk.capacity = 3000;
    const other = memory.allocate(2048, undefined);
    assertEquals([errors.length, memory.isKept(other)], [1, false]);
    assertEquals(memory.allocate(2048, other), other);
    assertEquals([errors.length, memory.allocate(2048, spool)], [1, spool]);
    disk.capacity = Infinity;
    const again = memory.allocate(2048, other);
    assertEquals([again === other, memory.isKept(again)], [false, true]);
    disk.capacity = 5000;
    memory.allocate(2048, undefined);
    assertEquals(errors.length, 2); // for it worked in between
    memory.close();
    assertEquals([disk.mappings, spoolsOn(disk)], [0, []]);
  });

  it("replaces a spool that somebody deleted, or whose directory is gone, which is made again", () => {
    const disk = new MemoryDisk();
    const { memory, errors } = memoryOn(disk);
    const first = memory.allocate(2048, undefined);
    disk.removeTree(spoolsOn(disk)[0]!);
    assertEquals(memory.isKept(first), false);
    const second = memory.allocate(2048, first);
    assertEquals([second === first, memory.isKept(second), disk.mappings], [false, true, 1]);
    disk.removeTree(DIRECTORY);
    const third = memory.allocate(2048, second);
    assertEquals([memory.isKept(third), disk.mappings, errors], [true, 1, []]);
  });

  it("tells a rename that fails, and removes what it had made", () => {
    const disk = new MemoryDisk();
    failAll(disk, "EIO", "rename");
    const { memory, errors } = memoryOn(disk);
    memory.allocate(2048, undefined);
    assertEquals([errors.length, disk.mappings, disk.openHandles], [1, 0, 0]);
    assertEquals(disk.paths().filter((path) => path.includes("custom")), []);
  });
});

for (const layout of ["segments", "append"] as const) {
  describe(`a program on a disk that refuses, layout ${layout}`, () => {
    it("ends with its rows in the spools, counted as buffered, and they are recovered once", async () => {
      const disk = new MemoryDisk();
      const rows = new RecordedRows();
      const program = new KilledProgram(disk, rows, { layout, durability: "spool" });
      program.record(10);
      chop(disk, (operation, path) => {
        if (operation === "write" && !path.includes(".spool")) throw new FileError("ENOSPC", "full");
      });
      program.record(100); // one is sealed
      await program.channels.close();
      const counts = program.channels.counts();
      for (const channel of ["custom", "duration"]) {
        assertEquals(counts[channel], { recorded: 110, flushed: 0, buffered: 110, dropped: 0 });
      }
      assertEquals([disk.mappings, disk.openHandles, program.runtime.timers.count], [0, 0, 0]);
      repair(disk);
      disk.writeLimit = Infinity;
      const summary = recoverAll(disk);
      assertEquals(summary.rows, 220);
      assertEquals(wrongAfter(disk, rows, summary), []);
    });

    it("has dropped, exactly, what was in a spool that somebody deleted", async () => {
      const disk = new MemoryDisk();
      const rows = new RecordedRows();
      const program = new KilledProgram(disk, rows, { layout, durability: "spool" });
      program.record(10);
      disk.removeTree(disk.paths().find((path) => path.includes("custom"))!);
      failAll(disk, "ENOSPC", "write");
      await program.channels.close();
      const { custom, duration } = program.channels.counts();
      assertEquals(custom, { recorded: 10, flushed: 0, buffered: 0, dropped: 10 });
      assertEquals(duration, { recorded: 10, flushed: 0, buffered: 10, dropped: 0 });
      repair(disk);
      assertEquals([recoverAll(disk).rows, temporaryPaths(disk)], [10, []]);
    });
  });
}
