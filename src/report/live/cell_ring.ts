/**
 * The cells of one series, by bin, in little memory: a cell of eight buckets takes some 64 bytes.
 *
 * Bins are ascending. The numbers of a cell are next to each other: `min`, `max`, `sum`, and of what
 * is no duration `weight` and `count`. Its buckets are words of 32 bits: 8 bits of the count, 14 of
 * the bucket, and 5 for the part in which its smallest and its largest duration are; if the first 8
 * are all set, the next word is the count.
 *
 * @module
 */

import { BUCKET_PARTS } from "../shared/report_buckets.ts";
import { Cell } from "./cell.ts";

const BUCKET_BITS = 14;
const LARGEST_BUCKET = 2 ** BUCKET_BITS - 1;
const PART_BITS = Math.log2(BUCKET_PARTS);
const COUNT_SHIFT = BUCKET_BITS + 2 * PART_BITS;
/** Stands for a count in the next word. */
const LONG = 255;
const LARGEST_COUNT = 2 ** 32 - 1;

/** Numbers of a cell of durations, and of one of other values. */
const [OF_DURATIONS, OF_VALUES] = [3, 5];

/** Cells that there is room for at first. */
const FEW = 4;

/** Room is made for this many times as many cells as there are. */
const GROWTH = 1.25;

/** The cells of one series at one width of bins. */
export class CellRing {
  readonly #size: number;
  #bins = new Int32Array(FEW);
  #numbers: Float64Array<ArrayBuffer>;
  /** Where the words of each cell begin. */
  #starts = new Uint32Array(FEW);
  #words = new Uint32Array(FEW);
  /** The first cell, and the end of the cells and of their words. */
  #first = 0;
  #end = 0;
  #wordsEnd = 0;

  /** No cells. `isDuration`: whether they are of durations. */
  constructor(isDuration: boolean) {
    this.#size = isDuration ? OF_DURATIONS : OF_VALUES;
    this.#numbers = new Float64Array(FEW * this.#size);
  }

  /** Number of cells. */
  get length(): number {
    return this.#end - this.#first;
  }

  /** Number of words of buckets. */
  get words(): number {
    return this.#wordsEnd - this.#startOf(this.#first);
  }

  /** Bytes that the cells take, without the room for further ones: at most as much again. */
  get bytes(): number {
    return (8 + 8 * this.#size) * this.length + 4 * this.words;
  }

  /** Adds cells to those of the same bins. Those of earlier bins than the last take more time. */
  add(cells: ReadonlyMap<number, Cell>): void {
    if (cells.size === 0) return;
    const all = new Map(cells);
    const from = this.#indexOf(Math.min(...cells.keys()));
    for (let i = from; i < this.#end; i++) {
      const cell = this.#read(i);
      const more = all.get(this.#bins[i]!);
      // The given cell may be counted elsewhere, and stays as it is.
      if (more !== undefined) cell.addCell(more);
      all.set(this.#bins[i]!, cell);
    }
    if (from < this.#end) {
      this.#wordsEnd = this.#startOf(from);
      this.#end = from;
    }
    for (const [bin, cell] of [...all].sort(([one], [other]) => one - other)) this.#append(bin, cell);
  }

  /** Removes the cells of earlier bins. */
  dropBefore(bin: number): void {
    while (this.#first < this.#end && this.#bins[this.#first]! < bin) this.#first++;
    if (this.#first === this.#end) this.#first = this.#end = this.#wordsEnd = 0;
    if (this.length < this.#bins.length / 2 && this.#bins.length > FEW) this.#resize(0);
  }

  /** Calls `callback` with each cell from one bin up to, but not including, another. */
  forEach(from: number, to: number, callback: (bin: number, cell: Cell) => void): void {
    for (let i = this.#indexOf(from); i < this.#end && this.#bins[i]! < to; i++) {
      callback(this.#bins[i]!, this.#read(i));
    }
  }

  /** The first cell of this bin or a later one. */
  #indexOf(bin: number): number {
    let [low, high] = [this.#first, this.#end];
    // Most are looked for at the end.
    if (high > low && this.#bins[high - 1]! < bin) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#bins[middle]! < bin) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #startOf(index: number): number {
    return index < this.#end ? this.#starts[index]! : this.#wordsEnd;
  }

  #read(index: number): Cell {
    const cell = new Cell();
    const at = index * this.#size;
    [cell.min, cell.max, cell.sum] = [this.#numbers[at]!, this.#numbers[at + 1]!, this.#numbers[at + 2]!];
    const end = this.#startOf(index + 1);
    for (let word = this.#startOf(index); word < end; word++) {
      const packed = this.#words[word]!;
      const short = packed >>> COUNT_SHIFT;
      const count = short === LONG ? this.#words[++word]! : short;
      const [low, high] = [packed >>> PART_BITS & BUCKET_PARTS - 1, packed & BUCKET_PARTS - 1];
      cell.buckets.set(packed >>> 2 * PART_BITS & LARGEST_BUCKET, { count, low, high });
      cell.count += count;
    }
    cell.weight = cell.count;
    if (this.#size === OF_VALUES) [cell.weight, cell.count] = [this.#numbers[at + 3]!, this.#numbers[at + 4]!];
    return cell;
  }

  #append(bin: number, { min, max, sum, weight, count, buckets }: Cell): void {
    this.#makeRoom(2 * buckets.size);
    const index = this.#end++;
    this.#bins[index] = bin;
    this.#starts[index] = this.#wordsEnd;
    const numbers = this.#size === OF_VALUES ? [min, max, sum, weight, count] : [min, max, sum];
    this.#numbers.set(numbers, index * this.#size);
    for (const [bucket, { count, low, high }] of buckets) {
      // Where a row stands for several, counts are estimates.
      const whole = Math.min(LARGEST_COUNT, Math.round(count));
      const short = Math.min(LONG, whole);
      const place = Math.min(LARGEST_BUCKET, bucket) << 2 * PART_BITS | low << PART_BITS | high;
      this.#words[this.#wordsEnd++] = short * 2 ** COUNT_SHIFT + place;
      if (short === LONG) this.#words[this.#wordsEnd++] = whole;
    }
  }

  /** Makes room for a cell with so many words: where cells were removed, or in larger arrays. */
  #makeRoom(words: number): void {
    if (this.#end < this.#bins.length && this.#wordsEnd + words <= this.#words.length) return;
    const hasRoom = this.length + 1 < 0.9 * this.#bins.length && this.words + words < 0.9 * this.#words.length;
    if (hasRoom) this.#moveTo(this.#bins, this.#numbers, this.#starts, this.#words);
    else this.#resize(words);
  }

  /** Makes arrays that have room for a few more cells, and so many words more. */
  #resize(words: number): void {
    const cells = Math.max(FEW, Math.ceil((this.length + 1) * GROWTH));
    this.#moveTo(
      new Int32Array(cells),
      new Float64Array(cells * this.#size),
      new Uint32Array(cells),
      new Uint32Array(Math.ceil((this.words + words) * GROWTH)),
    );
  }

  /** Moves the cells to the beginning of arrays, which may be those in which they are. */
  #moveTo(
    bins: Int32Array<ArrayBuffer>,
    numbers: Float64Array<ArrayBuffer>,
    starts: Uint32Array<ArrayBuffer>,
    words: Uint32Array<ArrayBuffer>,
  ): void {
    const [from, used, { length }] = [this.#startOf(this.#first), this.words, this];
    words.set(this.#words.subarray(from, this.#wordsEnd));
    numbers.set(this.#numbers.subarray(this.#first * this.#size, this.#end * this.#size));
    bins.set(this.#bins.subarray(this.#first, this.#end));
    starts.set(this.#starts.subarray(this.#first, this.#end).map((start) => start - from));
    [this.#bins, this.#numbers, this.#starts, this.#words] = [bins, numbers, starts, words];
    [this.#first, this.#end, this.#wordsEnd] = [0, length, used];
  }
}
