import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { HEADER } from "../../../src/csv/dialect.ts";
import { encode } from "../../../src/csv/encode.ts";
import { MAX_ROW_BYTES } from "../../../src/csv/row_parser.ts";
import { RowScanner, type ScanResult, wholeRows } from "../../../src/csv/row_scanner.ts";
import type { Observation } from "../../../src/segment/observation.ts";
import { ValueKind } from "../../../src/series.ts";
import { Segment } from "../../../src/segment/segment.ts";
import { bytes } from "../../support/fake/published_files.ts";
import { AWKWARD_DOUBLES, AWKWARD_LABELS, randomDouble, randomFrom, randomLabel } from "../../support/random.ts";
import { referenceParse } from "../../support/reference_csv.ts";
import { EPOCH, openSegment, OWNER } from "../../support/segments.ts";

type Item = readonly [
  found: ScanResult,
  line: number,
  start: number,
  end: number,
  crlf: boolean | undefined,
  detail: string,
];

/** Everything that a scanner finds in pieces of a text. */
function itemsOf(...pieces: Uint8Array[]): Item[] {
  const scanner = new RowScanner();
  const items: Item[] = [];
  const takeAll = (): void => {
    for (let found = scanner.next(); found !== "end"; found = scanner.next()) {
      const { line, start, end, crlf, hasEnd, reason, row } = scanner;
      const detail = found === "row"
        ? `${row.timepoint},${row.measurement},${row.label},${row.pid}`
        : found === "invalid"
        ? reason
        : "";
      items.push([found, line, start, hasEnd ? end : NaN, hasEnd ? crlf : undefined, detail]);
    }
  };
  for (const piece of pieces) {
    scanner.push(piece);
    takeAll();
  }
  scanner.finish();
  takeAll();
  return items;
}

/** Pieces of some bytes, of `length` bytes each. */
function piecesOf(whole: Uint8Array, length: number): Uint8Array[] {
  return Array.from(
    { length: Math.ceil(whole.length / length) },
    (_, i) => whole.subarray(i * length, (i + 1) * length),
  );
}

function observationsOf(pieces: readonly Uint8Array[]): Observation[] {
  const scanner = new RowScanner();
  const rows: Observation[] = [];
  for (const piece of pieces) {
    scanner.push(piece);
    for (let found = scanner.next(); found !== "end"; found = scanner.next()) {
      if (found === "header") continue;
      assertEquals(found, "row", scanner.reason);
      const { timepoint, seconds, nanoseconds, measurement, label, pid } = scanner.row;
      assertEquals(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds), timepoint);
      rows.push({ timepoint, measurement, label, pid });
    }
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
    const measurement = kind === ValueKind.duration ? random(2 ** 32) * random(4_000) : value;
    segment.add(labels[i % labels.length]!, measurement, 1 + i * 1_234_567);
  }
  return encode(segment);
}

describe("RowScanner", () => {
  for (const [name, kind] of Object.entries(ValueKind)) {
    it(`reads the rows that the encoder wrote, wherever the input is divided, values of kind ${name}`, () => {
      const text = randomFile(kind);
      const expected = referenceParse(text);
      for (const length of [1_000_000, 997, 61]) assertEquals(observationsOf(piecesOf(bytes(text), length)), expected);
    });
  }

  it("finds the ends of rows, wherever the input is divided", () => {
    const segment = openSegment();
    for (const label of AWKWARD_LABELS) segment.add(label, 1, 0);
    const whole = bytes(encode(segment));
    const expected = itemsOf(whole);
    assertEquals(expected.map(([found]) => found), ["header", ...AWKWARD_LABELS.map(() => "row")]);
    assertEquals(expected.at(-1)![3], whole.length);
    assertEquals(expected.slice(1).map(([, , start]) => start), expected.slice(0, -1).map(([, , , end]) => end));
    for (let at = 0; at <= whole.length; at++) {
      assertEquals(itemsOf(whole.subarray(0, at), whole.subarray(at)), expected, `divided at ${at}`);
    }
    assertEquals(itemsOf(...piecesOf(whole, 1)), expected);
  });

  it("finds the same in any text, wherever the input is divided", () => {
    const field = fc.constantFrom(
      "1700000000123456789",
      "-5",
      "0.000000500",
      "1e3",
      "nan",
      "x",
      '"a',
      'b"',
      '""',
      "ü",
      "7",
      "",
      " ",
    );
    const end = fc.constantFrom(",", ",", ",", "\n", "\r\n", '"', "\r", "\0");
    const text = fc.array(fc.tuple(field, end), { maxLength: 40 }).map((parts) => HEADER + parts.flat().join(""));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 40 }), (text, length) => {
        assertEquals(itemsOf(...piecesOf(bytes(text), length)), itemsOf(bytes(text)));
      }),
      { numRuns: 2_000, seed: 3 },
    );
  });

  it("distinguishes CRLF from LF, and line feeds in labels from line ends", () => {
    assertEquals(itemsOf(bytes('1,2,"b\n",3\r\n4,5,c,6\n\r\n\nx\r\n')), [
      ["row", 1, 0, 12, true, "1,2,b\n,3"],
      ["row", 3, 12, 20, false, "4,5,c,6"],
      ["blank", 4, 20, 22, true, ""],
      ["blank", 5, 22, 23, false, ""],
      ["invalid", 6, 23, 26, true, "its timepoint is not a whole number"],
    ]);
    assertEquals(itemsOf(), []);
  });

  it("skips a line that is not a row, and continues behind it", () => {
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
    const items = itemsOf(...piecesOf(bytes(HEADER + lines.join("\r\n") + "\r\n"), 5));
    const found = ["header", "row", "blank", "invalid", "invalid", "invalid", "invalid", "invalid", "row"];
    assertEquals(items.map(([found]) => found), found);
    assertEquals(items.map(([, line]) => line), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("finds a row once its line ends, and a cut line once the input is finished", () => {
    assertEquals(itemsOf(bytes("1,2,a,3\n4,5,b,6\n7,8,c,9")).map(([found]) => found), ["row", "row", "cut"]);
    const scanner = new RowScanner().push(bytes("7,8,c,9"));
    assertEquals([scanner.next(), scanner.end], ["end", 0]);
    assertEquals([scanner.push(bytes("1\n")).next(), scanner.row.pid], ["row", 91]);
  });

  it("buffers no more of a line than the longest row takes", () => {
    const piece = new Uint8Array(2 ** 16).fill(0x78);
    const scanner = new RowScanner().push(bytes('1,2,"'));
    const found = Array.from({ length: 40 }, () => scanner.push(piece).next());
    assertEquals(found.filter((one) => one !== "end"), ["invalid"]);
    assertEquals([scanner.reason, scanner.hasEnd], [`it is longer than ${MAX_ROW_BYTES} bytes`, false]);
    assertEquals(scanner.push(bytes('",3\n4,5,c,6\n')).next(), "row");
    assertEquals([scanner.line, scanner.row.label], [2, "c"]);
  });

  it("rounds the seconds of timepoints before 1970 down", () => {
    const scanner = new RowScanner().push(bytes("-1,2,a,3\n-1000000000,2,a,3\n7,2,a,3\n"));
    const seconds = Array.from({ length: 3 }, () => [scanner.next(), scanner.row.seconds, scanner.row.nanoseconds]);
    assertEquals(seconds, [["row", -1, 999_999_999], ["row", -1, 0], ["row", 0, 7]]);
  });

  it("can seek back, and restart with another input", () => {
    const scanner = new RowScanner().push(bytes("1,2,a,3\n4,5,b,6\n7"));
    assertEquals([scanner.next(), scanner.next(), scanner.seek(0).next(), scanner.row.label], [
      "row",
      "row",
      "row",
      "a",
    ]);
    scanner.restart(100).push(bytes("4,5,b,6\n"));
    assertEquals([scanner.next(), scanner.start, scanner.end, scanner.next()], ["row", 100, 108, "end"]);
  });
});

describe("wholeRows", () => {
  it("counts the rows before a torn one, wherever it is torn", () => {
    const segment = openSegment();
    for (const label of ["a", "two\r\nlines", 'say "hi"']) segment.add(label, 1, 0);
    const rows = bytes(encode(segment).slice(HEADER.length));
    const ends = itemsOf(rows).map(([, , , end]) => end);
    for (let length = 0; length <= rows.length; length++) {
      const whole = ends.filter((end) => end <= length);
      assertEquals(wholeRows(rows.subarray(0, length)), { rows: whole.length, end: whole.at(-1) ?? 0 });
    }
  });
});
