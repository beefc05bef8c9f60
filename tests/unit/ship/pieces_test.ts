import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { HEADER } from "../../../src/csv/dialect.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { sortOutCopies } from "../../../src/ship/pieces/copies.ts";
import { filePieces, type FoundPiece } from "../../../src/ship/pieces/file_pieces.ts";
import { foundFile } from "../../../src/ship/pieces/found_file.ts";
import { csvRows } from "../../../src/ship/pieces/csv_rows.ts";
import { coveredBytes, digestBy, type Piece, type PieceEntry, PieceReader } from "../../../src/ship/pieces/piece.ts";
import { PIECE_BYTES } from "../../../src/ship/pieces/sizes.ts";
import { RowOwners } from "../../../src/ship/pieces/row_owners.ts";
import { sha256 } from "../../../runtime_adapters/node_api/builtins.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import { DIRECTORY } from "../../support/fake/published_files.ts";

const NAME = "custom.7-0123abcd-000001.csv";

/** What is found in a file of this name and content, given what the ledger has. */
async function piecesOf(content: string, name = NAME, entries: readonly PieceEntry[] = []): Promise<FoundPiece[]> {
  const disk = new MemoryDisk();
  const path = `${DIRECTORY}/${name}`;
  disk.plant(DIRECTORY, "directory");
  disk.plant(path, "file", content);
  const owners = new RowOwners(new MonitoringDirectory(disk, DIRECTORY), "00");
  const handle = disk.open(path, "read");
  const found: FoundPiece[] = [];
  const digest = digestBy(sha256);
  for (
    const one of filePieces(
      foundFile(name)!,
      handle,
      handle.status(),
      entries,
      owners,
      new PieceReader(csvRows, digest),
    )
  ) {
    if (one instanceof Promise) await one;
    else found.push(one);
  }
  return found;
}

/** The pieces that the store does not have. */
function fresh(found: readonly FoundPiece[]): Piece[] {
  return found.flatMap((one) => one.kind === "new" ? [one.piece] : []);
}

/** The rows of pieces as the store gets them, without channel and program. */
function rowsOf(pieces: readonly Piece[]): string {
  const text = pieces.map(({ content }) => new TextDecoder().decode(content)).join("");
  return text.replaceAll(/,custom,-?\d+\n/g, "\r\n");
}

const row = (i: number, label = "a"): string => `${1_700_000_000_000_000_000n + BigInt(i)},${i}.5,${label},7\r\n`;

describe("the pieces of a file", () => {
  it("have each row once, in order, with channel and program", async () => {
    const rows = row(1) + row(2, '"x\r\n""y"""') + row(3);
    const [piece, ...others] = fresh(await piecesOf(HEADER + rows));
    assertEquals([others.length, piece!.rows, piece!.damaged, piece!.bytes], [0, 3, 0, HEADER.length + rows.length]);
    assertEquals([piece!.newest, piece!.began], [1_700_000_000_000_000_003n, 1_700_000_000_000_000_001n]);
    assertEquals(rowsOf([piece!]), rows);
    assertEquals(piece!.programs, [{ pid: 7, isolate: "0123abcd" }]);
  });

  it("end before a torn row, which is told", async () => {
    for (const torn of ["17000", `${row(9).slice(0, -2)}`, '1700000000000000009,1,"unfinished\r\n1,2']) {
      const found = await piecesOf(HEADER + row(1) + torn);
      assertEquals(found.map(({ kind }) => kind), ["new", "torn"], torn);
      assertEquals(rowsOf(fresh(found)), row(1));
    }
  });

  it("leave out lines that are no rows, and count them", async () => {
    const found = await piecesOf(`${HEADER}${row(1)}no row\r\n${row(2)}1,2,3\r\n${row(3)}`);
    const [piece] = fresh(found);
    assertEquals([found.length, piece!.rows, piece!.damaged], [1, 3, 2]);
    assertEquals(rowsOf([piece!]), row(1) + row(2) + row(3));
  });

  it("are cut after whole rows, also where a label with line feeds lies across the cut", async () => {
    const label = `"${'line\r\nfeed,""'.repeat(50)}"`;
    const one = row(1, label);
    const count = Math.ceil(2.5 * PIECE_BYTES / one.length);
    const rows = Array.from({ length: count }, (_, i) => row(i, label)).join("");
    const pieces = fresh(await piecesOf(HEADER + rows));
    assertEquals(pieces.length, 3);
    assert(pieces.every(({ bytes }) => bytes <= PIECE_BYTES));
    assertEquals(pieces.reduce((sum, { rows }) => sum + rows, 0), count);
    assertEquals(pieces.map(({ firstRow }) => firstRow), [0, pieces[0]!.rows, pieces[0]!.rows + pieces[1]!.rows]);
    assertEquals(pieces[1]!.offset, pieces[0]!.bytes);
    assert(rowsOf(pieces) === rows);
    assertEquals(coveredBytes([...pieces].reverse()), HEADER.length + rows.length);
  });

  it("begin where the ledger ends", async () => {
    const [first] = fresh(await piecesOf(HEADER + row(1) + row(2)));
    const grown = await piecesOf(HEADER + row(1) + row(2) + row(3), NAME, [first!]);
    assertEquals(grown.map(({ kind }) => kind), ["there", "new"]);
    assertEquals([rowsOf(fresh(grown)), fresh(grown)[0]!.firstRow], [row(3), 2]);
    const same = await piecesOf(HEADER + row(1) + row(2), NAME, [first!]);
    assertEquals(same.map(({ kind }) => kind), ["there"]);
    const shorter = await piecesOf(HEADER + row(1), NAME, [first!]);
    assertEquals(shorter.map(({ kind }) => kind), ["there"]);
    const other = await piecesOf(HEADER + row(1) + row(5), NAME, [first!]);
    assertEquals(other.map(({ kind }) => kind), ["other"]);
  });

  it("are none in an empty file, one with a header only, and one of another dialect", async () => {
    assertEquals(await piecesOf(""), []);
    assertEquals(await piecesOf(HEADER), []);
    assertEquals((await piecesOf("a;b\r\n1;2\r\n")).map(({ kind }) => kind), ["refused"]);
    assertEquals(await piecesOf("a;b\r\n1;2\r\n", "custom.mine.csv"), []);
  });
});

describe("copies", () => {
  it("are told by their digests, and only if one of both was renamed", async () => {
    const content = HEADER + row(1);
    const [segment] = fresh(await piecesOf(content));
    const [another] = fresh(await piecesOf(content, "custom.7-0123abce-000001.csv"));
    const [renamed] = fresh(await piecesOf(content, "custom.renamed.csv"));
    const [copied] = fresh(await piecesOf(content, "custom.copied.csv"));
    const names = (pieces: readonly Piece[]): string[] => pieces.map(({ file }) => file);
    const sorted = (pieces: readonly Piece[], entries: readonly PieceEntry[]): string[][] => {
      const { fresh, there, later } = sortOutCopies(pieces, entries);
      return [names(fresh), names(there), names(later)];
    };
    const [s, a, r, c] = [segment!, another!, renamed!, copied!];
    assertEquals(sorted([s, a], []), [[s.file, a.file], [], []]);
    assertEquals(sorted([a], [s]), [[a.file], [], []]);
    assertEquals(sorted([r, s, c], []), [[s.file], [], [r.file, c.file]]);
    assertEquals(sorted([r, c], []), [[r.file], [], [c.file]]);
    assertEquals(sorted([r, c], [s]), [[], [r.file, c.file], []]);
    assertEquals(sorted([s], [r]), [[], [s.file], []]);
  });
});

describe("RowOwners", () => {
  const directory = (records: Readonly<Record<string, string>>): MonitoringDirectory => {
    const disk = new MemoryDisk();
    disk.plant(DIRECTORY, "directory");
    for (const [name, text] of Object.entries(records)) disk.plant(`${DIRECTORY}/${name}`, "file", text);
    return new MonitoringDirectory(disk, DIRECTORY);
  };

  it("takes the program that the name of a file tells, but not for rows of another PID", () => {
    const owner = new RowOwners(directory({}), "00").of({ pid: 7, isolate: "0123abcd" });
    assertEquals(owner.of({ pid: 7, seconds: 0 }), { pid: 7, isolate: "0123abcd" });
    assertEquals(owner.of({ pid: 8, seconds: 0 }), { pid: 8, isolate: "" });
  });

  it("takes the only program with that PID, and none of several of which nothing is known", () => {
    const owners = new RowOwners(directory({}), "00");
    for (const program of ["7-0000000a", "8-0000000a", "8-0000000b"]) owners.found(`program.${program}.json`);
    const owner = owners.of(undefined);
    assertEquals(owner.of({ pid: 7, seconds: 0 }).isolate, "0000000a");
    assertEquals([owner.of({ pid: 8, seconds: 0 }).isolate, owner.of({ pid: 9, seconds: 0 }).isolate], ["", ""]);
    assert(owner.idOf({ pid: 8, isolate: "" }) !== owner.idOf({ pid: 7, isolate: "0000000a" }));
  });
});
