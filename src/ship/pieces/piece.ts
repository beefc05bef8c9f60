/**
 * Pieces: what is shipped as a whole, or not at all.
 *
 * A piece is a run of whole rows of one file, of up to 4 MiB. Most files are one piece. It is known
 * by the **stem** of its file and its first row:
 *
 * - Of a segment's own file the stem is `<channel>.<pid>-<isolate>-<sequence>`: the name without the
 *   number that follows if the name was taken. Its content never changes.
 * - Of any other file it is the name, and the digest of the content tells whether it was shipped
 *   under another one: people rename and copy files.
 *
 * A file may have grown since a part of it was shipped: the rest are further pieces. So where pieces
 * begin follows from those that the store has already, and not from the file alone.
 *
 * @module
 */

import { sha256Of } from "../../digest.ts";
import type { RowParser } from "../../csv/row_parser.ts";
import { RowScanner } from "../../csv/row_scanner.ts";
import type { ProcessId } from "../../files/names.ts";
import type { ByteSource } from "../../runtime.ts";

/** Most bytes of a piece. */
export const PIECE_BYTES: number = 4 * 2 ** 20;

/** What a store notes of a piece. */
export interface PieceEntry {
  readonly stem: string;
  /** The number of its first row in the file, from 0. */
  readonly firstRow: number;
  readonly rows: number;
  /** Bytes of the file that it covers. */
  readonly bytes: number;
  /** SHA-256 of these bytes, 64 hexadecimal digits. */
  readonly sha256: string;
}

/** A piece, and where it is. */
export interface LocatedPiece extends PieceEntry {
  /** The name of the file. */
  readonly file: string;
  /** The byte of the file at which it begins. */
  readonly offset: number;
  readonly channel: string;
}

/** A piece that was read. */
export interface Piece extends LocatedPiece {
  /** Lines among the rows that are no rows, and were left out. */
  readonly damaged: number;
  /** Who recorded the rows. */
  readonly programs: readonly ProcessId[];
  /** When its last row was recorded, ns since 1970; 0 if a torn row follows it. */
  readonly newest: bigint;
  /** When the first row of the file was recorded, ns since 1970: all pieces of a file have the same. */
  readonly began: bigint;
  /**
   * The rows as every store is given them: CSV without a header, ended by LF, with the columns
   * timepoint, measurement, label, PID, channel and the number of the program.
   */
  readonly csv: Uint8Array;
}

/** Tells who recorded a row, and the number that the store has for it. */
export interface RowOwner {
  /** Who recorded a row: the same object for the same program. */
  of(row: Pick<RowParser, "pid" | "seconds">): ProcessId;
  /** The number of a program. */
  idOf(program: ProcessId): bigint;
}

/** What {@linkcode PieceReader.cut} is given. */
export interface CutOptions {
  readonly stem: string;
  readonly file: string;
  readonly channel: string;
  readonly firstRow: number;
  readonly offset: number;
  /** The size of the file. */
  readonly size: number;
  readonly owner: RowOwner;
  /** When the first row of the file was recorded, unless this is the first piece. */
  readonly began: bigint | undefined;
}

const encoder = new TextEncoder();

/** Reads pieces, one after the other, with the same memory. */
export class PieceReader {
  #content = new Uint8Array();
  readonly #scanner = new RowScanner();
  readonly #output = new Output();

  /**
   * Reads the piece of a file that begins at `offset`; `undefined` if there is no whole line any more.
   * The bytes after the last whole line are left to the next piece, or stay unshipped.
   *
   * @throws {FileError}
   */
  async cut(handle: ByteSource, options: CutOptions): Promise<Piece | undefined> {
    const { stem, file, channel, firstRow, offset, size, owner } = options;
    let { began } = options;
    const content = this.#read(handle, offset, Math.min(PIECE_BYTES, size - offset));
    const scanner = this.#scanner.restart(0).push(content);
    const { row } = scanner;
    const output = this.#output.begin(content, channel, owner);
    let rows = 0;
    let damaged = 0;
    let end = 0;
    let newest = 0n;
    for (let found = scanner.next(); found !== "end" && found !== "cut" && scanner.hasEnd; found = scanner.next()) {
      ({ end } = scanner);
      if (found === "row") {
        if (rows++ === 0) began ??= row.timepoint;
        output.add(scanner.start, end - (scanner.crlf ? 2 : 1), row);
        if (end === content.length) newest = row.timepoint;
      } else if (found === "invalid") {
        damaged++;
      }
    }
    if (end === 0) return undefined;
    return {
      stem,
      file,
      channel,
      firstRow,
      rows,
      offset,
      bytes: end,
      sha256: await sha256Of(content.subarray(0, end)),
      damaged,
      programs: output.programs,
      newest,
      began: began ?? 0n,
      csv: output.bytes,
    };
  }

  #read(handle: ByteSource, offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (this.#content.length < length) this.#content = new Uint8Array(length);
    return readUpTo(handle, offset, this.#content.subarray(0, Math.max(0, length)));
  }
}

/** Whether a file has the bytes of an entry at `offset`; `"short"` if it ends before. */
export async function hasPiece(
  handle: ByteSource,
  offset: number,
  { bytes, sha256 }: PieceEntry,
): Promise<"same" | "other" | "short"> {
  const content = readUpTo(handle, offset, new Uint8Array(bytes));
  if (content.length < bytes) return "short";
  return await sha256Of(content) === sha256 ? "same" : "other";
}

/** The bytes from the beginning of a file on that these entries cover. */
export function coveredBytes(entries: readonly PieceEntry[]): number {
  let [bytes, rows] = [0, 0];
  for (const entry of [...entries].sort((one, other) => one.firstRow - other.firstRow)) {
    if (entry.firstRow !== rows) break;
    bytes += entry.bytes;
    rows += entry.rows;
  }
  return bytes;
}

/** Fills memory with what a file has from `offset` on, as far as it goes. */
function readUpTo(
  handle: ByteSource,
  offset: number,
  into: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  let read = 0;
  while (read < into.length) {
    const more = handle.readAt(into.subarray(read), offset + read);
    if (more === 0) break;
    read += more;
  }
  return into.subarray(0, read);
}

/** Bytes that are added to a row at first guess: its channel, and the number of its program. */
const SUFFIX_GUESS = 32;

/** Bytes of a short row. */
const SHORT_ROW = 40;

/**
 * Rows, each followed by its channel and the number of its program. A row is copied within one block
 * of memory, whose end has the content of the file: that takes no object and no loop over bytes.
 */
class Output {
  readonly #suffixes = new Map<ProcessId, Uint8Array>();
  #channel = "";
  #owner: RowOwner | undefined;
  #bytes = new Uint8Array();
  /** Where the content begins, and how long it is. */
  #base = 0;
  #size = 0;
  #length = 0;
  #last: ProcessId | undefined;
  #suffix: Uint8Array = new Uint8Array();

  /** Begins anew, with the rows of another content. */
  begin(content: Uint8Array, channel: string, owner: RowOwner): this {
    this.#suffixes.clear();
    this.#channel = channel;
    this.#owner = owner;
    this.#size = content.length;
    this.#length = 0;
    this.#last = undefined;
    const base = Math.ceil(content.length / SHORT_ROW) * SUFFIX_GUESS + content.length;
    if (this.#bytes.length < base + content.length) this.#bytes = new Uint8Array(base + content.length);
    this.#base = this.#bytes.length - content.length;
    this.#bytes.set(content, this.#base);
    return this;
  }

  /** The rows; a copy, since most of the block is not needed any more. */
  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  get programs(): ProcessId[] {
    return [...this.#suffixes.keys()];
  }

  /** Adds the row at these bytes of the content. */
  add(start: number, end: number, row: Pick<RowParser, "pid" | "seconds">): void {
    const program = this.#owner!.of(row);
    if (program !== this.#last) this.#use(program);
    const suffix = this.#suffix;
    const after = this.#length + end - start;
    if (after + suffix.length > this.#base) this.#grow();
    this.#bytes.copyWithin(this.#length, this.#base + start, this.#base + end);
    this.#bytes.set(suffix, after);
    this.#length = after + suffix.length;
  }

  #use(program: ProcessId): void {
    this.#last = program;
    const known = this.#suffixes.get(program);
    this.#suffix = known ?? encoder.encode(`,${csvField(this.#channel)},${this.#owner!.idOf(program)}\n`);
    this.#suffixes.set(program, this.#suffix);
  }

  #grow(): void {
    const base = 2 * this.#base + this.#suffix.length;
    const larger = new Uint8Array(base + this.#size);
    larger.set(this.#bytes.subarray(0, this.#length));
    larger.set(this.#bytes.subarray(this.#base, this.#base + this.#size), base);
    this.#bytes = larger;
    this.#base = base;
  }
}

/** A channel may be anything that a file can be called. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
