import type { RowParser } from "../../csv/row_parser.ts";
import type { ProcessId } from "../../files/names.ts";

/** The same memory, as what is needed of it. */
export interface RowMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
}

/** How a store is given rows: each is its fields, followed by what is the same for its program and channel. */
export interface RowFormat {
  /** The most bytes that a row has more than in its file, where it is at least `0,0,a,0` and a line end. */
  moreBytes(channel: string): number;
  /**
   * Puts a row to `at` of the memory from which it was read, where it is further behind: from `start`
   * to `end`, without its line end. Returns where it ends then.
   */
  put(memory: RowMemory, at: number, row: RowParser, start: number, end: number): number;
  /** What follows each row of a program, whose number is `id`, in a channel. */
  suffix(channel: string, program: ProcessId, id: bigint): Uint8Array;
}
