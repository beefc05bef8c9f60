import { whyNotHeader } from "../../csv/header.ts";
import type { RowParser } from "../../csv/row_parser.ts";
import { RowScanner } from "../../csv/row_scanner.ts";
import type { ByteSource } from "../../runtime.ts";

/** Receives what is in a CSV file. */
export interface ContentSink {
  /** A row; its fields can be asked for until this returns. */
  row?(row: RowParser): void;
  /** Lines that are not rows; the first is the line `line` of the file, from 1. */
  unread?(line: number, rows: number, reason: string): void;
}

/** What is in a CSV file. */
export interface CsvContent {
  /** Whole rows. */
  rows: number;
  /** Lines that are not rows, without one that is cut off. */
  unread: number;
  /** The number of the last line if it has no end: the rest of it may be on its way. */
  cutLine: number | undefined;
  /**
   * Whether there is something that is no loss and that DuckDB would misread: empty lines, line
   * ends of two kinds, a byte-order mark, a second header.
   */
  odd: boolean;
  /** Whether labels hold line feeds. */
  lineFeeds: boolean;
  /** Whether lines end with CRLF, as the header does. */
  crlf: boolean;
  /** Where the header ends, bytes. */
  begin: number;
}

/** How the rows of a file are written: DuckDB reads only files of one kind well. */
export interface RowStyle {
  readonly channel: string;
  /** Empty if it is not known. */
  readonly isolate: string;
  readonly crlf: boolean;
  readonly lineFeeds: boolean;
}

/**
 * Reads the first `size` bytes of a CSV file block by block, and yields after each.
 *
 * @throws {FileError}
 */
export function* readCsv(
  file: ByteSource,
  size: number,
  sink: ContentSink = {},
  scanner: RowScanner = new RowScanner(),
): Generator<void, CsvContent> {
  const content: CsvContent = {
    rows: 0,
    unread: 0,
    cutLine: undefined,
    odd: false,
    lineFeeds: false,
    crlf: false,
    begin: 0,
  };
  let read = 0;
  let isFinished = false;
  /** The line end of the header; unknown before it, and `null` if there is none. */
  let crlf: boolean | null | undefined;
  let why = "";
  let lines = 0;
  for (;;) {
    const found = scanner.next();
    if (found === "row" && typeof crlf === "boolean") {
      content.rows++;
      if (scanner.crlf !== crlf) content.odd = true;
      if (scanner.row.lineFeeds > 0) content.lineFeeds = true;
      sink.row?.(scanner.row);
    } else if (found === "end") {
      if (isFinished) break;
      const length = scanner.pushFrom(file, read, size);
      read += length;
      if (length > 0) {
        yield;
      } else {
        scanner.finish();
        isFinished = true;
      }
    } else if (crlf === null) {
      lines++;
    } else if (found === "cut") {
      content.cutLine = scanner.line;
    } else if (crlf === undefined) {
      if (found === "header") {
        ({ crlf, isOddHeader: content.odd } = scanner);
        content.crlf = crlf;
        content.begin = scanner.end;
      } else {
        crlf = null;
        why = whyNotHeader(scanner.beginning);
      }
    } else if (found === "invalid") {
      content.unread++;
      sink.unread?.(scanner.line, 1, scanner.reason);
    } else {
      content.odd = true; // an empty line, or the header of another file that was joined to this one
    }
  }
  if (crlf === null) {
    content.unread = Math.max(1, lines);
    sink.unread?.(1, content.unread, why);
  }
  return content;
}
