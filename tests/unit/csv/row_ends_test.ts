import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { encodeSegment } from "../../../src/csv/encode.ts";
import { RowScanner } from "../../../src/csv/row_ends.ts";
import { bytes } from "../../support/published_files.ts";
import { AWKWARD_LABELS } from "../../support/random.ts";
import { openSegment } from "../../support/segments.ts";

/** What a scanner has found after these blocks. */
function scan(...blocks: Uint8Array[]): Pick<RowScanner, "rows" | "end" | "bareLineFeed"> {
  const scanner = new RowScanner();
  for (const block of blocks) scanner.scan(block);
  const { rows, end, bareLineFeed } = scanner;
  return { rows, end, bareLineFeed };
}

describe("RowScanner", () => {
  it("finds the ends of rows, wherever the blocks end", () => {
    const segment = openSegment();
    for (const label of AWKWARD_LABELS) segment.add(label, 1, 0);
    const whole = bytes(encodeSegment(segment));
    const expected = { rows: AWKWARD_LABELS.length + 1, end: whole.length, bareLineFeed: false };
    for (let at = 0; at <= whole.length; at++) {
      assertEquals(scan(whole.subarray(0, at), whole.subarray(at)), expected, `cut at ${at}`);
    }
    assertEquals(scan(...Array.from(whole, (byte) => new Uint8Array([byte]))), expected);
  });

  it("tells a line feed that is not of the dialect from one in quotes", () => {
    assertEquals(scan(bytes('a,"b\n"\r\n')), { rows: 1, end: 8, bareLineFeed: false });
    assertEquals(scan(bytes("a\r\nb\nc\r\n")), { rows: 2, end: 8, bareLineFeed: true });
    assertEquals(scan(bytes("\n")), { rows: 0, end: 0, bareLineFeed: true });
    assertEquals(scan(bytes("a\r"), bytes("\nb")), { rows: 1, end: 3, bareLineFeed: false });
    assertEquals(scan(), { rows: 0, end: 0, bareLineFeed: false });
  });
});
