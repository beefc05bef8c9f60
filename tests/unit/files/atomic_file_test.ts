import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { FileError, type FileStatus } from "../../../src/runtime.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { FlushJournal } from "../../../src/files/flush_journal.ts";
import { AtomicFile } from "../../../src/files/atomic_file.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import { failNth } from "../../support/fake/disk_faults.ts";
import { bytes } from "../../support/fake/published_files.ts";
import { openSegment } from "../../support/segments.ts";

const FINAL = "/_monitoring/x.1.csv";
const TEMPORARY = "/_monitoring/.x.1.csv.tmp";

function published(syncs = false): { disk: MemoryDisk; file: AtomicFile; journal: FlushJournal } {
  const disk = new MemoryDisk();
  const directory = MonitoringDirectory.create(disk, "/_monitoring", { syncs });
  const journal = new FlushJournal(openSegment(1024));
  const nameOf = (number: number): string => `x.1${number === 0 ? "" : `-${number}`}.csv`;
  const options = { nameOf, head: bytes("head\r\n"), journal };
  return { disk, file: new AtomicFile(directory, options), journal };
}

/** All files with their texts, directories left out. */
function textsOn(disk: MemoryDisk): Record<string, string> {
  return Object.fromEntries(
    disk.paths().filter((path) => disk.status(path)?.kind !== "directory").map((path) => [path, disk.text(path)]),
  );
}

describe("AtomicFile", () => {
  it("has a temporary name until it is whole", () => {
    const { disk, file } = published();
    file.write(bytes("one\r\n"));
    assertEquals(textsOn(disk), { [TEMPORARY]: "head\r\none\r\n" });
    file.write(bytes("two\r\n"));
    file.commit(1);
    assertEquals(textsOn(disk), { [FINAL]: "head\r\none\r\ntwo\r\n" });
    assertEquals(disk.openHandles, 0);
  });

  it("is published with only its head if nothing was written", () => {
    const { disk, file } = published();
    file.commit(1);
    assertEquals(textsOn(disk), { [FINAL]: "head\r\n" });
  });

  it("leaves nothing when aborted, and can be begun again", () => {
    const { disk, file } = published();
    file.abort();
    file.write(bytes("one\r\n"));
    file.abort();
    assertEquals([textsOn(disk), disk.openHandles], [{}, 0]);
    file.write(bytes("two\r\n"));
    file.commit(1);
    file.abort();
    assertEquals(textsOn(disk), { [FINAL]: "head\r\ntwo\r\n" });
  });

  const kinds: FileStatus["kind"][] = ["file", "symlink", "directory", "other"];
  for (const kind of kinds) {
    it(`follows and overwrites nothing that has its names: ${kind}`, () => {
      const { disk, file } = published();
      const victim = "/home/victim";
      disk.plant(victim, "file", "precious");
      for (const path of [FINAL, TEMPORARY, "/_monitoring/x.1-1.csv"]) disk.plant(path, kind, victim);
      file.write(bytes("one\r\n"));
      file.commit(1);
      assertEquals(disk.text("/_monitoring/x.1-2.csv"), "head\r\none\r\n");
      assertEquals([FINAL, TEMPORARY].map((path) => [disk.status(path)?.kind, disk.text(path)]), [[kind, victim], [
        kind,
        victim,
      ]]);
      assertEquals(disk.text(victim), "precious");
    });
  }

  it("does not overwrite what appeared at its final name while it was written", () => {
    const { disk, file } = published();
    file.write(bytes("one\r\n"));
    disk.plant(FINAL, "file", "precious");
    file.commit(1);
    assertEquals([disk.text(FINAL), disk.text("/_monitoring/x.1-1.csv")], ["precious", "head\r\none\r\n"]);
  });

  it("fails, and follows no link, when something appears at the temporary name at the last moment", () => {
    const { disk, file } = published();
    disk.plant("/home/victim", "file", "precious");
    disk.before = (operation, path) => {
      if (operation === "create") disk.plant(path, "symlink", "/home/victim");
    };
    assertThrows(() => file.write(bytes("one\r\n")), FileError);
    file.abort();
    assertEquals([disk.text("/home/victim"), disk.status(TEMPORARY)?.kind, disk.openHandles], [
      "precious",
      "symlink",
      0,
    ]);
  });

  it("gives up when a hundred names are taken", () => {
    const { disk, file } = published();
    for (let i = 0; i < 100; i++) disk.plant(`/_monitoring/.x.1${i === 0 ? "" : `-${i}`}.csv.tmp`, "file");
    assertThrows(() => file.write(bytes("one\r\n")), FileError, "names");
    file.abort();
    assertEquals(disk.openHandles, 0);
  });

  it("is whole, however few bytes the disk takes at a time", () => {
    const { disk, file } = published();
    disk.writeLimit = 1;
    file.write(bytes("one\r\n"));
    file.commit(1);
    assertEquals(textsOn(disk), { [FINAL]: "head\r\none\r\n" });
  });

  it("creates its directory again if it is gone", () => {
    const { disk, file } = published();
    disk.removeTree("/_monitoring");
    file.write(bytes("one\r\n"));
    file.commit(1);
    assertEquals(textsOn(disk), { [FINAL]: "head\r\none\r\n" });
  });

  it("fails if its directory is removed while it is written, and succeeds the next time", () => {
    for (const take of ["remove", "move"]) {
      const { disk, file } = published();
      file.write(bytes("one\r\n"));
      if (take === "remove") disk.removeTree("/_monitoring");
      else disk.move("/_monitoring", "/archive");
      assertThrows(() => file.commit(1), FileError);
      file.abort();
      file.write(bytes("one\r\n"));
      file.commit(1);
      assertEquals([disk.text(FINAL), disk.openHandles], ["head\r\none\r\n", 0]);
    }
  });

  for (const syncs of [false, true]) {
    const name = "leaves no file open and no published file, whichever operation fails";
    it(syncs ? `${name}, when it is synced` : name, () => {
      for (let nth = 1;; nth++) {
        const { disk, file, journal } = published(syncs);
        const faults = failNth(disk, nth, "EIO");
        const attempt = (): void => {
          file.write(bytes("one\r\n"));
          file.commit(1);
        };
        assertEquals(throws(attempt), faults.count > 0);
        assertEquals(journal.published, faults.count > 0 ? 0 : 1, faults.first);
        if (faults.count === 0) return;
        file.abort();
        assertEquals([textsOn(disk), disk.openHandles], [{}, 0], faults.first);
        assertEquals([journal.published, journal.step.kind], [0, "none"], faults.first);
        attempt();
        assertEquals(textsOn(disk), { [FINAL]: "head\r\none\r\n" });
        assertEquals([journal.published, journal.step.kind], [1, "none"], faults.first);
      }
    });
  }

  it("with `syncs`, is synced before it is renamed, and its directory before it counts as published", () => {
    const { disk, file, journal } = published(true);
    const steps: string[] = [];
    disk.before = (operation, path) => {
      if (["sync", "rename", "syncDirectory"].includes(operation)) {
        steps.push(`${operation} ${path} ${journal.published}`);
      }
    };
    file.write(bytes("one\r\n"));
    file.commit(1);
    assertEquals(steps, [`sync ${TEMPORARY} 0`, `rename ${TEMPORARY} 0`, "syncDirectory /_monitoring 0"]);
    assertEquals(journal.published, 1);
  });

  it("counts as published if its directory cannot be synced and it cannot be renamed back", () => {
    const { disk, file, journal } = published(true);
    file.write(bytes("one\r\n"));
    disk.before = (operation) => {
      if (operation !== "syncDirectory") return;
      disk.before = () => {};
      disk.move(FINAL, "/archive.csv");
      throw new FileError("EIO", "EIO");
    };
    assertThrows(() => file.commit(1), FileError);
    file.abort();
    assertEquals([journal.published, journal.step.kind], [1, "none"]);
    assertEquals(textsOn(disk), { "/archive.csv": "head\r\none\r\n" });
  });

  it("writes its temporary name to the journal before it is renamed", () => {
    for (const taken of [0, 3]) {
      const { disk, file, journal } = published();
      for (let i = 0; i < taken; i++) disk.plant(file.temporaryPath(i), "file");
      file.write(bytes("one\r\n"));
      assertEquals(journal.step, { kind: "none" });
      let renamed = "";
      disk.before = (operation, path) => {
        if (operation !== "rename") return;
        assertEquals(journal.step, { kind: "renaming", number: taken });
        renamed = path;
      };
      file.commit(1);
      assertEquals([renamed, journal.step, journal.published], [file.temporaryPath(taken), { kind: "none" }, 1]);
    }
  });
});

function throws(task: () => void): boolean {
  try {
    task();
    return false;
  } catch {
    return true;
  }
}
