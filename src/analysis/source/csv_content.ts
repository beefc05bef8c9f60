import { Byte, COLUMNS } from "../../csv/dialect.ts";
import type { FileHandle } from "../../runtime.ts";
import { PlainRows } from "./plain_rows.ts";
import { Found, MAX_ROW_BYTES, RowReader } from "./row_reader.ts";
import { BufferedReader } from "./buffered_reader.ts";

/** More than a header takes, bytes. */
const HEADER_ROOM = 80;

/** A byte a character. */
const latin1 = new TextDecoder("latin1");
const BYTE_ORDER_MARK = "\xef\xbb\xbf";

/** Is told what is in a CSV file. */
export interface RowSink {
  /** There is a whole row; the reader has its fields until this returns. */
  row?(reader: RowReader): void;
  /** So many rows are none; they begin at a line of the file, from 1. */
  unread?(line: number, rows: number, reason: string): void;
}

/** What is in a CSV file. */
export interface CsvContent {
  /** Whole rows. */
  rows: number;
  /** Lines that are none, but for one that is cut off. */
  unread: number;
  /** The number of the last line, if it has no end; its rest may be on the way. */
  cutLine: number | undefined;
  /** Whether there is something beside rows and a header that is no loss: empty lines, line ends of two kinds, a byte-order mark, a second header. */
  odd: boolean;
  /** Whether labels hold line feeds. */
  lineFeeds: boolean;
}

/**
 * Reads the first `size` bytes of a CSV file block by block, and yields after each. What is no whole row is left out line by line: behind each,
 * reading begins anew, so that a stray quote costs one row, and not all up to the next.
 *
 * @throws {FileError}
 */
export function* readCsv(handle: FileHandle, size: number, sink: RowSink = {}): Generator<void, CsvContent> {
  const content: CsvContent = { rows: 0, unread: 0, cutLine: undefined, odd: false, lineFeeds: false };
  const window = new BufferedReader(handle, size);
  if (!window.fill()) return content;
  const header = headerAt(window);
  if (header === undefined) {
    yield* refuse(window, content, sink);
    return content;
  }
  content.odd = header.odd;
  const reader = new RowReader(header.spaced);
  const plain = new PlainRows();
  window.at = header.end;
  let line = 2;
  for (;;) {
    if (sink.row === undefined) {
      const rows = plain.pass(window.bytes, window.at, header.crlf);
      content.rows += rows;
      line += rows;
      window.at = plain.end;
    }
    const found = reader.read(window.bytes, window.at, window.end);
    const end = found === Found.row ? reader.end : found === Found.cut ? window.end : window.at;
    const isTooLong = end - window.at > MAX_ROW_BYTES;
    if (found === Found.row && !isTooLong) {
      content.rows++;
      sink.row?.(reader);
      if (reader.lineFeeds > 0) content.lineFeeds = true;
      if (reader.crlf !== header.crlf) content.odd = true;
      line += 1 + reader.lineFeeds;
      window.at = reader.end;
      continue;
    }
    if (found === Found.blank) {
      content.odd = true;
      line++;
      window.at = reader.end;
      continue;
    }
    // With more bytes it may be a row, or be seen to be a header.
    const wantsMore = found === Found.cut && !isTooLong || window.end - window.at < HEADER_ROOM;
    if (wantsMore && window.fill()) {
      yield;
      continue;
    }
    if (window.at === window.end) return content;
    let why = reader.reason;
    if (isTooLong) why = `it is longer than ${MAX_ROW_BYTES} bytes`;
    else if (found === Found.cut) why = "the quotes of its label are not closed";
    const isHeader = headerAt(window) !== undefined;
    if (!(yield* skipLine(window)) && found === Found.cut) {
      content.cutLine = line;
      return content;
    }
    if (isHeader) { // of another file that was joined to this one
      content.odd = true;
    } else {
      content.unread++;
      sink.unread?.(line, 1, why);
    }
    line++;
  }
}

/** Moves on behind the next line feed, or to the end; returns whether there was one. */
function* skipLine(window: BufferedReader): Generator<void, boolean> {
  for (;;) {
    const lf = window.indexOf(Byte.lf);
    if (lf >= 0) {
      window.at = lf + 1;
      return true;
    }
    window.at = window.end;
    if (!window.fill()) return false;
    yield;
  }
}

interface Header {
  readonly end: number;
  readonly crlf: boolean;
  readonly spaced: boolean;
  readonly odd: boolean;
}

/** The header that stands at the place of the window, if there is one. */
function headerAt(window: BufferedReader): Header | undefined {
  const lf = window.indexOf(Byte.lf);
  if (lf < 0 || lf - window.at > HEADER_ROOM) return undefined;
  const text = latin1.decode(window.bytes.subarray(window.at, lf + 1));
  const crlf = text.endsWith("\r\n");
  const plain = (text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text).trimEnd();
  // Spaces stand behind the commas in the documentation of the Python original.
  const spaced = plain.includes(", ");
  if (plain.replaceAll(/, */g, ",") !== COLUMNS.join(",")) return undefined;
  return { end: lf + 1, crlf, spaced, odd: spaced || text.length !== plain.length + (crlf ? 2 : 1) };
}

/** Counts the lines of a file that does not begin as it should. */
function* refuse(window: BufferedReader, content: CsvContent, sink: RowSink): Generator<void> {
  const head = latin1.decode(window.bytes.subarray(window.at, Math.min(window.end, window.at + HEADER_ROOM)));
  let lines = 0;
  while (yield* skipLine(window)) lines++;
  if (lines === 0 && `${COLUMNS.join(",")}\r\n`.startsWith(head)) {
    content.cutLine = 1;
    return;
  }
  content.unread = Math.max(1, lines - 1);
  sink.unread?.(1, content.unread, `its first line is not ${COLUMNS.join(",")}`);
}
