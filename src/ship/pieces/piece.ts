/**
 * Pieces: what is shipped as a whole, or not at all.
 *
 * A piece is a run of whole rows of one file, of up to 2 MiB. Most files are one piece. It is known
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
import { RowScanner } from "../../csv/row_scanner.ts";
import type { ProcessId } from "../../files/names.ts";
import type { ByteSource, Runtime } from "../../runtime.ts";
import { csvRows } from "./csv_rows.ts";
import { RowBuffer, type RowOwner } from "./row_buffer.ts";
import type { RowFormat } from "./row_format.ts";
import { PIECE_BYTES } from "./sizes.ts";

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
  /** The rows in the format of the store. */
  readonly content: Uint8Array;
}

/** What a file has where an entry of the ledger says that a piece is; `"short"` if it ends before. */
export type Found = "same" | "other" | "short";

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

/** Bytes up to which a digest is made at once. Those of more let the event loop turn meanwhile. */
const SMALL = 64 * 1024;

/** SHA-256 of bytes, 64 hexadecimal digits. */
export type Digest = (bytes: Uint8Array<ArrayBuffer>) => string | Promise<string>;

/**
 * A digest that is there at once if the bytes are few and the runtime has `sha256`: a directory may
 * have 100,000 small files.
 */
export function digestBy(sha256: Runtime["sha256"]): Digest {
  return (bytes) => sha256 === undefined || bytes.length > SMALL ? sha256Of(bytes) : sha256(bytes);
}

/**
 * Reads pieces with the same memory. Those of a batch stay as they are until the next but one begins.
 * After a failure, when it is not known what is still being sent, a new reader is needed.
 */
export class PieceReader {
  readonly #scanner = new RowScanner();
  #buffers: readonly [current: RowBuffer, other: RowBuffer];
  #content = new Uint8Array();

  readonly #digest: Digest;

  /** Reads nothing yet. */
  constructor(format: RowFormat = csvRows, digest: Digest = sha256Of) {
    this.#digest = digest;
    this.#buffers = [new RowBuffer(format), new RowBuffer(format)];
  }

  /** The pieces that are cut from now on are another batch. */
  beginBatch(): void {
    const [current, other] = this.#buffers;
    this.#buffers = [other, current];
    other.clear();
  }

  /**
   * Reads the piece of a file that begins at `offset`; `undefined` if there is no whole line any more.
   * The bytes after the last whole line are left to the next piece, or stay unshipped.
   *
   * @throws {FileError}
   */
  cut(handle: ByteSource, options: CutOptions): Piece | undefined | Promise<Piece | undefined> {
    const { stem, file, channel, firstRow, offset, size, owner } = options;
    let { began } = options;
    const [buffer] = this.#buffers;
    const length = Math.max(0, Math.min(PIECE_BYTES, size - offset));
    const { block, at } = buffer.begin(length, channel, owner);
    const content = readUpTo(handle, offset, block.subarray(at, at + length));
    const scanner = this.#scanner.restartIn(block, at, at + content.length);
    const { row } = scanner;
    let rows = 0;
    let damaged = 0;
    let end = 0;
    let newest = 0n;
    for (let found = scanner.next(); found !== "end" && found !== "cut" && scanner.hasEnd; found = scanner.next()) {
      ({ end } = scanner);
      if (found === "row") {
        if (rows++ === 0) began ??= row.timepoint;
        if (end === content.length) newest = row.timepoint;
        buffer.add(scanner.start, end - (scanner.crlf ? 2 : 1), row);
      } else if (found === "invalid") {
        damaged++;
      }
    }
    if (end === 0) return undefined;
    const { rows: inFormat, programs } = buffer;
    const pieceOf = (sha256: string): Piece => ({
      stem,
      file,
      channel,
      firstRow,
      rows,
      offset,
      bytes: end,
      sha256,
      damaged,
      programs,
      newest,
      began: began ?? 0n,
      content: inFormat,
    });
    const digest = this.#digest(content.subarray(0, end));
    return typeof digest === "string" ? pieceOf(digest) : digest.then(pieceOf);
  }

  /** Whether a file has the bytes of an entry at `offset`. */
  has(handle: ByteSource, offset: number, { bytes, sha256 }: PieceEntry): Found | Promise<Found> {
    if (this.#content.length < bytes) this.#content = new Uint8Array(bytes);
    const content = readUpTo(handle, offset, this.#content.subarray(0, bytes));
    if (content.length < bytes) return "short";
    const compare = (digest: string): Found => digest === sha256 ? "same" : "other";
    const digest = this.#digest(content);
    return typeof digest === "string" ? compare(digest) : digest.then(compare);
  }
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
