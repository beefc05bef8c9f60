/**
 * The ledger of retention, `DIR/.retention`: what the files of a directory take together, and which
 * of them are the oldest, so that whoever publishes a file can tell in some 50 µs whether there is
 * room for it, and which files have to go, without listing the directory.
 *
 * It always has {@linkcode LEDGER_BYTES}, which are written when it is made: a full disk refuses no
 * change of it. All changes are made under its exclusive lock, for less than a millisecond.
 *
 * | byte | type    | content                                                                        |
 * | ---- | ------- | ------------------------------------------------------------------------------ |
 * | 0    | 8 bytes | `kymoret1`; anything else: nothing is known                                    |
 * | 8    | uint32  | generation: rises with each count of the directory                             |
 * | 12   | uint32  | where the oldest file that may be there stands in the list, from its beginning |
 * | 16   | uint32  | where the list ends                                                            |
 * | 20   | uint32  | 1 if files were left out of the list for want of room                          |
 * | 24   | float64 | bytes of all files                                                             |
 * | 32   | float64 | bytes that programs have added since the ledger was made                       |
 * | 40   | float64 | when the latest count began, ms since 1970; 0 if there was none                |
 * | 48   | float64 | until when nobody else need count, ms since 1970                               |
 * | 56   | float64 | bytes added when the list was written                                          |
 * | 64   | uint32  | checksum of the bytes before                                                   |
 * | 72   | text    | the list: `time size name\n` for each file, the oldest first                   |
 *
 * Bytes and list belong together: the bytes have each file from the named position on. Whoever
 * removes a file of the list moves the position past it and subtracts its size; so does whoever finds
 * it gone. The files are removed first, then the header is written, in one write: a program that is
 * killed in between leaves names that the next one finds gone. A new list is written while the header
 * says that nothing is known.
 *
 * @module
 */

import { FileError, readFully } from "../../runtime.ts";
import { asciiBytes } from "../../text_coders.ts";

/** Its size, bytes: the list has room for some 500 files. */
export const LEDGER_BYTES = 32 * 1024;

const HEADER_BYTES = 72;
const CHECKSUM_AT = 64;
const MAGIC = asciiBytes("kymoret1");

/** Bytes of the list that are read at once. */
const READ_BYTES = 1024;

/** A file that may be removed. */
export interface Removable {
  /** Its path in the directory. */
  readonly name: string;
  /** Bytes that it takes on the disk. */
  readonly size: number;
  /** ms since 1970 of its last row, or a later time if that is not known. */
  readonly time: number;
}

/** What the header says. */
export interface LedgerState {
  generation: number;
  position: number;
  end: number;
  isCut: boolean;
  bytes: number;
  added: number;
  counted: number;
  lease: number;
  addedBefore: number;
}

/** What a ledger is kept in: a file, or memory where there can be none. */
export interface LedgerBytes {
  readAt(into: Uint8Array, position: number): number;
  writeAt(bytes: Uint8Array, position: number): number;
}

/** A ledger that no other program sees. */
export function memoryLedger(): LedgerBytes {
  const bytes = new Uint8Array(LEDGER_BYTES);
  return {
    readAt(into, position) {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    writeAt(part, position) {
      bytes.set(part, position);
      return part.length;
    },
  };
}

/** A ledger that is open, and locked. */
export class Ledger {
  /** What its header says; changes count from {@linkcode Ledger.save} on. */
  readonly state: LedgerState;
  readonly #file: LedgerBytes;

  /**
   * Reads the header.
   *
   * @throws {FileError}
   */
  constructor(file: LedgerBytes) {
    this.#file = file;
    this.state = readState(file) ??
      { generation: 0, position: 0, end: 0, isCut: false, bytes: 0, added: 0, counted: 0, lease: 0, addedBefore: 0 };
  }

  /**
   * The file at the position and where the next one stands; `undefined` at the end of the list.
   *
   * @throws {FileError}
   */
  first(): { readonly file: Removable; readonly next: number } | undefined {
    const { position } = this.state;
    return this.#listed(position, this.state.end)[0];
  }

  /**
   * The files between two positions, as far as they can be read.
   *
   * @throws {FileError}
   */
  between(from: number, to: number): Removable[] {
    const files: Removable[] = [];
    for (let at = from; at < to;) {
      const part = this.#listed(at, to);
      if (part.length === 0) break;
      files.push(...part.map(({ file }) => file));
      at = part.at(-1)!.next;
    }
    return files;
  }

  /**
   * Writes the header.
   *
   * @throws {FileError}
   */
  save(): void {
    const { generation, position, end, isCut, bytes, added, counted, lease, addedBefore } = this.state;
    const header = new Uint8Array(HEADER_BYTES);
    const view = new DataView(header.buffer);
    header.set(MAGIC);
    [generation, position, end, Number(isCut)].forEach((value, i) => view.setUint32(8 + 4 * i, value, true));
    [bytes, added, counted, lease, addedBefore].forEach((value, i) => view.setFloat64(24 + 8 * i, value, true));
    view.setUint32(CHECKSUM_AT, checksum(header), true);
    this.#write(header, 0);
  }

  /**
   * Replaces the list, the oldest file first, and writes the header.
   *
   * @throws {FileError}
   */
  replaceList(files: readonly Removable[], isCut: boolean): void {
    const { state } = this;
    const room = LEDGER_BYTES - HEADER_BYTES;
    let text = "";
    let listed = 0;
    for (const { time, size, name } of files) {
      const line = `${Math.round(time)} ${size} ${name}\n`; // names of Kymo have only ASCII characters
      if (text.length + line.length > room) break;
      text += line;
      listed++;
    }
    const list = new TextEncoder().encode(text);
    this.#write(new Uint8Array(HEADER_BYTES), 0);
    this.#write(list, HEADER_BYTES);
    state.position = 0;
    state.addedBefore = state.added;
    state.end = list.length;
    state.isCut = isCut || listed < files.length;
    state.generation = (state.generation + 1) >>> 0;
    this.save();
  }

  #listed(from: number, to: number): { readonly file: Removable; readonly next: number }[] {
    const bytes = new Uint8Array(Math.max(0, Math.min(READ_BYTES, to - from)));
    const text = new TextDecoder().decode(bytes.subarray(0, readFully(this.#file, bytes, HEADER_BYTES + from)));
    const found: { file: Removable; next: number }[] = [];
    for (let at = 0;;) {
      const lineEnd = text.indexOf("\n", at);
      if (lineEnd < 0) return found;
      const [, time, size, name] = /^(\d{1,16}) (\d{1,16}) ([\w.\/-]+)$/.exec(text.slice(at, lineEnd)) ?? [];
      if (name === undefined) return found;
      at = lineEnd + 1;
      found.push({ file: { name, size: Number(size), time: Number(time) }, next: from + at });
    }
  }

  #write(bytes: Uint8Array, at: number): void {
    if (this.#file.writeAt(bytes, at) !== bytes.length) throw new FileError("EIO", "not all was written");
  }
}

function readState(file: LedgerBytes): LedgerState | undefined {
  const header = new Uint8Array(HEADER_BYTES);
  if (readFully(file, header, 0) < HEADER_BYTES || !MAGIC.every((byte, i) => header[i] === byte)) return undefined;
  const view = new DataView(header.buffer);
  if (view.getUint32(CHECKSUM_AT, true) !== checksum(header)) return undefined;
  const [generation, position, end, isCut] = [0, 1, 2, 3].map((i) => view.getUint32(8 + 4 * i, true));
  const [bytes, added, counted, lease, addedBefore] = [0, 1, 2, 3, 4].map((i) => view.getFloat64(24 + 8 * i, true));
  return {
    generation: generation!,
    position: position!,
    end: end!,
    isCut: isCut === 1,
    bytes: bytes!,
    added: added!,
    counted: counted!,
    lease: lease!,
    addedBefore: addedBefore!,
  };
}

/** FNV-1a of the header before the checksum. */
function checksum(header: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of header.subarray(0, CHECKSUM_AT)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
