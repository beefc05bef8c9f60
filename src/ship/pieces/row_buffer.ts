import { PADDING } from "../../csv/row_parser.ts";
import type { ProcessId } from "../../files/names.ts";
import type { RowParser } from "../../csv/row_parser.ts";
import { BATCH_BYTES, PIECE_BYTES } from "./sizes.ts";

/** Tells who recorded a row, and the number that the store has for it. */
export interface RowOwner {
  /** Who recorded a row: the same object for the same program. */
  of(row: Pick<RowParser, "pid" | "seconds">): ProcessId;
  /** The number of a program. */
  idOf(program: ProcessId): bigint;
}

/** Bytes of the shortest row. */
const SHORTEST_ROW = "0,0,a,0\n".length;

/** Bytes of the longest number of a program, of two commas and a line end. */
const SUFFIX_BYTES = String(-(2n ** 63n)).length + 3;

/** A block that is made larger has no more, unless a piece needs more. */
const MOST_BYTES = BATCH_BYTES + 7 * PIECE_BYTES;

const encoder = new TextEncoder();

/**
 * The rows of a batch as stores are given them, piece by piece in one block of memory. What is read of
 * a file is at the end of the block, and each row is copied from there to its beginning, followed by
 * its channel and the number of its program: within one block that takes no object and no loop over
 * bytes. The block serves for one batch after the other: new memory for each would have to be filled
 * with zeros by the system, and stay until it is collected.
 */
export class RowBuffer {
  #bytes = new Uint8Array();
  /** Where the rows of the current piece begin, and where all rows end. */
  #start = 0;
  #length = 0;
  /** Where the content of the current piece begins. */
  #base = 0;
  readonly #suffixes = new Map<ProcessId, Uint8Array>();
  #channel = "";
  #owner: RowOwner | undefined;
  #last: ProcessId | undefined;
  #suffix: Uint8Array = new Uint8Array();

  /** Begins a batch: the rows of the one before are overwritten. */
  clear(): void {
    this.#length = 0;
  }

  /**
   * Begins a piece with so many bytes of content. Returns the block and where these bytes are to be
   * put; those that follow them may be overwritten.
   */
  begin(
    size: number,
    channel: string,
    owner: RowOwner,
  ): { readonly block: Uint8Array<ArrayBuffer>; readonly at: number } {
    this.#channel = csvField(channel);
    this.#owner = owner;
    this.#suffixes.clear();
    this.#last = undefined;
    const suffix = encoder.encode(this.#channel).length + SUFFIX_BYTES;
    const most = size + Math.ceil(size / SHORTEST_ROW) * suffix;
    const needed = most + size + PADDING;
    if (this.#length + needed > this.#bytes.length) {
      // The pieces before keep the old block.
      this.#bytes = new Uint8Array(Math.max(needed, Math.min(2 * this.#bytes.length, MOST_BYTES)));
      this.#length = 0;
    }
    this.#start = this.#length;
    this.#base = this.#bytes.length - PADDING - size;
    return { block: this.#bytes, at: this.#base };
  }

  /** Adds the row at these bytes of the content, without its line end. */
  add(start: number, end: number, row: Pick<RowParser, "pid" | "seconds">): void {
    const program = this.#owner!.of(row);
    if (program !== this.#last) this.#use(program);
    this.#bytes.copyWithin(this.#length, this.#base + start, this.#base + end);
    this.#length += end - start;
    this.#bytes.set(this.#suffix, this.#length);
    this.#length += this.#suffix.length;
  }

  /** The rows of the piece. */
  get rows(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(this.#start, this.#length);
  }

  /** Who recorded the rows of the piece. */
  get programs(): ProcessId[] {
    return [...this.#suffixes.keys()];
  }

  #use(program: ProcessId): void {
    this.#last = program;
    const known = this.#suffixes.get(program);
    this.#suffix = known ?? encoder.encode(`,${this.#channel},${this.#owner!.idOf(program)}\n`);
    this.#suffixes.set(program, this.#suffix);
  }
}

/** A channel may be anything that a file can be called. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
