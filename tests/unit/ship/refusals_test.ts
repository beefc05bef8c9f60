import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import type { Piece } from "../../../src/ship/pieces/piece.ts";
import { Refusals } from "../../../src/ship/refusals.ts";
import { ShippingDirectory } from "../../../src/ship/shipping_directory.ts";
import { StoreError } from "../../../src/stores/store_error.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import { DIRECTORY } from "../../support/fake/published_files.ts";
import { FakeClock } from "../../support/fake/runtime.ts";

/** The only piece of a file. */
function piece(file: string, firstRow = 0): Piece {
  return {
    stem: file,
    file,
    firstRow,
    rows: 1,
    bytes: 1,
    sha256: Array.from(file, (character) => character.charCodeAt(0).toString(16)).join("").padStart(64, "0"),
    offset: 0,
    channel: "custom",
    damaged: 0,
    programs: [],
    newest: 0n,
    began: 0n,
    content: new Uint8Array(),
  };
}

const REFUSED = new StoreError("data", "23514", "no");

function setUp() {
  const disk = new MemoryDisk();
  disk.plant(DIRECTORY, "directory");
  const shipping = new ShippingDirectory(new MonitoringDirectory(disk, DIRECTORY), "0123456789ab");
  shipping.make();
  const condemned: string[] = [];
  const refusals = new Refusals(shipping, new FakeClock(), ({ file }) => void condemned.push(file));
  refusals.begin();
  return { refusals, shipping, condemned };
}

describe("what a store refuses", () => {
  it("is put into quarantine once it has taken another file, and not before", () => {
    const { refusals, shipping, condemned } = setUp();
    refusals.refused(piece("a"), REFUSED);
    refusals.took([piece("a", 1)]); // another piece of the same file
    assertEquals(condemned, []);
    refusals.took([piece("b")]);
    assertEquals([condemned, refusals.has(piece("a")), refusals.has(piece("b"))], [["a"], true, false]);
    assertEquals(shipping.quarantined().map(({ file, code, reason }) => [file, code, reason]), [["a", "23514", "no"]]);
  });

  it("is put into quarantine at the end of a look in which another file was taken before", () => {
    const { refusals, condemned } = setUp();
    refusals.took([piece("a")]);
    refusals.refused(piece("b"), REFUSED);
    refusals.blame();
    assertEquals(condemned, ["b"]);
  });

  it("is the fault of the store if it takes nothing", () => {
    const { refusals, condemned } = setUp();
    refusals.refused(piece("a"), REFUSED);
    assertThrows(() => refusals.blame(), StoreError, "no");
    refusals.begin(); // what was taken in the look before does not count
    refusals.refused(piece("b"), REFUSED);
    assertThrows(() => refusals.blame(), StoreError, "no");
    assertEquals([condemned, refusals.quarantinedPieces], [[], 0]);
  });

  it("does not pile up: after a hundred in a row the next look begins with others", () => {
    const { refusals, condemned } = setUp();
    const names = Array.from({ length: 200 }, (_, i) => `f${String(i).padStart(3, "0")}`);
    assertEquals(refusals.startAfter, "");
    let tried = 0;
    assertThrows(() => {
      for (const name of names) {
        tried++;
        refusals.refused(piece(name), REFUSED);
      }
    }, StoreError);
    assertEquals(tried, 100);
    refusals.begin();
    assertEquals(refusals.startAfter, "f099");
    refusals.took([piece("f100")]);
    for (const name of names.slice(0, 100)) refusals.refused(piece(name), REFUSED);
    assertEquals(condemned.length, 100);
    refusals.blame();
    assertEquals(refusals.startAfter, "");
  });

  it("is skipped no more when the quarantine is full", () => {
    const { refusals } = setUp();
    for (let i = 0; i < 1000; i++) refusals.quarantine(piece(`f${i}`), "23514", "no");
    assertThrows(() => refusals.quarantine(piece("one more"), "23514", "no"), StoreError, "1000 parts of files");
    assertEquals(refusals.quarantinedPieces, 1000);
  });

  it("is told again when somebody has taken it out of quarantine", () => {
    const { refusals, shipping } = setUp();
    refusals.quarantine(piece("a"), "23514", "no");
    assertEquals(refusals.begin(), []);
    assertEquals(shipping.release(), 1);
    assertEquals(refusals.begin().map(({ file }) => file), ["a"]);
    assertEquals(refusals.quarantinedPieces, 0);
  });
});
