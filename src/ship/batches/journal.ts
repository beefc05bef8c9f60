/**
 * The journal of a shipper to a store without transactions: which batches it has begun, and what
 * became of them. It is a text of lines, each on the disk before the next step is taken:
 *
 * | line       | meaning                                                                    |
 * | ---------- | -------------------------------------------------------------------------- |
 * | `B {json}` | a batch is about to be sent: its id, its rows, and where its pieces are    |
 * | `C id`     | it is there, and in the ledger of the store                                |
 * | `X id`     | it was revoked: nothing of it is there                                     |
 *
 * A `B` without `C` or `X` is open: what became of it has to be found out. A last line without its end
 * was never acted upon. When nothing is open and the file is large it begins anew.
 *
 * @module
 */

import { accessLike, type MonitoringDirectory, release, unless, unlessGone, writeAll } from "../../files/directory.ts";
import { directoryOf } from "../../files/names.ts";
import { type FileHandle, readFully } from "../../runtime.ts";
import { isFields } from "../../small_json.ts";
import type { LocatedPiece } from "../pieces/piece.ts";
import type { BegunBatch } from "../targets/target.ts";

/** Bytes from which on it begins anew when nothing is open. */
const COMPACTION_BYTES = 2 ** 20;

const ID = /^[0-9a-f]{16}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** The journal of one directory and one store. The shipper that has their lock has it alone. */
export class Journal {
  /**
   * Whether it has all that was ever begun. Otherwise there was none, or it was damaged; then nothing
   * is open.
   */
  readonly isWhole: boolean;
  readonly #directory: MonitoringDirectory;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #open: Map<string, BegunBatch>;
  #size: number;

  private constructor(directory: MonitoringDirectory, path: string) {
    const { files } = directory;
    const handle = unlessGone(() => files.open(path));
    const read = handle && parse(readAll(handle));
    this.isWhole = read !== undefined;
    this.#directory = directory;
    this.#path = path;
    this.#open = read?.open ?? new Map();
    this.#size = read?.size ?? 0;
    this.#handle = handle ?? files.create(path, accessLike(files.status(directoryOf(path))!));
  }

  /**
   * Opens the journal at a path, or begins it.
   *
   * @throws {FileError}
   */
  static open(directory: MonitoringDirectory, path: string): Journal {
    return new Journal(directory, path);
  }

  /** The batches of which it is not known what became of them, the oldest first. */
  get open(): readonly BegunBatch[] {
    return [...this.#open.values()];
  }

  /**
   * Notes that a batch is about to be sent.
   *
   * @throws {FileError} Then it must not be sent.
   */
  begin({ id, rows, pieces }: BegunBatch): void {
    const located = pieces.map(({ file, stem, channel, firstRow, offset, rows, bytes, sha256 }) => (
      { file, stem, channel, firstRow, offset, rows, bytes, sha256 }
    ));
    const batch: BegunBatch = { id, rows, pieces: located };
    this.#append(`B ${JSON.stringify(batch)}\n`);
    this.#open.set(id, batch);
  }

  /**
   * Notes what became of a batch: it is there, or it was revoked.
   *
   * @throws {FileError} Then it stays open.
   */
  end({ id }: Pick<BegunBatch, "id">, outcome: "there" | "revoked"): void {
    this.#append(`${outcome === "there" ? "C" : "X"} ${id}\n`);
    this.#open.delete(id);
    if (this.#open.size === 0 && this.#size >= COMPACTION_BYTES) this.restart();
  }

  /**
   * Empties it. Nothing must be open.
   *
   * @throws {FileError}
   */
  restart(): void {
    this.#handle.truncate(0);
    this.#handle.sync();
    this.#size = 0;
  }

  /** Closes the file. Does not throw. */
  close(): void {
    release(this.#handle);
  }

  /** What is behind the last whole line is overwritten. */
  #append(line: string): void {
    const bytes = new TextEncoder().encode(line);
    this.#handle.truncate(this.#size);
    this.#handle.seekEnd();
    writeAll(this.#handle, bytes);
    this.#handle.sync();
    if (this.#size === 0) unless("EINVAL", () => this.#directory.files.syncDirectory(directoryOf(this.#path)));
    this.#size += bytes.length;
  }
}

function readAll(handle: FileHandle): Uint8Array {
  const bytes = new Uint8Array(handle.status().size);
  return bytes.subarray(0, readFully(handle, bytes, 0));
}

/** What is open, and the bytes of the whole lines; `undefined` if a line is none of a journal. */
function parse(bytes: Uint8Array): { readonly open: Map<string, BegunBatch>; readonly size: number } | undefined {
  const size = bytes.lastIndexOf(0x0a) + 1;
  const open = new Map<string, BegunBatch>();
  const lines = new TextDecoder().decode(bytes.subarray(0, size)).split("\n").slice(0, -1);
  for (const line of lines) {
    const rest = line.slice(2);
    if (line.startsWith("B ")) {
      const batch = parseBatch(rest);
      if (batch === undefined) return undefined;
      open.set(batch.id, batch);
    } else if (!/^[CX] /.test(line) || !open.delete(rest)) {
      return undefined;
    }
  }
  return { open, size };
}

function parseBatch(json: string): BegunBatch | undefined {
  try {
    const batch: unknown = JSON.parse(json);
    if (!isFields(batch)) return undefined;
    const { id, rows, pieces } = batch;
    const isBatch = typeof id === "string" && ID.test(id) && isCount(rows) && Array.isArray(pieces) &&
      pieces.every(isPiece);
    return isBatch ? { id, rows, pieces } : undefined;
  } catch {
    return undefined;
  }
}

function isPiece(piece: unknown): piece is LocatedPiece {
  if (!isFields(piece)) return false;
  const { file, stem, channel, firstRow, offset, rows, bytes, sha256 } = piece;
  return [file, stem, channel].every((text) => typeof text === "string") &&
    [firstRow, offset, rows, bytes].every(isCount) && typeof sha256 === "string" && SHA256.test(sha256);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
