import type { RowParser } from "../../csv/row_parser.ts";
import type { RowScanner } from "../../csv/row_scanner.ts";
import type { FileHandle } from "../../runtime.ts";

/**
 * Gives the rows of a CSV file between two of its bytes to `take`, the first of which begins a row
 * or a header, and leaves out what is not a row. Returns the end of the last whole line.
 *
 * @throws {FileError}
 */
export function readRows(
  scanner: RowScanner,
  file: FileHandle,
  { from, to }: { readonly from: number; readonly to: number },
  take: (row: RowParser) => void,
): number {
  scanner.restart(from);
  let read = from;
  let end = from;
  for (;;) {
    const found = scanner.next();
    if (found === "row") {
      take(scanner.row);
      ({ end } = scanner);
      continue;
    }
    if (found !== "end") {
      if (scanner.hasEnd) ({ end } = scanner);
      continue;
    }
    const length = scanner.pushFrom(file, read, to);
    if (length === 0) return end;
    read += length;
  }
}
