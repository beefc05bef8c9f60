import { Inflate } from "pako";
import { type ByteSource, FileError, type FileHandle, readFully } from "../../runtime.ts";

/** Bytes that are read from a file of gzip at a time. */
const BLOCK = 64 * 1024;

/** Bytes that are decompressed at a time. */
const CHUNK = 256 * 1024;

/** Z_SYNC_FLUSH: pass on all that is decompressed, since the file may end too early. */
const SYNC_FLUSH = 2;

/** Whether a file holds gzip, whatever its name is. */
export function isGzip(file: ByteSource): boolean {
  const magic = new Uint8Array(2);
  return readFully(file, magic, 0) === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
}

/**
 * What is in a file of gzip, read from its beginning to its end. Checksums are checked. Several
 * members one after the other are read as one, as `gzip -d` does.
 */
export class GunzippedFile implements ByteSource {
  /** Why it ended before the end: a sentence about "it". Only when all was read. */
  problem: string | undefined;
  /** Whether what was read cannot be trusted: one of its bytes has changed, anywhere. */
  isDamaged = false;
  readonly #file: ByteSource;
  readonly #size: number;
  readonly #input = new Uint8Array(BLOCK);
  readonly #chunks: Uint8Array[] = [];
  #inflate = this.#newInflate();
  #read = 0;
  #given = 0;

  /** Reads the first `size` bytes of the file. */
  constructor(file: ByteSource, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /**
   * The next decompressed bytes; `position` must be where the last call ended. 0 at the end.
   *
   * @throws {FileError}
   */
  readAt(into: Uint8Array, position: number): number {
    if (position !== this.#given) throw new RangeError("gzip can only be read on");
    while (this.#chunks.length === 0) if (!this.#more()) return 0;
    const [chunk] = this.#chunks as [Uint8Array];
    const length = Math.min(chunk.length, into.length);
    into.set(chunk.subarray(0, length));
    if (length === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(length);
    this.#given += length;
    return length;
  }

  /** Decompresses some more; `false` at the end. */
  #more(): boolean {
    if (this.problem !== undefined) return false;
    const block = this.#input.subarray(0, Math.min(BLOCK, this.#size - this.#read));
    const length = block.length === 0 ? 0 : this.#file.readAt(block, this.#read);
    this.#read += length;
    if (length === 0) {
      if (!this.#inflate.ended) this.problem = "its gzip data ends too early";
      return false;
    }
    let next = block.subarray(0, length);
    if (this.#inflate.ended) {
      const begin = next.findIndex((byte) => byte !== 0); // a tape's padding
      if (begin < 0) return true;
      next = next.subarray(begin);
      this.#inflate = this.#newInflate(); // a member that begins where a block does
    }
    this.#inflate.push(next, SYNC_FLUSH);
    if (this.#inflate.err !== 0) {
      this.isDamaged = true;
      this.problem = `its gzip data is damaged: ${this.#inflate.msg}`;
    }
    return true;
  }

  #newInflate(): Inflate {
    const inflate = new Inflate({ chunkSize: CHUNK });
    inflate.onData = (chunk) => void this.#chunks.push(chunk as Uint8Array);
    return inflate;
  }
}

/**
 * All bytes of a file, decompressed if it is gzip; `undefined` if they are more than `most`.
 *
 * @throws {FileError} also if the gzip is damaged or ends too early.
 */
export function readDecompressed(file: FileHandle, most: number): Uint8Array<ArrayBuffer> | undefined {
  const { size } = file.status();
  if (size > most) return undefined;
  const bytes = new Uint8Array(size);
  if (!isGzip(file)) return bytes.subarray(0, readFully(file, bytes, 0));
  const gunzipped = new GunzippedFile(file, size);
  let all = bytes;
  for (let length = 0;;) {
    if (length === all.length) {
      if (length > most) return undefined;
      const larger = new Uint8Array(Math.min(most + 1, 2 * length + CHUNK));
      larger.set(all);
      all = larger;
    }
    const read = gunzipped.readAt(all.subarray(length), length);
    length += read;
    if (read > 0) continue;
    if (gunzipped.problem !== undefined) throw new FileError("EINVAL", gunzipped.problem);
    return length > most ? undefined : all.subarray(0, length);
  }
}
