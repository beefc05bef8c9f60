import { Byte } from "./dialect.ts";

/**
 * Finds the ends of rows in CSV that comes block by block: a CRLF outside quotes. A doubled quote opens and closes at once, so it needs no
 * attention.
 */
export class RowScanner {
  /** Whole rows so far, the header included. */
  rows = 0;
  /** Bytes up to the end of the last whole row. */
  end = 0;
  /** Whether there was an LF that no CR precedes outside quotes, which our dialect does not have. */
  bareLineFeed = false;
  #at = 0;
  #quoted = false;
  #previous = 0;

  /** Takes the next block. */
  scan(block: Uint8Array): this {
    for (let i = 0; i < block.length; i++) {
      const byte = block[i]!;
      if (byte === Byte.quote) this.#quoted = !this.#quoted;
      else if (byte === Byte.lf && !this.#quoted) this.#endRow(this.#at + i + 1);
      this.#previous = byte;
    }
    this.#at += block.length;
    return this;
  }

  #endRow(end: number): void {
    if (this.#previous !== Byte.cr) {
      this.bareLineFeed = true;
      return;
    }
    this.rows++;
    this.end = end;
  }
}
