import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { Journal } from "../../../src/ship/batches/journal.ts";
import { ShippingDirectory } from "../../../src/ship/shipping_directory.ts";
import type { BegunBatch } from "../../../src/ship/targets/target.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import { DIRECTORY } from "../../support/fake/published_files.ts";

function batch(id: string, pieces = 1): BegunBatch {
  const one = { stem: "a", channel: "c", firstRow: 0, offset: 31, rows: 2, bytes: 60, sha256: "ab".repeat(32) };
  return {
    id: id.padStart(16, "0"),
    rows: 2 * pieces,
    pieces: Array.from({ length: pieces }, (_, i) => ({ file: `${i}.csv`, ...one })),
  };
}

function setUp() {
  const disk = new MemoryDisk();
  disk.plant(DIRECTORY, "directory");
  const directory = new MonitoringDirectory(disk, DIRECTORY);
  const shipping = new ShippingDirectory(directory, "0123456789ab");
  shipping.make();
  return { disk, path: shipping.journal, open: () => Journal.open(directory, shipping.journal) };
}

/** Cuts the file to `size` bytes, and adds others. */
function change(disk: MemoryDisk, path: string, size: number, added = ""): void {
  const handle = disk.open(path);
  handle.truncate(size);
  handle.seekEnd();
  handle.write(new TextEncoder().encode(added));
  handle.close();
}

describe("the journal of a shipper", () => {
  it("knows what is open, also when it is opened again", () => {
    const { open } = setUp();
    const first = open();
    assertEquals([first.isWhole, first.open], [false, []]);
    for (const id of ["1", "2", "3"]) first.begin(batch(id));
    first.end(batch("1"), "there");
    first.end(batch("3"), "revoked");
    first.close();
    const again = open();
    assertEquals([again.isWhole, again.open], [true, [batch("2")]]);
  });

  it("forgets a line that was cut, and writes over it", () => {
    const { disk, path, open } = setUp();
    const first = open();
    first.begin(batch("1"));
    const size = disk.status(path)!.size;
    first.begin(batch("2"));
    first.close();
    for (let end = size; end < 2 * size; end++) {
      change(disk, path, end);
      const cut = open();
      assertEquals([cut.isWhole, cut.open], [true, [batch("1")]], `${end}`);
      cut.begin(batch("2"));
      cut.close();
      assertEquals(open().open, [batch("1"), batch("2")]);
    }
  });

  it("is not whole if a line is none of a journal", () => {
    for (const line of ["B {}", "B", "C 0000000000000009", "?", 'B {"id":"x","rows":1,"pieces":[]}', ""]) {
      const { disk, path, open } = setUp();
      const first = open();
      first.begin(batch("1"));
      first.close();
      change(disk, path, disk.status(path)!.size, `${line}\n`);
      const damaged = open();
      assertEquals([damaged.isWhole, damaged.open], [false, []], line);
    }
  });

  it("begins anew when it is large and nothing is open", () => {
    const { disk, path, open } = setUp();
    const journal = open();
    let largest = 0;
    for (let i = 0; i < 40; i++) {
      journal.begin(batch(i.toString(16), 500));
      journal.end(batch(i.toString(16)), "there");
      largest = Math.max(largest, disk.status(path)!.size);
    }
    assert(largest < 1.2 * 2 ** 20 && disk.status(path)!.size < 2 ** 20);
    journal.close();
    assertEquals([open().isWhole, open().open], [true, []]);
  });
});
