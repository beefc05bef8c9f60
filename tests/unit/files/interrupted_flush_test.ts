import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { CsvEncoder, encode } from "../../../src/csv/encode.ts";
import { FileError } from "../../../src/runtime.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { FlushJournal } from "../../../src/files/flush_journal.ts";
import { removeTemporaries, settleStep } from "../../../src/files/interrupted_flush.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import { DIRECTORY } from "../../support/fake/published_files.ts";
import { failAll } from "../../support/fake/disk_faults.ts";
import { openSegment } from "../../support/segments.ts";

const UNIQUE = "4242-0badcafe-000001";
const OWN = `${DIRECTORY}/custom.${UNIQUE}.csv`;
const APPENDED = `${DIRECTORY}/custom.csv`;

/**
 * A segment of 20 rows with its journal and the parts of its CSV, on a disk; `settle` finishes its
 * step.
 */
function interrupted() {
  const disk = new MemoryDisk();
  disk.plant(DIRECTORY, "directory");
  const directory = new MonitoringDirectory(disk, DIRECTORY);
  const segment = openSegment();
  for (let i = 0; i < 20; i++) segment.add(i % 2 === 0 ? 'a "quoted",\r\nlabel' : "x", i, 1 + i);
  const csv = encode(segment);
  const header = csv.slice(0, csv.indexOf("\n") + 1);
  const rows = csv.slice(header.length).match(/(?:[^"]|"(?:[^"]|"")*")*?,4242\r\n/g)!;
  const journal = new FlushJournal(segment);
  const settle = (): boolean => settleStep({ directory, encoder: new CsvEncoder() }, segment, journal);
  /**
   * Writes to the journal that rows from `published` up to `next` are being appended to the file.
   */
  const appending = (published: number, next = 20): void => {
    journal.settled(published);
    const { identity, size } = disk.status(APPENDED)!;
    journal.appending(identity, size, next);
  };
  const append = (text: string): void => {
    const handle = disk.open(APPENDED);
    handle.seekEnd();
    handle.write(new TextEncoder().encode(text));
    handle.close();
  };
  return { disk, directory, segment, csv, header, rows, journal, settle, appending, append };
}

describe("settleStep", () => {
  it("keeps the journal when no step was under way", () => {
    const { journal, settle } = interrupted();
    assertEquals([settle(), journal.published], [true, 0]);
    journal.settled(7);
    assertEquals([settle(), journal.published], [true, 7]);
  });

  it("counts a file as renamed if its temporary name is gone, and only then", () => {
    for (const isThere of [true, false]) {
      const { disk, journal, settle } = interrupted();
      journal.renaming(2);
      if (isThere) disk.plant(`${DIRECTORY}/.custom.${UNIQUE}-2.csv.tmp`, "file");
      assertEquals([settle(), journal.published, journal.step.kind], [true, isThere ? 0 : 20, "none"]);
    }
  });

  it("counts the rows in a separate file although the journal names no step, as after a power cut", () => {
    const { disk, journal, settle, csv } = interrupted();
    disk.plant(OWN, "file", csv);
    assertEquals([settle(), journal.published], [true, 20]);
  });

  it("does not count rows as published if the file of that name has others", () => {
    for (const change of [(csv: string) => csv.replace(",1,x", ",2,x"), (csv: string) => csv.slice(0, -9), () => ""]) {
      const { disk, journal, settle, csv } = interrupted();
      disk.plant(OWN, "file", change(csv));
      assertEquals([settle(), journal.published], [true, 0]);
    }
  });

  it("counts the rows that were appended, and cuts off a torn one, at any byte", () => {
    const { header, rows: all } = interrupted();
    const text = all.slice(4).join("");
    for (let length = 0; length <= text.length; length++) {
      const { disk, journal, settle, appending, append } = interrupted();
      disk.plant(APPENDED, "file", header + "1,1,before,1\r\n");
      appending(4);
      append(text.slice(0, length));
      let whole = 0;
      while (all.slice(4, 4 + whole + 1).join("").length <= length && whole < 16) whole++;
      assertEquals([length, settle(), journal.published, journal.step.kind], [length, true, 4 + whole, "none"]);
      const left = header + "1,1,before,1\r\n" + all.slice(4, 4 + whole).join("");
      assertEquals([disk.text(APPENDED), disk.openHandles], [left, 0]);
    }
  });

  it("changes nothing in the file if others have appended since", () => {
    const { disk, journal, settle, appending, append, header, rows } = interrupted();
    disk.plant(APPENDED, "file", header);
    appending(0);
    append(rows.slice(0, 3).join("") + "1700000000000000009,1,other,1\r\n");
    const before = disk.text(APPENDED);
    assertEquals([settle(), journal.published, disk.text(APPENDED)], [true, 3, before]);
  });

  it("finds the file under another name, and counts no rows of one that is gone or was cut", () => {
    const there = interrupted();
    there.disk.plant(APPENDED, "file", there.header);
    there.appending(0);
    there.append(there.rows.join(""));
    there.disk.move(APPENDED, `${DIRECTORY}/custom.old.csv`);
    there.disk.plant(APPENDED, "file", there.header + there.rows.join(""));
    assertEquals([there.settle(), there.journal.published], [true, 20]);
    for (
      const lose of [
        (disk: MemoryDisk) => disk.removeTree(APPENDED),
        (disk: MemoryDisk) => disk.plant(APPENDED, "file", "x"),
      ]
    ) {
      const { disk, journal, settle, appending, header } = interrupted();
      disk.plant(APPENDED, "file", header);
      appending(5);
      lose(disk);
      assertEquals([settle(), journal.published], [true, 5]);
    }
  });

  it("changes nothing while another program holds the lock", () => {
    const { disk, journal, settle, appending, append, header, rows } = interrupted();
    disk.plant(APPENDED, "file", header);
    appending(0);
    append(rows[0]! + "17");
    const release = disk.lock(APPENDED);
    assertEquals([settle(), journal.published, journal.step.kind, disk.openHandles], [false, 0, "appending", 0]);
    release();
    assertEquals([settle(), journal.published, disk.text(APPENDED)], [true, 1, header + rows[0]!]);
  });

  it("throws what the disk says, and keeps the journal", () => {
    const { disk, journal, settle, appending, header } = interrupted();
    disk.plant(APPENDED, "file", header);
    appending(3);
    for (const kind of ["open", "lock", "fstat"] as const) {
      failAll(disk, "EIO", kind);
      assertThrows(settle, FileError, "EIO");
      assertEquals([kind, journal.step.kind, journal.published, disk.openHandles], [kind, "appending", 3, 0]);
    }
  });

  it("ignores an impossible offset or count", () => {
    for (const offset of [NaN, Infinity, -1, 1e18, 0.5]) {
      for (const [published, next] of [[0, 4_000_000_000], [19, 3], [4_000_000_000, 5]] as const) {
        const { disk, journal, settle, header } = interrupted();
        disk.plant(APPENDED, "file", header);
        journal.settled(published);
        journal.appending(disk.status(APPENDED)!.identity, offset, next);
        assertEquals([offset, settle(), journal.published], [offset, true, published]);
        assertEquals(disk.text(APPENDED), header);
      }
    }
  });
});

describe("removeTemporaries", () => {
  it("removes the temporary files of the segment, and nothing else", () => {
    const { disk, directory, segment } = interrupted();
    const own = [`.custom.${UNIQUE}.csv.tmp`, `.custom.${UNIQUE}-1.csv.tmp`, `.custom.csv.${UNIQUE}-0.tmp`];
    const others = [
      "custom.csv",
      ".custom.4242-0badcafe-000002.csv.tmp",
      `.other.${UNIQUE}.csv.tmp`,
      ".custom.csv.tmp",
    ];
    for (const name of [...own, ...others]) disk.plant(`${DIRECTORY}/${name}`, "file");
    disk.plant("/precious", "file");
    disk.plant(`${DIRECTORY}/.custom.${UNIQUE}-2.csv.tmp`, "symlink", "/precious");
    removeTemporaries(directory, segment);
    const left = [...others, `.custom.${UNIQUE}-2.csv.tmp`].map((name) => `${DIRECTORY}/${name}`);
    assertEquals(disk.paths().filter((path) => path.startsWith(`${DIRECTORY}/`)), left.sort());
    failAll(disk, "EIO");
    removeTemporaries(directory, segment);
  });
});
