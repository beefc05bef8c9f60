import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parse } from "../../../src/csv/parse.ts";
import { encode } from "../../../src/csv/encode.ts";
import { KymoError } from "../../../src/errors.ts";
import { openSegment } from "../../support/segments.ts";

const HEADER = "Timepoint,Measurement,Label,PID\r\n";

/** Reads a text, or says that it cannot: anything else that is thrown comes through. */
function readOrRefuse(text: string): number | undefined {
  try {
    return parse(text).length;
  } catch (error) {
    if (error instanceof KymoError && error.message.startsWith("Cannot read the CSV: ")) return undefined;
    throw error;
  }
}

/** A file of three rows with awkward labels. */
function file(): string {
  const segment = openSegment();
  for (const label of ['say "hi", twice', "two\r\nlines", ""]) segment.add(label, 0.25, 1);
  return encode(segment);
}

describe("parse of arbitrary text", () => {
  it("returns observations or throws a KymoError", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom(",", '"', "\r", "\n", "1", "a", "-", ".", " ", "\0", "\ufeff") }).map((text) =>
        HEADER + text
      ),
    );
    fc.assert(fc.property(texts, (text) => void readOrRefuse(text)), { numRuns: 2_000, seed: 1 });
  });

  it("never returns more rows than there are, wherever a file is torn", () => {
    const text = file();
    const whole = HEADER.length;
    for (let length = 0; length < text.length; length++) {
      const rows = readOrRefuse(text.slice(0, length));
      // A row without its line end may be the last of a file that an editor wrote; a row without its PID may not.
      if (rows !== undefined) assertEquals(rows <= 3 && length >= whole - 2, true, `torn at ${length}`);
    }
    assertEquals(readOrRefuse(text), 3);
  });

  it("never loses a row silently if one character of a file was changed", () => {
    const text = file();
    const change = fc.tuple(fc.nat(text.length - 1), fc.constantFrom(...'",\r\n1a\0 '));
    fc.assert(
      fc.property(change, ([at, character]) => {
        const rows = readOrRefuse(text.slice(0, at) + character + text.slice(at + 1));
        return rows === undefined || rows >= 2;
      }),
      { numRuns: 3_000, seed: 2 },
    );
  });
});
