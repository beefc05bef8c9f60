import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { KymoError } from "../../../../src/errors.ts";
import type { Segment } from "../../../../src/segment/segment.ts";
import { FileError } from "../../../../src/runtime.ts";
import { MonitoringDirectory } from "../../../../src/files/directory.ts";
import { SegmentPool } from "../../../../src/recording/buffers/segment_pool.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { DIRECTORY, temporaryPaths } from "../../../support/fake/published_files.ts";
import { failAll, repair } from "../../../support/fake/disk_faults.ts";
import { KilledProgram } from "../../../support/spools/killed_program.ts";
import { chop, recoverAll, wrongAfter } from "../../../support/spools/recover_all.ts";
import { RecordedRows } from "../../../support/spools/recorded_rows.ts";
import { EPOCH, OWNER } from "../../../support/segments.ts";

/** A pool on a disk, with what it reported. */
function poolOn(
  disk: MemoryDisk,
  { strict = false, spools = true } = {},
): { pool: SegmentPool; errors: Error[] } {
  const errors: Error[] = [];
  const directory = new MonitoringDirectory(disk, DIRECTORY);
  const report = (error: Error): void => void errors.push(error);
  return {
    pool: new SegmentPool({ directory, owner: OWNER, layout: "segments", bytes: 2048, spools, strict, report }),
    errors,
  };
}

const spoolsOn = (disk: MemoryDisk): string[] => disk.paths().filter((path) => path.endsWith(".spool"));

/** Opens it and stores a row. */
function fill(segment: Segment): Segment {
  segment.open(1, EPOCH);
  assert(segment.add("x", 1, 1) >= 0);
  return segment;
}

describe("SegmentPool", () => {
  it("gives spools, the same again while they are in place, and takes back those without rows once it is retired", () => {
    const disk = new MemoryDisk();
    const { pool, errors } = poolOn(disk);
    const [one, other] = [pool.next(), pool.next()];
    assertEquals([pool.isKept(one), spoolsOn(disk).length], [true, 2]);
    assertEquals(pool.next(one), one);
    fill(other);
    pool.retire();
    const onHeap = pool.next(one);
    assertEquals([onHeap === one, pool.isKept(onHeap), pool.isKept(one), pool.isKept(other)], [
      false,
      false,
      false,
      true,
    ]);
    assertEquals([spoolsOn(disk).length, pool.next(onHeap) === onHeap], [1, true]);
    pool.close();
    assertEquals([spoolsOn(disk).length, disk.mappings, errors], [1, 0, []]);
    assertEquals([recoverAll(disk).rows, temporaryPaths(disk)], [1, []]);
  });

  it("goes on with memory whose file is gone while there is no better, and asks for none", () => {
    const disk = new MemoryDisk();
    const { pool } = poolOn(disk);
    const free = pool.next();
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
      assertEquals(pool.next(free), free);
    } finally {
      globalThis.ArrayBuffer = ArrayBuffer;
    }
    fill(free);
    repair(disk);
    assert(pool.next() !== free);
    assertEquals(free.count, 1);
    pool.close();
    assertEquals(disk.mappings, 0);
  });

  it("makes no spool any more once it is retired, and keeps those with rows", () => {
    const disk = new MemoryDisk();
    const { pool, errors } = poolOn(disk);
    const segment = fill(pool.next());
    pool.retire();
    assertEquals([pool.isKept(pool.next()), pool.isKept(segment)], [false, true]);
    pool.close();
    assertEquals([spoolsOn(disk).length, disk.mappings, errors], [1, 0, []]);
  });

  it("gives heap memory, and makes no file, where spools are not wanted or files cannot be mapped", () => {
    for (const [disk, spools] of [[new MemoryDisk(), false], [new MemoryDisk(false), true]] as const) {
      const { pool, errors } = poolOn(disk, { spools, strict: true });
      const segment = fill(pool.next());
      assertEquals([pool.isKept(segment), pool.next(segment)], [false, segment]);
      pool.close();
      assertEquals([errors, disk.paths()], [[], []]);
    }
  });

  for (const code of ["ENOSPC", "EDQUOT", "EIO", "EFBIG"]) {
    it(`throws a KymoError at the door for ${code}, and leaves nothing`, () => {
      const disk = new MemoryDisk();
      failAll(disk, code, "write");
      const { pool, errors } = poolOn(disk, { strict: true });
      const error = assertThrows(() => pool.next(), KymoError);
      assertMatch(error.message, /^Cannot make a spool: "\/_monitoring": /);
      pool.close();
      assertEquals([errors, spoolsOn(disk), disk.openHandles, disk.mappings], [[], [], 0, 0]);
      assertEquals(disk.paths().filter((path) => path.includes("custom")), []);
    });
  }

  it("goes on in heap memory where it may make no spool, tries again, and reports it once for all channels", () => {
    const disk = new MemoryDisk();
    disk.plant(DIRECTORY, "directory");
    disk.plant(`${DIRECTORY}/.spools`, "directory");
    const forbid = (): void => {
      disk.before = (operation, path) => {
        if (operation === "create" && path.includes("/.spools/")) throw new FileError("EACCES", "permission denied");
      };
    };
    const errors: KymoError[] = [];
    const directory = new MonitoringDirectory(disk, DIRECTORY);
    const options = { directory, layout: "segments", bytes: 2048, spools: true, strict: true } as const;
    const report = (error: KymoError): void => void errors.push(error);
    const pools = ["one", "two"].map((channel) =>
      new SegmentPool({ ...options, owner: { ...OWNER, channel }, report })
    );
    forbid();
    const segments = pools.map((pool) => pool.next());
    const why = `"${DIRECTORY}/.spools": permission denied`;
    assertEquals(segments.map((segment, i) => pools[i]!.whyNotSpool(segment)), [why, why]);
    assertEquals(errors.map(({ code, message }) => [code, message]), [
      ["permission-denied", `Cannot make a spool, so observations may be in memory only: ${why}`],
    ]);

    repair(disk);
    const spools = pools.map((pool, i) => pool.next(segments[i]));
    assertEquals([spoolsOn(disk).length, directory.whyNot("spool")], [2, undefined]);
    for (const spool of spools) fill(spool);
    forbid();
    for (const pool of pools) pool.next();
    assertEquals(errors.length, 2);
    for (const pool of pools) pool.close();
  });

  it("throws a KymoError at the door where it may create no file at all", () => {
    const disk = new MemoryDisk();
    disk.plant(DIRECTORY, "directory");
    disk.plant(`${DIRECTORY}/.spools`, "directory");
    failAll(disk, "EACCES", "create");
    const { pool, errors } = poolOn(disk, { strict: true });
    const error = assertThrows(() => pool.next(), KymoError);
    assertMatch(error.message, /^Cannot write to the monitoring directory: "\/_monitoring": /);
    assertEquals([error.code, errors], ["permission-denied", []]);
  });

  for (const code of ["ENOLCK", "EOPNOTSUPP", "ENOTSUP", "ENOSYS", "ENODEV", "EINVAL"]) {
    it(`goes on in heap memory for good, with one report, where mapping says ${code}`, () => {
      const disk = new MemoryDisk();
      failAll(disk, code, "map");
      const { pool, errors } = poolOn(disk, { strict: true });
      const segment = pool.next();
      repair(disk);
      pool.next();
      assertEquals([pool.isKept(segment), spoolsOn(disk), errors.length], [false, [], 1]);
      assertMatch(
        errors[0]!.message,
        /^Cannot make a spool, so observations may be in memory only: "\/_monitoring": /,
      );
    });
  }

  it("goes on in heap memory while the disk is full at a roll-over, with one report, and is back in a spool after", () => {
    const disk = new MemoryDisk();
    const { pool, errors } = poolOn(disk, { strict: true });
    const spool = pool.next();
    disk.capacity = 3000;
    const other = pool.next();
    assertEquals([errors.length, pool.isKept(other)], [1, false]);
    assertEquals(pool.next(other), other);
    assertEquals([errors.length, pool.next(spool)], [1, spool]);
    disk.capacity = Infinity;
    const again = pool.next(other);
    assertEquals([again === other, pool.isKept(again)], [false, true]);
    disk.capacity = 5000;
    pool.next();
    assertEquals(errors.length, 2); // for it worked in between
    pool.close();
    assertEquals([disk.mappings, spoolsOn(disk)], [0, []]);
  });

  it("replaces a spool that somebody deleted, or whose directory is gone, which is made again", () => {
    const disk = new MemoryDisk();
    const { pool, errors } = poolOn(disk);
    const first = pool.next();
    disk.removeTree(spoolsOn(disk)[0]!);
    assertEquals(pool.isKept(first), false);
    const second = pool.next(first);
    assertEquals([second === first, pool.isKept(second), disk.mappings], [false, true, 1]);
    disk.removeTree(DIRECTORY);
    const third = pool.next(second);
    assertEquals([pool.isKept(third), disk.mappings, errors], [true, 1, []]);
  });

  it("tells a rename that fails, and removes what it had made", () => {
    const disk = new MemoryDisk();
    failAll(disk, "EIO", "rename");
    const { pool, errors } = poolOn(disk);
    pool.next();
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
