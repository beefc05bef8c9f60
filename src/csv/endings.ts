import { labelSpans } from "../segment/format.ts";
import type { SegmentContent } from "../segment/segment.ts";
import { Byte, needsQuotes } from "./dialect.ts";
import { putAscii } from "./put.ts";

/** `,PID` and CRLF after a label, at most. */
const MAX_PID_BYTES = 16;

/** How the rows of a segment end, by the id of their label: `label,PID` and CRLF, ready to be copied. See `putWords`. */
export class Endings {
  /** Where each begins in `words`. */
  readonly starts: number[] = [];
  /** How many bytes each has. */
  readonly lengths: number[] = [];
  #words = new Int32Array(256);

  /** All of them, one after the other. */
  get words(): Int32Array {
    return this.#words;
  }

  /** Makes those of another segment. */
  prepare({ labelBytes, labelCount, owner }: SegmentContent): void {
    this.starts.length = this.lengths.length = 0;
    const pid = `,${owner.pid}\r\n`;
    let start = 0;
    for (const [from, to] of labelSpans(labelBytes, labelCount)) {
      const out = this.#reserve(4 * start + 2 * (to - from) + 2 + MAX_PID_BYTES);
      const at = putField(out, 4 * start, labelBytes.subarray(from, to));
      const end = putAscii(out, at, pid);
      this.starts.push(start);
      this.lengths.push(end - 4 * start);
      start = (end + 3) >> 2;
    }
  }

  #reserve(bytes: number): DataView {
    if (bytes > this.#words.byteLength) {
      const larger = new Int32Array(Math.ceil(bytes / 2));
      larger.set(this.#words);
      this.#words = larger;
    }
    return new DataView(this.#words.buffer);
  }
}

/** A field of UTF-8, in quotes if it needs them. */
function putField(out: DataView, at: number, bytes: Uint8Array): number {
  if (!needsQuotes(bytes)) {
    for (const byte of bytes) out.setUint8(at++, byte);
    return at;
  }
  out.setUint8(at++, Byte.quote);
  for (const byte of bytes) {
    if (byte === Byte.quote) out.setUint8(at++, Byte.quote);
    out.setUint8(at++, byte);
  }
  out.setUint8(at++, Byte.quote);
  return at;
}
