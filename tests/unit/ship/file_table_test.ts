import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { FileTable, identityNumber, RowState, type SettledFile } from "../../../src/ship/files/file_table.ts";
import { randomNumbers } from "../../support/random.ts";

const encoder = new TextEncoder();

function add(table: FileTable, name: string): number {
  const bytes = encoder.encode(`/${name}/`);
  return table.add(bytes, 1, bytes.length - 1);
}

function settledFile(size: number): SettledFile {
  return { size, identity: size + 1, modified: 2, isImmutable: true, stays: false, covered: 4, at: size, confirmed: 6 };
}

describe("FileTable", () => {
  it("finds a file by its name, in bytes or as text, and no other", () => {
    const table = new FileTable();
    const names = ["a", "b.csv", "täglich.csv", "\u{1f600}", "x".repeat(255)];
    const rows = names.map((name) => add(table, name));
    assertEquals(names.map((name) => table.rowOf(name)), rows);
    assertEquals(rows.map((row) => table.nameOf(row)), names);
    const bytes = encoder.encode("--b.csv--");
    assertEquals(table.find(bytes, 2, 7), rows[1]);
    assertEquals([table.find(bytes, 2, 6), table.rowOf("b.cs"), table.rowOf("")], [undefined, undefined, undefined]);
  });

  it("keeps what is known of a settled file", () => {
    const table = new FileTable();
    const row = add(table, "a");
    assert(Number.isNaN(table.modifiedOf(row)));
    table.settle(row, settledFile(1));
    assertEquals(table.settledFile(row), settledFile(1));
    table.confirm(row, 7);
    assertEquals(table.settledFile(row), { ...settledFile(1), confirmed: 7 });
    table.settle(row, { ...settledFile(2), isImmutable: false, stays: true });
    assertEquals(table.settledFile(row), { ...settledFile(2), isImmutable: false, stays: true });
    assertEquals([...table.rows({ settledUntil: 10 })], []);
  });

  it("has what was settled by then, and what was not seen in the latest listing", () => {
    const table = new FileTable();
    const [one, two, three] = ["a", "b", "c"].map((name) => add(table, name)) as [number, number, number];
    table.settle(one, settledFile(10));
    table.settle(two, settledFile(11));
    assertEquals([...table.rows({ settledUntil: 10 })], [one]);
    assertEquals([...table.unseen()], []);
    table.beginListing();
    table.see(two);
    const four = add(table, "d");
    assertEquals([...table.unseen()], [one, three]);
    table.doubtAll();
    assertEquals([table.stateOf(one), table.stateOf(two)], [RowState.doubted, RowState.doubted]);
    assertEquals([...table.rows("waiting")], [one, two, three, four]);
  });

  it("gives the files that wait in the order of their names, and those after a name first", () => {
    const table = new FileTable();
    for (const name of ["b", "a", "ab", "d", "c"]) add(table, name);
    table.settle(table.rowOf("d")!, settledFile(1));
    const inOrder = (after: string): string[] => Array.from(table.waitingInOrder(after), (row) => table.nameOf(row));
    assertEquals(inOrder(""), ["a", "ab", "b", "c"]);
    assertEquals(inOrder("ab"), ["b", "c", "a", "ab"]);
    assertEquals(inOrder("c"), ["a", "ab", "b", "c"]);
  });

  it("knows after many additions and removals what a map of the same files knows", () => {
    const table = new FileTable();
    const expected = new Map<string, number | undefined>();
    const random = randomNumbers(1);
    for (let step = 0; step < 60_000; step++) {
      // It grows to 9,000 files, is emptied by and by, and grows again.
      const name = `duration.${Math.floor(random() * 9_000)}.csv`;
      const row = table.rowOf(name);
      assertEquals(row !== undefined, expected.has(name));
      if (row === undefined) {
        if (step % 30_000 > 24_000) continue;
        add(table, name);
        expected.set(name, undefined);
      } else if (step % 30_000 > 18_000) {
        table.remove(row);
        expected.delete(name);
      } else {
        table.settle(row, settledFile(step));
        expected.set(name, step);
      }
      if (step % 1_000 === 0) table.tidy();
    }
    table.tidy();
    assertEquals(table.waiting, [...expected.values()].filter((size) => size === undefined).length);
    for (const [name, size] of expected) {
      const row = table.rowOf(name)!;
      assertEquals([table.nameOf(row), table.settledFile(row).size], [name, size ?? table.settledFile(row).size]);
      assertEquals(table.stateOf(row), size === undefined ? RowState.waiting : RowState.settled);
    }
  });
});

describe("identityNumber", () => {
  it("differs for identities that differ", () => {
    const numbers = Array.from({ length: 10_000 }, (_, i) => identityNumber(`2049:${i}`));
    assertEquals(new Set(numbers).size, numbers.length);
    assert(numbers.every(Number.isSafeInteger));
    assertEquals(identityNumber("2049:7"), numbers[7]);
  });
});
