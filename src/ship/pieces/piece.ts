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

import { RowScanner } from "../../csv/row_scanner.ts";
import type { ProcessId } from "../../files/names.ts";
import type { ByteSource } from "../../runtime.ts";
import { NANOSECONDS_PER_SECOND } from "../../series.ts";

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

/** A piece that was read. */
export interface Piece extends PieceEntry {
  /** The name of the file. */
  readonly file: string;
  /** The byte of the file at which it begins. */
  readonly offset: number;
  readonly channel: string;
  /** Lines among the rows that are no rows, and were left out. */
  readonly damaged: number;
  /** Who recorded the rows. */
  readonly programs: readonly ProcessId[];
  /** When its latest row was recorded, ns since 1970; 0 if it has none. */
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
  /** Who recorded a row with this PID, at that second since 1970. */
  of(pid: number, seconds: number): ProcessId;
  /** The number of a program. */
  idOf(program: ProcessId): bigint;
}

/** What {@linkcode cutPiece} is given. */
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

/**
 * Reads the piece of a file that begins at `offset`; `undefined` if there is no whole line any more.
 * The bytes after the last whole line are left to the next piece, or stay unshipped.
 *
 * @throws {FileError}
 */
export async function cutPiece(handle: ByteSource, options: CutOptions): Promise<Piece | undefined> {
  const { stem, file, channel, firstRow, offset, size, owner } = options;
  let { began } = options;
  const content = readUpTo(handle, offset, Math.min(PIECE_BYTES, size - offset));
  const scanner = new RowScanner().push(content);
  const output = new Output(content.length);
  const programs = new Map<bigint, ProcessId>();
  let rows = 0;
  let damaged = 0;
  let end = 0;
  let [seconds, nanoseconds] = [0, 0];
  const suffixes = new Suffixes(channel, owner, programs);
  for (;;) {
    const found = scanner.next();
    if (found === "end" || found === "cut" || !scanner.hasEnd) break;
    ({ end } = scanner);
    if (found === "row") {
      const { row } = scanner;
      rows++;
      began ??= row.timepoint;
      output.add(content, scanner.start, end - (scanner.crlf ? 2 : 1), suffixes.of(row.pid, row.seconds));
      if (row.seconds > seconds || row.seconds === seconds && row.nanoseconds > nanoseconds) {
        ({ seconds, nanoseconds } = row);
      }
    } else if (found === "invalid") {
      damaged++;
    }
  }
  if (end === 0) return undefined;
  const covered = content.subarray(0, end);
  return {
    stem,
    file,
    channel,
    firstRow,
    rows,
    offset,
    bytes: end,
    sha256: await digestOf(covered),
    damaged,
    programs: [...programs.values()],
    newest: BigInt(seconds) * BigInt(NANOSECONDS_PER_SECOND) + BigInt(nanoseconds),
    began: began ?? 0n,
    csv: output.bytes,
  };
}

/** SHA-256 of bytes, 64 hexadecimal digits. */
export async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether a file has the bytes of an entry at `offset`; `"short"` if it ends before. */
export async function hasPiece(
  handle: ByteSource,
  offset: number,
  { bytes, sha256 }: PieceEntry,
): Promise<"same" | "other" | "short"> {
  const content = readUpTo(handle, offset, bytes);
  if (content.length < bytes) return "short";
  return await digestOf(content) === sha256 ? "same" : "other";
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

function readUpTo(handle: ByteSource, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.max(0, length));
  let read = 0;
  while (read < bytes.length) {
    const more = handle.readAt(bytes.subarray(read), offset + read);
    if (more === 0) break;
    read += more;
  }
  return bytes.subarray(0, read);
}

/** What follows each row: the channel and the number of the program. */
class Suffixes {
  readonly #channel: string;
  readonly #owner: RowOwner;
  readonly #programs: Map<bigint, ProcessId>;
  readonly #known = new Map<bigint, Uint8Array>();
  #lastPid = -1;
  #lastSeconds = -1;
  #last: Uint8Array = new Uint8Array();

  constructor(channel: string, owner: RowOwner, programs: Map<bigint, ProcessId>) {
    this.#channel = channel;
    this.#owner = owner;
    this.#programs = programs;
  }

  of(pid: number, seconds: number): Uint8Array {
    if (pid === this.#lastPid && seconds === this.#lastSeconds) return this.#last;
    const program = this.#owner.of(pid, seconds);
    const id = this.#owner.idOf(program);
    let suffix = this.#known.get(id);
    if (suffix === undefined) {
      suffix = encoder.encode(`,${csvField(this.#channel)},${id}\n`);
      this.#known.set(id, suffix);
      this.#programs.set(id, program);
    }
    this.#lastPid = pid;
    this.#lastSeconds = seconds;
    this.#last = suffix;
    return suffix;
  }
}

/** A channel may be anything that a file can be called. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows with their suffixes, in bytes that grow. */
class Output {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(content: number) {
    this.#bytes = new Uint8Array(Math.ceil(1.6 * content) + 64);
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  add(content: Uint8Array, start: number, end: number, suffix: Uint8Array): void {
    const needed = this.#length + end - start + suffix.length;
    if (needed > this.#bytes.length) this.#grow(needed);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = start; i < end; i++) bytes[at++] = content[i]!;
    for (let i = 0; i < suffix.length; i++) bytes[at++] = suffix[i]!;
    this.#length = at;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
