import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { listSpools, SpoolReader } from "../../../../src/files/spool_reader.ts";
import { MonitoringDirectory } from "../../../../src/files/directory.ts";
import { FileError } from "../../../../src/runtime.ts";
import { HeaderWord } from "../../../../src/segment/format.ts";
import { failAll, repair } from "../../../support/fake/disk_faults.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { killedWith } from "../../../support/spools/dead_programs.ts";
import { DIRECTORY } from "../../../support/fake/published_files.ts";

const OWNER = { channel: "custom", pid: 42, isolate: "00000001" };
const PATH = `${DIRECTORY}/.spools/custom.42-00000001.1.spool`;
const FOUND = { path: PATH, name: { owner: OWNER, number: 1, state: "complete" } } as const;

/** A disk with the spools of a program that was killed. */
function diskWithSpools(): MemoryDisk {
  return killedWith(9).disk;
}

/** Changes a 32-bit word in the header of the spool. */
function change(disk: MemoryDisk, word: number, value: number): void {
  const bytes = disk.bytes(PATH);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(4 * word, value, true);
  disk.plant(PATH, "file", bytes);
}

/** The kind of failure that opening the spool, or reading its header, ends with. */
function faultOf(disk: MemoryDisk, open = SpoolReader.open(disk, PATH, OWNER)): string | undefined {
  if (!open.ok) return open.kind;
  const header = open.value.header();
  open.value.close();
  assertEquals(disk.openHandles, 0);
  return header.ok ? undefined : header.kind;
}

describe("listSpools", () => {
  it("lists the spools of a directory, by name, with their owner and state, and no other files", () => {
    const disk = new MemoryDisk();
    const directory = new MonitoringDirectory(disk, DIRECTORY);
    assertEquals(listSpools(directory), []);
    disk.plant(DIRECTORY, "directory");
    disk.plant(`${DIRECTORY}/.spools`, "directory");
    assertEquals(listSpools(directory), []);
    const names = ["custom.42-00000001.1.spool", "custom.42-00000001.1.spool.tmp", "a.1-00000002.7.spool.damaged"];
    for (const name of [...names, "notes.txt", "a.spool"]) disk.plant(`${DIRECTORY}/.spools/${name}`, "file");
    const a = { channel: "a", pid: 1, isolate: "00000002" };
    assertEquals(listSpools(directory), [
      { path: `${DIRECTORY}/.spools/${names[2]}`, name: { owner: a, number: 7, state: "damaged" } },
      { path: PATH, name: { owner: OWNER, number: 1, state: "complete" } },
      { path: `${PATH}.tmp`, name: { owner: OWNER, number: 1, state: "unfinished" } },
    ]);
    failAll(disk, "EACCES", "list");
    assertThrows(() => listSpools(directory), FileError);
  });
});

describe("SpoolReader", () => {
  it("reads header and rows of a spool, whether its owner lives or is dead", () => {
    const disk = diskWithSpools();
    const spool = SpoolReader.open(disk, PATH, OWNER);
    assert(spool.ok);
    const header = spool.value.header();
    const rows = spool.value.read();
    spool.value.close();
    assert(header.ok && rows.ok);
    assertEquals([header.value.owner.channel, header.value.count, rows.value.segment.count], ["custom", 9, 9]);
    assertEquals(disk.openHandles, 0);
  });

  const faults: Readonly<Record<string, [make: (disk: MemoryDisk) => void, kind: string]>> = {
    "is gone": [(disk) => disk.removeTree(PATH), "gone"],
    "is a directory": [(disk) => (disk.removeTree(PATH), disk.plant(PATH, "directory")), "not-a-file"],
    "is a pipe, without opening it": [(disk) => disk.plant(PATH, "other"), "not-a-file"],
    "is a link, without following it": [(disk) => disk.plant(PATH, "symlink", "/precious"), "not-a-file"],
    "is empty": [(disk) => disk.plant(PATH, "file", ""), "empty"],
    "is cut within its header": [(disk) => disk.plant(PATH, "file", disk.bytes(PATH).slice(0, 255)), "too-short"],
    "is not a spool": [(disk) => change(disk, HeaderWord.magic, 1), "bad-magic"],
    "is of another version": [(disk) => change(disk, HeaderWord.version, 2), "other-version"],
    "has another owner": [(disk) => change(disk, HeaderWord.pid, 43), "not-its-name"],
    "has another channel": [(disk) => change(disk, 16, 0x61616161), "not-its-name"],
    "has another isolate": [(disk) => change(disk, 12, 0x61616161), "not-its-name"],
    "has an isolate that is none": [(disk) => change(disk, 12, 0), "damaged"],
    "has an unknown kind of values": [(disk) => change(disk, HeaderWord.kind, 2), "damaged"],
    "has more rows than fit": [(disk) => change(disk, HeaderWord.count, 1e6), "damaged"],
    "has an impossible capacity": [(disk) => change(disk, HeaderWord.capacity, 0xffffffff), "damaged"],
  };
  for (const [what, [make, kind]] of Object.entries(faults)) {
    it(`reports that a file ${what}`, () => {
      const disk = diskWithSpools();
      make(disk);
      assertEquals(faultOf(disk), kind);
      assertEquals(faultOf(disk, SpoolReader.openIfOwnerDead(disk, FOUND)), kind);
    });
  }

  it("accepts any owner if it is given none", () => {
    const disk = diskWithSpools();
    change(disk, HeaderWord.pid, 43);
    assertEquals(faultOf(disk, SpoolReader.open(disk, PATH)), undefined);
  });

  it("opens the spool of a dead owner only: one that nobody has locked, and releases its own lock", () => {
    const disk = diskWithSpools();
    const release = disk.lock(PATH);
    assertEquals(faultOf(disk, SpoolReader.openIfOwnerDead(disk, FOUND)), "locked");
    assertEquals(faultOf(disk), undefined);
    release();
    const first = SpoolReader.openIfOwnerDead(disk, FOUND);
    assert(first.ok);
    const second = SpoolReader.openIfOwnerDead(disk, FOUND);
    assertEquals(second.ok ? undefined : second.kind, "locked");
    first.value.close();
    assertEquals(faultOf(disk, SpoolReader.openIfOwnerDead(disk, FOUND)), undefined);
  });

  it("counts a spool as gone that another recovery removed before it got the lock", () => {
    const disk = diskWithSpools();
    disk.before = (operation) => {
      if (operation !== "lock") return;
      repair(disk);
      disk.removeTree(PATH);
    };
    assertEquals(faultOf(disk, SpoolReader.openIfOwnerDead(disk, FOUND)), "gone");
    assertEquals(disk.openHandles, 0);
  });

  it("writes the flush journal to the header, however few bytes the system takes, and nothing else", () => {
    const disk = diskWithSpools();
    const before = disk.bytes(PATH).slice();
    const spool = SpoolReader.openIfOwnerDead(disk, FOUND);
    assert(spool.ok);
    disk.writeLimit = 5;
    const journal = Uint8Array.from({ length: 128 }, (_, i) => i);
    spool.value.saveJournal(journal);
    spool.value.close();
    before.set(journal, 128);
    assertEquals(disk.bytes(PATH), before);
  });

  it("throws what the disk says, and leaves no file open", () => {
    for (const kind of ["status", "open", "lock", "fstat"] as const) {
      const disk = diskWithSpools();
      failAll(disk, "EIO", kind);
      const read = (): void => void faultOf(disk, SpoolReader.openIfOwnerDead(disk, FOUND));
      assertThrows(read, FileError, "EIO");
      repair(disk);
      assertEquals([kind, disk.openHandles], [kind, 0]);
    }
  });
});
