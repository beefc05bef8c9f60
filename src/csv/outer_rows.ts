import { type FileHandle, readFully } from "../runtime.ts";
import { Byte } from "./dialect.ts";
import { RowScanner } from "./row_scanner.ts";

/**
 * Bytes at the end of a file to search for its last row: enough for ordinary labels, then for any.
 */
const TAILS = [1024, 64 * 1024] as const;

/**
 * Finds the row that ends the first `size` bytes of a file; `false` if they do not end with a row
 * that Kymo can have written. The scanner has its fields.
 *
 * CSV cannot be read backwards with certainty, since a line end inside quotes looks like one
 * outside. If the bytes after any line feed read as one whole row up to the end, they are taken for
 * one.
 *
 * @throws {FileError}
 */
export function findLastRow(scanner: RowScanner, file: FileHandle, size: number): boolean {
  return TAILS.some((length) => {
    const begin = Math.max(0, size - length);
    const bytes = readBetween(file, begin, size);
    scanner.restart(begin).push(bytes);
    for (let at = bytes.length - 1; at > 0;) {
      at = bytes.lastIndexOf(Byte.lf, at - 1) + 1;
      const isRow = scanner.seek(begin + at).next() === "row" && scanner.crlf && !scanner.row.hasQuotedNumber;
      if (isRow && scanner.end === size) return true;
      at--;
    }
    return false;
  });
}

/**
 * The timepoints of the first and of the last row of a file, ns since 1970, without reading what is
 * between them; `undefined` if it does not begin with a header and a row, or does not end with a
 * row.
 *
 * @throws {FileError}
 */
export function outerTimepoints(file: FileHandle): { readonly first: bigint; readonly last: bigint } | undefined {
  const { size } = file.status();
  const scanner = new RowScanner().push(readBetween(file, 0, Math.min(size, TAILS[0])));
  if (scanner.next() !== "header" || scanner.next() !== "row") return undefined;
  const first = scanner.row.timepoint;
  return findLastRow(scanner, file, size) ? { first, last: scanner.row.timepoint } : undefined;
}

/**
 * The timepoint of the first row among the first `size` bytes of a file, ns since 1970; `undefined` if
 * it has none. Reads little if the file begins with a header and an ordinary row.
 *
 * @throws {FileError}
 */
export function firstTimepoint(file: Pick<FileHandle, "readAt">, size: number): bigint | undefined {
  for (let length: number = TAILS[0];; length *= 64) {
    const scanner = new RowScanner().push(readBetween(file, 0, Math.min(size, length)));
    for (let found = scanner.next(); found !== "end" && found !== "cut" && scanner.hasEnd; found = scanner.next()) {
      if (found === "row") return scanner.row.timepoint;
    }
    if (length >= size) return undefined;
  }
}

function readBetween(file: Pick<FileHandle, "readAt">, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  return bytes.subarray(0, readFully(file, bytes, start));
}
