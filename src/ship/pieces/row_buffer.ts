import { PADDING, type RowParser } from "../../csv/row_parser.ts";
import type { ProcessId } from "../../files/names.ts";
import type { RowFormat, RowMemory } from "./row_format.ts";
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

/** A block that is made larger has no more, unless a piece needs more. */
const MOST_BYTES = BATCH_BYTES + 7 * PIECE_BYTES;

/**
 * The rows of a batch as a store is given them, piece by piece in one block of memory. What is read of
 * a file is at the end of the block, and each row is put from there to its beginning, followed by its
 * channel and the number of its program: within one block that takes no object. The block serves for
 * one batch after the other: new memory for each would have to be filled with zeros by the system, and
 * stay until it is collected.
 */
export class RowBuffer {
  readonly #format: RowFormat;
  #memory: RowMemory = memoryOf(0);
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

  /** Has no memory yet. */
  constructor(format: RowFormat) {
    this.#format = format;
  }

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
    this.#channel = channel;
    this.#owner = owner;
    this.#suffixes.clear();
    this.#last = undefined;
    const most = size + Math.ceil(size / SHORTEST_ROW) * this.#format.moreBytes(channel);
    const needed = most + size + PADDING;
    const { length } = this.#memory.bytes;
    if (this.#length + needed > length) {
      // The pieces before keep the old block.
      this.#memory = memoryOf(Math.max(needed, Math.min(2 * length, MOST_BYTES)));
      this.#length = 0;
    }
    const { bytes } = this.#memory;
    this.#start = this.#length;
    this.#base = bytes.length - PADDING - size;
    return { block: bytes, at: this.#base };
  }

  /** Adds a row, which is at these bytes of the content, without its line end. */
  add(start: number, end: number, row: RowParser): void {
    const program = this.#owner!.of(row);
    if (program !== this.#last) this.#use(program);
    const at = this.#format.put(this.#memory, this.#length, row, this.#base + start, this.#base + end);
    this.#memory.bytes.set(this.#suffix, at);
    this.#length = at + this.#suffix.length;
  }

  /** The rows of the piece. */
  get rows(): Uint8Array<ArrayBuffer> {
    return this.#memory.bytes.subarray(this.#start, this.#length);
  }

  /** Who recorded the rows of the piece. */
  get programs(): ProcessId[] {
    return [...this.#suffixes.keys()];
  }

  #use(program: ProcessId): void {
    this.#last = program;
    const known = this.#suffixes.get(program);
    this.#suffix = known ?? this.#format.suffix(this.#channel, program, this.#owner!.idOf(program));
    this.#suffixes.set(program, this.#suffix);
  }
}

function memoryOf(size: number): RowMemory {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}
