import type { FileHandle } from "../../runtime.ts";

/** How much is read at a time, bytes. */
const BLOCK_BYTES = 256 * 1024;

/** The part of a file that is in memory, and moves on through it. */
export class BufferedReader {
  /** What is there, up to `end`; a byte 0 follows. */
  bytes: Uint8Array = new Uint8Array(2 * BLOCK_BYTES + 1);
  /** The place up to which it is not needed any more. */
  at = 0;
  /** Where it ends. */
  end = 0;
  readonly #handle: FileHandle;
  readonly #size: number;
  #offset = 0;

  /** At the beginning of the first `size` bytes of a file, nothing of which is there yet. */
  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.#size = size;
  }

  /** Reads on, at least as much as is there from `at` on, which moves to the beginning; `false` if there is no more. */
  fill(): boolean {
    const rest = this.end - this.at;
    const wanted = Math.min(Math.max(BLOCK_BYTES, rest), this.#size - this.#offset);
    if (wanted <= 0) return false;
    this.#makeRoom(rest, wanted);
    const length = this.#handle.readAt(this.bytes.subarray(rest, rest + wanted), this.#offset);
    this.#offset += length;
    this.end += length;
    this.bytes[this.end] = 0;
    return length > 0;
  }

  /** Where a byte is next; -1 if it is not there. */
  indexOf(byte: number): number {
    const found = this.bytes.indexOf(byte, this.at);
    return found < this.end ? found : -1;
  }

  #makeRoom(rest: number, wanted: number): void {
    if (rest + wanted < this.bytes.length) {
      this.bytes.copyWithin(0, this.at, this.end);
    } else {
      const larger = new Uint8Array(2 * (rest + wanted) + 1);
      larger.set(this.bytes.subarray(this.at, this.end));
      this.bytes = larger;
    }
    this.at = 0;
    this.end = rest;
  }
}
