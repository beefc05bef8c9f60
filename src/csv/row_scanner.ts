/**
 * The one reader of rows: strict (see `row_parser.ts`), and resumable at any byte.
 *
 * A line that is not a row is skipped up to its line feed, and reading begins again after it: a
 * stray quote costs one row, and not all up to the next quote.
 *
 * @module
 */

import type { ByteSource } from "../runtime.ts";
import { Byte } from "./dialect.ts";
import { beginsHeader, HEADER_ROOM, headerStyle } from "./header.ts";
import { MAX_ROW_BYTES, NO_MATCH, PADDING, RowParser } from "./row_parser.ts";
import { textDecoder } from "../text_coders.ts";

/**
 * What a scanner finds next:
 * - `"row"`: an observation, whose fields can be asked for.
 * - `"header"`: the names of the columns; `header.ts` says in which forms.
 * - `"blank"`: an empty line.
 * - `"invalid"`: a line that is none of these; `reason` says why it is not a row.
 * - `"cut"`: the beginning of a line, at the end of input that is finished.
 * - `"end"`: nothing more, or not yet: only the beginning of a line is there.
 */
export type ScanResult = "row" | "header" | "blank" | "invalid" | "cut" | "end";

/** Size of one read of a file, bytes. */
const BLOCK_BYTES = 256 * 1024;

/** Decodes each byte to one character. */
const latin1 = textDecoder("latin1");

/** Finds the rows in bytes that come piece by piece. */
export class RowScanner {
  /** The number of the line at which what was found begins, from 1. */
  line = 0;
  /** Whether the line ends with CRLF, not LF. */
  crlf = false;
  /** The row that was found, until the next call. */
  readonly row: RowParser = new RowParser();
  /** Whether the line has an end; an invalid one may not have it yet, or never have it. */
  hasEnd = true;
  /** Why an invalid line is not a row: the end of a sentence, such as "it has no label". */
  reason = "";
  /** Whether a header has what DuckDB does not take for one: see `header.ts`. */
  isOddHeader = false;
  #nextLine = 1;
  /** What is there, up to `#limit`; a byte 0 follows. */
  #bytes = new Uint8Array(PADDING);
  #limit = 0;
  /** Where what was found begins, and where it ends. */
  #start = 0;
  #end = 0;
  /** How many bytes of the input came before those that are there. */
  #before = 0;
  #isFinished = false;
  /** Whether the rest of an invalid line is still to be skipped. */
  #isSkipping = false;

  /** Where what was found begins, in bytes from the beginning of the input. */
  get start(): number {
    return this.#before + this.#start;
  }

  /** Where it ends, after its line end. */
  get end(): number {
    return this.#before + this.#end;
  }

  /** The first bytes of what was found, as many as a header may have, a character for each. */
  get beginning(): string {
    return this.#text(this.#start, Math.min(this.#limit, this.#start + HEADER_ROOM));
  }

  /** Adds bytes to the input. They are copied. */
  push(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#limit);
    this.#extend(bytes.length);
    return this;
  }

  /**
   * Adds to the input what a file has from `at` on, but nothing from `to` on: a block, or as much
   * as is pending if that is more. Returns the number of bytes.
   *
   * @throws {FileError}
   */
  pushFrom(file: ByteSource, at: number, to: number): number {
    const wanted = Math.min(Math.max(BLOCK_BYTES, this.#limit - this.#end), to - at);
    if (wanted <= 0) return 0;
    this.#reserve(wanted);
    const length = file.readAt(this.#bytes.subarray(this.#limit, this.#limit + wanted), at);
    this.#extend(length);
    return length;
  }

  /** Declares that no more bytes will come. */
  finish(): this {
    this.#isFinished = true;
    return this;
  }

  /** Begins anew with another input, `offset` bytes of which are left out. Labels stay known. */
  restart(offset: number): this {
    return this.#restart(offset, 0, 0);
  }

  /**
   * Begins anew with an input that is all there: the bytes of `memory` from `from` to `to`, which are
   * not copied, and after which {@linkcode PADDING} bytes are overwritten. Labels stay known.
   */
  restartIn(memory: Uint8Array<ArrayBuffer>, from: number, to: number): this {
    if (this.#bytes !== memory) {
      this.#bytes = memory;
      this.row.moveTo(memory);
    }
    return this.#restart(-from, from, to);
  }

  /** Looks next at a byte of the input that is still there, as if it began a line. */
  seek(offset: number): this {
    this.#end = offset - this.#before;
    this.#isSkipping = false;
    return this;
  }

  /** Finds what comes next. The fields of a row can be asked for until the next call. */
  next(): ScanResult {
    this.#start = this.#end;
    this.line = this.#nextLine;
    const { row } = this;
    const end = this.#isSkipping || row.isSpaced ? NO_MATCH : row.readPlain(this.#start);
    if (end === NO_MATCH) return this.#nextAny();
    this.#end = end;
    this.crlf = row.crlf;
    this.hasEnd = true;
    this.#nextLine++;
    return "row";
  }

  #restart(before: number, from: number, to: number): this {
    this.#before = before;
    this.#start = this.#end = from;
    this.#limit = to;
    this.#bytes[to] = 0;
    this.#isFinished = this.#isSkipping = this.row.isSpaced = false;
    this.#nextLine = 1;
    return this;
  }

  #nextAny(): ScanResult {
    if (this.#isSkipping && !this.#skipLine()) return "end";
    const start = this.#start = this.#end;
    const pending = this.#limit - start;
    if (pending === 0) return "end";
    const { row } = this;
    let end = row.read(start, this.#limit);
    let { isPartial } = row;
    this.reason = row.reason;
    if (end !== NO_MATCH && end - start > MAX_ROW_BYTES || isPartial && pending > MAX_ROW_BYTES) {
      this.reason = `it is longer than ${MAX_ROW_BYTES} bytes`;
      isPartial = false;
      end = NO_MATCH;
    }
    if (end !== NO_MATCH) {
      this.#end = end;
      this.crlf = row.crlf;
      this.hasEnd = true;
      this.#nextLine += 1 + row.lineFeeds;
      return "row";
    }
    const lf = this.#bytes.indexOf(Byte.lf, start);
    const hasLine = lf >= 0 && lf < this.#limit;
    if (!this.#isFinished && (isPartial || !hasLine && pending < HEADER_ROOM)) return "end";
    this.#nextLine++;
    this.hasEnd = hasLine;
    if (hasLine) {
      this.#end = lf + 1;
      this.crlf = lf > start && this.#bytes[lf - 1] === Byte.cr;
      if (lf === start || this.crlf && lf === start + 1) return "blank";
      if (this.#isHeader(start, lf)) return "header";
    } else {
      this.#end = this.#limit;
      if (isPartial || beginsHeader(this.beginning)) return "cut";
      this.#isSkipping = true;
    }
    if (isPartial) this.reason = "the quotes of its label are not closed";
    return "invalid";
  }

  /** Skips the rest of an invalid line; `false` if its end is not there yet. */
  #skipLine(): boolean {
    const lf = this.#bytes.indexOf(Byte.lf, this.#end);
    this.#isSkipping = lf < 0 || lf >= this.#limit;
    this.#end = this.#isSkipping ? this.#limit : lf + 1;
    return !this.#isSkipping;
  }

  #isHeader(start: number, lf: number): boolean {
    if (lf - start > HEADER_ROOM) return false;
    const style = headerStyle(this.#text(start, this.crlf ? lf - 1 : lf));
    if (style === undefined) return false;
    if (this.#before + start === 0) this.row.isSpaced = style.isSpaced;
    this.isOddHeader = style.isSpaced || style.isPadded;
    return true;
  }

  /** Makes room for bytes after those that are pending, which move to the beginning. */
  #reserve(length: number): void {
    const pending = this.#limit - this.#end;
    if (pending + length + PADDING <= this.#bytes.length) {
      this.#bytes.copyWithin(0, this.#end, this.#limit);
    } else {
      const larger = new Uint8Array(2 * pending + length + PADDING);
      larger.set(this.#bytes.subarray(this.#end, this.#limit));
      this.#bytes = larger;
      this.row.moveTo(larger);
    }
    this.#before += this.#end;
    this.#start = this.#end = 0;
    this.#limit = pending;
  }

  #text(start: number, end: number): string {
    return latin1.decode(this.#bytes.subarray(start, end));
  }

  #extend(length: number): void {
    this.#limit += length;
    this.#bytes[this.#limit] = 0;
  }
}

/** Where the last whole row ends of some bytes that begin with one, and how many there are. */
export function wholeRows(bytes: Uint8Array): { readonly rows: number; readonly end: number } {
  const scanner = new RowScanner().push(bytes);
  let rows = 0;
  let end = 0;
  for (; scanner.next() === "row"; rows++) ({ end } = scanner);
  return { rows, end };
}
