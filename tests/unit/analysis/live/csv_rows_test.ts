import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type CsvRow, CsvRows } from "../../../../src/analysis/live/csv_rows.ts";
import { decode } from "../../../../src/csv/parse.ts";
import { HEADER } from "../../../../src/csv/dialect.ts";
import { encodeSegment } from "../../../../src/csv/encode.ts";
import { ValueKind } from "../../../../src/series.ts";
import { Segment } from "../../../../src/segment/segment.ts";
import { AWKWARD_DOUBLES, AWKWARD_LABELS, randomDouble, randomFrom, randomLabel } from "../../../support/random.ts";
import { EPOCH, OWNER } from "../../../support/segments.ts";

const encoder = new TextEncoder();

/** The rows of some bytes, given in pieces that end anywhere. */
function rowsOf(bytes: Uint8Array, piece = bytes.length, reader = new CsvRows()): CsvRow[] {
  const rows: CsvRow[] = [];
  let rest = new Uint8Array();
  for (let at = 0; at < bytes.length; at += piece) {
    const block = new Uint8Array([...rest, ...bytes.subarray(at, at + piece)]);
    rest = block.slice(reader.read(block, (row) => void rows.push({ ...row })));
  }
  return rows;
}

/** A file of random rows. */
function randomFile(kind: ValueKind): string {
  const random = randomFrom(7);
  const segment = new Segment(new ArrayBuffer(2 ** 17), { ...OWNER, kind });
  segment.open(1, EPOCH);
  const labels = [...AWKWARD_LABELS, ...Array.from({ length: 100 }, () => randomLabel(random))];
  for (let i = 0; i < 1_000; i++) {
    const value = AWKWARD_DOUBLES[i] ?? randomDouble(random);
    segment.add(
      labels[i % labels.length]!,
      kind === ValueKind.duration ? random(2 ** 32) * random(4_000) : value,
      1 + i * 1_234_567,
    );
  }
  return encodeSegment(segment);
}

describe("CsvRows", () => {
  for (const [name, kind] of Object.entries(ValueKind)) {
    it(`reads what the strict reader reads, wherever the bytes are divided, values of kind ${name}`, () => {
      const text = randomFile(kind);
      const expected = decode(text);
      for (const piece of [1_000_000, 997, 61]) {
        const rows = rowsOf(encoder.encode(text), piece).map(({ seconds, nanoseconds, measurement, label, pid }) => (
          { timepoint: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds), measurement, label, pid }
        ));
        assertEquals(rows, expected);
      }
    });
  }

  it("leaves out what is no row, counts it, and goes on", () => {
    const reader = new CsvRows();
    const lines = [
      "1700000000000000001,1,a,42",
      "",
      "no row",
      "x,1,a,42",
      "1700000000000000001,,a,42",
      "1700000000000000001,1,a,b",
      '1700000000000000001,1,"a"b,42',
      "1700000000000000001,1,b,42",
    ];
    const rows = rowsOf(encoder.encode(HEADER + lines.join("\r\n") + "\r\n"), 5, reader);
    assertEquals([rows.map(({ label }) => label), reader.malformed], [["a", "b"], 6]);
  });

  it("reads line feeds for CRLF too, and no row that has not ended", () => {
    assertEquals(rowsOf(encoder.encode("1,2,a,3\n4,5,b,6\n7,8,c,9")).map(({ label }) => label), ["a", "b"]);
  });
});
