import { describe, it } from "node:test";
import { assertEquals, assertLess } from "@std/assert";
import { labelSpans, MAX_LABEL_BYTES } from "../../../src/segment/format.ts";
import { LabelInterner, NO_ROOM } from "../../../src/segment/label_interner.ts";
import { asWritten, utf8Length } from "../../support/reference_csv.ts";
import { AWKWARD_LABELS, randomFrom, randomLabel } from "../../support/random.ts";

const LARGE = 4 * MAX_LABEL_BYTES;

/** A table, and its labels as they are read from the bytes. */
function tableOf(size: number): { table: LabelInterner; labels: () => string[] } {
  const bytes = new Uint8Array(size);
  const table = new LabelInterner(bytes);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const labels = () => labelSpans(bytes, table.count).map(([start, end]) => decoder.decode(bytes.subarray(start, end)));
  return { table, labels };
}

describe("LabelInterner", () => {
  it("numbers labels from 0 in the order in which they come, and finds them again", () => {
    const { table, labels } = tableOf(1024);
    assertEquals(["b", "a", "", "b", "", "a"].map((label) => table.idOf(label)), [0, 1, 2, 0, 2, 1]);
    assertEquals(labels(), ["b", "a", ""]);
    assertEquals(table.count, 3);
  });

  it("prefixes each label with its length, little-endian, and counts the bytes in use", () => {
    const bytes = new Uint8Array(64);
    const table = new LabelInterner(bytes);
    table.idOf("ab");
    table.idOf("é");
    assertEquals([...bytes.subarray(0, table.used)], [2, 0, 0, 0, 0x61, 0x62, 2, 0, 0, 0, 0xc3, 0xa9]);
  });

  it("writes only to the bytes it is given, in a larger buffer", () => {
    const buffer = new ArrayBuffer(64);
    const table = new LabelInterner(new Uint8Array(buffer, 13, 40));
    while (table.idOf(`${table.count}`) !== NO_ROOM);
    assertEquals(new Uint8Array(buffer, 0, 13), new Uint8Array(13));
    assertEquals(new Uint8Array(buffer, 53), new Uint8Array(11));
  });

  it("keeps at most 65,535 labels, however large the table", () => {
    const { table, labels } = tableOf(2 ** 20);
    const given = Array.from({ length: 65_535 }, (_, id) => `label ${id}`);
    assertEquals(given.every((label, id) => table.idOf(label) === id), true);
    assertEquals(table.idOf("one too many"), NO_ROOM);
    assertEquals(table.idOf("label 65534"), 65_534);
    assertEquals(labels(), given);
  });

  it("when full, refuses new labels, finds known ones, and changes nothing", () => {
    const { table, labels } = tableOf(4 * 8); // labels of up to 8 bytes
    for (const label of ["12345678", "12345679"]) table.idOf(label);
    const { used } = table;
    assertEquals(table.idOf("1234567"), NO_ROOM);
    assertEquals(table.idOf("12345678"), 0);
    assertEquals([table.used, table.count, table.cut], [used, 2, 0]);
    assertEquals(labels(), ["12345678", "12345679"]);
    assertEquals(table.idOf("abcd"), 2); // exactly what is left
    assertEquals([table.used, table.idOf("e"), table.idOf("")], [32, NO_ROOM, NO_ROOM]);
  });

  it("accepts an empty label where only a length fits", () => {
    const { table, labels } = tableOf(4 * 8);
    for (const label of ["12345678", "12345679"]) table.idOf(label);
    table.idOf("");
    assertEquals(table.used, 28);
    assertEquals(table.idOf(""), 2);
    assertEquals(labels(), ["12345678", "12345679", ""]);
  });

  it("refuses a label that does not fit, and does not cut it", () => {
    const { table } = tableOf(LARGE);
    for (let i = 0; i < 3; i++) assertEquals(table.idOf(`${i}`.repeat(MAX_LABEL_BYTES)), i);
    assertEquals(table.idOf("a".repeat(MAX_LABEL_BYTES)), NO_ROOM);
    assertEquals(table.idOf("b".repeat(2 ** 20)), NO_ROOM);
    assertEquals([table.count, table.cut], [3, 0]);
  });

  it("clear() removes all labels, and resets the number of those that were cut", () => {
    const { table, labels } = tableOf(LARGE);
    table.idOf("a");
    table.idOf("x".repeat(MAX_LABEL_BYTES + 1));
    assertEquals([table.count, table.cut], [2, 1]);
    table.clear();
    assertEquals([table.count, table.used, table.cut], [0, 0, 0]);
    assertEquals([table.idOf("b"), table.idOf("a")], [0, 1]);
    assertEquals(labels(), ["b", "a"]);
  });

  it("writes awkward and random labels as documented", () => {
    const random = randomFrom(1);
    const given = [...AWKWARD_LABELS, ...Array.from({ length: 5_000 }, () => randomLabel(random))];
    const { table, labels } = tableOf(2 ** 20);
    const ids = given.map((label) => table.idOf(label));
    const read = labels();
    assertEquals(ids.map((id) => read[id]), given.map((label) => asWritten(label)));
    assertEquals(table.cut, 0);
  });
});

describe("LabelInterner, with a long label", () => {
  const kinds: Record<string, string> = {
    "ASCII": "x".repeat(2 ** 20),
    "two bytes a character": "é".repeat(2 ** 19),
    "three bytes a character": "€".repeat(2 ** 19),
    "four bytes a character": "😀".repeat(2 ** 18),
    "all NUL": "\0".repeat(2 ** 20),
    "all lone surrogates": "\ud800".repeat(2 ** 20),
    "all byte-order marks": "\ufeff".repeat(2 ** 19),
  };
  for (const [kind, label] of Object.entries(kinds)) {
    it(`cuts it at a character boundary: ${kind}`, () => {
      for (let shift = 0; shift < 5; shift++) {
        const { table, labels } = tableOf(LARGE);
        const shifted = "s".repeat(shift) + label;
        assertEquals(table.idOf(shifted), 0);
        const [written = ""] = labels();
        assertEquals(written === asWritten(shifted), true, `${written.slice(0, 8)}… of ${written.length}`);
        assertLess(MAX_LABEL_BYTES - 4, utf8Length(written));
        assertEquals(table.cut, 1);
      }
    });
  }

  it("keeps it whole up to the limit", () => {
    for (const [last, isCut] of [["x", 0], ["é", 1], ["xy", 1]] as const) {
      const { table, labels } = tableOf(LARGE);
      const label = "x".repeat(MAX_LABEL_BYTES - 1) + last;
      table.idOf(label);
      assertEquals(labels()[0] === asWritten(label), true);
      assertEquals(table.cut, isCut);
    }
  });

  it("has a lower limit in a small table", () => {
    const { table, labels } = tableOf(64);
    assertEquals(table.maxLabelBytes, 16);
    table.idOf("1234567890123456");
    table.idOf("12345678901234567");
    assertEquals(labels(), ["1234567890123456", "1234567890123…"]);
  });

  it("gives two labels with the same first part one id, and counts the cut once", () => {
    const { table, labels } = tableOf(LARGE);
    const head = "h".repeat(MAX_LABEL_BYTES);
    assertEquals([`${head}1`, `${head}2`, `${head}1`, "short"].map((label) => table.idOf(label)), [0, 0, 0, 1]);
    assertEquals([labels().length, table.cut], [2, 1]);
  });

  it("does not confuse it with a whole label that only lacks the byte-order mark", () => {
    const { table, labels } = tableOf(LARGE);
    const marked = "\ufeff" + "x".repeat(MAX_LABEL_BYTES);
    const unmarked = asWritten(marked).slice(1);
    assertEquals([marked, unmarked].map((label) => table.idOf(label)), [0, 1]);
    assertEquals(labels()[1] === unmarked, true);
  });
});
