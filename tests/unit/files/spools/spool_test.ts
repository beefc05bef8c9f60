import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { FileError, type Mapping } from "../../../../src/runtime.ts";
import { MonitoringDirectory } from "../../../../src/files/directory.ts";
import { FlushJournal } from "../../../../src/files/flush_journal.ts";
import { SpoolReader } from "../../../../src/files/spool_reader.ts";
import { Spool } from "../../../../src/files/spool.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { DIRECTORY, temporaryPaths } from "../../../support/fake/published_files.ts";
import { failAll, failNth, repair } from "../../../support/fake/disk_faults.ts";
import { recoverAll } from "../../../support/spools/recover_all.ts";
import { EPOCH, OWNER } from "../../../support/segments.ts";

const PATH = `${DIRECTORY}/.spools/custom.4242-0badcafe.1.spool`;
const BYTES = 200_000; // several blocks, the last one partial

function create(disk: MemoryDisk, bytes = BYTES): Spool {
  return Spool.create(new MonitoringDirectory(disk, DIRECTORY), OWNER, {
    number: 1,
    bytes,
    layout: "append",
    sync: false,
  });
}

describe("Spool", () => {
  it("is a file of zeros, allocated before it is mapped, and locked before it has its name", () => {
    const disk = new MemoryDisk();
    disk.before = (operation, path) => {
      if (operation === "map") assertEquals(disk.bytes(path), new Uint8Array(BYTES));
      if (operation === "rename") assertEquals(disk.open(path).tryLock?.(), false);
    };
    const spool = create(disk);
    repair(disk);
    assertEquals(disk.paths(), [DIRECTORY, `${DIRECTORY}/.spools`, PATH]);
    assertEquals([disk.bytes(PATH).length, disk.mappings, spool.isInPlace()], [BYTES, 1, true]);
    assertEquals(recoverAll(disk).alive, 1);
  });

  it("shows readers of the file at once what is stored, and the layout", () => {
    const disk = new MemoryDisk();
    const { segment } = create(disk);
    segment.open(1, EPOCH);
    segment.add("x", 0.5, 5);
    const reader = SpoolReader.open(disk, PATH);
    assert(reader.ok);
    const found = reader.value.read();
    reader.value.close();
    assert(found.ok);
    const { segment: read, damaged } = found.value;
    assertEquals([read.count, read.owner, damaged], [1, OWNER, 0]);
    assertEquals(FlushJournal.read(read).layout, "append");
  });

  it("can be recovered once it is released; is gone once it is unlinked, and can still be used", () => {
    const disk = new MemoryDisk();
    const spool = create(disk);
    spool.segment.open(1, EPOCH);
    spool.segment.add("x", 0.5, 5);
    spool.release();
    spool.release();
    assertEquals(disk.mappings, 0);
    assertEquals(recoverAll(disk).rows, 1);
    const other = create(disk);
    other.unlink();
    other.unlink();
    other.segment.open(2, EPOCH);
    assertEquals([other.segment.add("y", 1, 1) >= 0, other.isInPlace()], [true, false]);
    assertEquals(temporaryPaths(disk), []);
  });

  it("is not in place once it is removed, replaced or moved, and does not remove what replaced it", () => {
    const disk = new MemoryDisk();
    const spool = create(disk);
    disk.move(PATH, `${PATH}.moved`);
    assertEquals(spool.isInPlace(), false);
    disk.plant(PATH, "file", "another's");
    assertEquals(spool.isInPlace(), false);
    spool.unlink();
    assertEquals(disk.text(PATH), "another's");
    failAll(disk, "EIO", "status");
    assertEquals(spool.isInPlace(), false);
  });

  it("leaves nothing if it cannot be created, but what the disk refuses to remove, whatever fails", () => {
    const left = new Set<string>();
    for (const code of ["EIO", "ENOSPC", "EDQUOT", "EINVAL", "ENOLCK"]) {
      for (let nth = 1;; nth++) {
        const disk = new MemoryDisk();
        const faults = failNth(disk, nth, code);
        let spool: Spool | undefined;
        try {
          spool = create(disk);
        } catch (error) {
          assertEquals((error as FileError).code, code);
        }
        repair(disk);
        if (spool === undefined) {
          assertEquals([faults.first, disk.openHandles, disk.mappings], [faults.first, 0, 0]);
          for (const path of disk.paths()) if (path.includes("custom")) left.add(`${faults.first} ${code}: ${path}`);
        }
        if (faults.count === 0) break;
      }
    }
    assertEquals([...left], []);
  });

  it("throws if it does not fit on the disk, and leaves no file there", () => {
    const disk = new MemoryDisk();
    disk.capacity = BYTES - 1;
    assertThrows(() => create(disk), FileError, "no space left");
    disk.plant(`${DIRECTORY}/x`, "file", new Uint8Array(BYTES - 1));
    assertEquals(disk.bytes(`${DIRECTORY}/x`).length, BYTES - 1);
  });

  it("is refused where the mapping is no memory of the file, and leaves nothing", () => {
    const unmap = (): void => {};
    const notMemory = new TypeError("no pointer") as unknown as ArrayBuffer; // what Bun before 1.4 returned
    const refusals: [why: string, mapping: (size: number, real: Mapping) => Mapping][] = [
      ["has mapped no memory", () => ({ buffer: notMemory, unmap })],
      ["has mapped no memory", (size) => ({ buffer: new ArrayBuffer(size - 1), unmap })],
      ["has mapped no memory", () => ({ buffer: notMemory, unmap: () => assertEquals("not memory", "either") })],
      ["does not stay locked", (size, real) => {
        real.unmap();
        return { buffer: new ArrayBuffer(size), unmap };
      }],
      ["does not get into it", (size, real) => ({ ...real, buffer: new ArrayBuffer(size) })],
    ];
    for (const [why, mapping] of refusals) {
      const disk = new MemoryDisk();
      const map = disk.map!;
      let real: Mapping | undefined;
      Object.assign(disk, { map: (path: string, size: number) => mapping(size, real = map(path, size)!) });
      assertThrows(() => create(disk), FileError, why);
      real?.unmap();
      assertEquals([why, temporaryPaths(disk), disk.openHandles, disk.mappings], [why, [], 0, 0]);
    }
  });

  it("is created even if a recovery removes its unfinished file at any moment", () => {
    for (let nth = 1;; nth++) {
      const disk = new MemoryDisk();
      let operations = 0;
      disk.before = () => {
        if (++operations !== nth) return;
        const before = disk.before;
        repair(disk);
        assertEquals(recoverAll(disk).failures, []);
        disk.before = before;
      };
      assertEquals([nth, create(disk).isInPlace()], [nth, true]);
      if (operations < nth) break;
    }
  });

  it("is created even if a recovery locks its unfinished file, and removes it at any later moment", () => {
    for (let later = 1; later < 40; later++) {
      const disk = new MemoryDisk();
      let left: number | undefined;
      let goOn = (): void => {};
      disk.before = (operation, path) => {
        if (operation === "map" && left === undefined) {
          const unlock = disk.lock(path);
          left = later;
          goOn = () => {
            disk.removeTree(path); // whatever has the name by now
            unlock();
          };
        } else if (left !== undefined && left-- === 1) {
          goOn();
        }
      };
      assertEquals([later, create(disk).isInPlace()], [later, true]);
    }
  });

  it("gives up when its unfinished file keeps being removed", () => {
    const disk = new MemoryDisk();
    disk.before = (operation, path) => {
      if (operation === "map") disk.removeTree(path);
    };
    assertThrows(() => create(disk), FileError, "taken away");
    assertEquals([disk.openHandles, disk.mappings], [0, 0]);
  });
});
