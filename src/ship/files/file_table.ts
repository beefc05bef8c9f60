/**
 * What a shipper knows of the files of a directory. There may be 100,000 of them and more, so a file
 * takes no object: it is a row of columns, which are typed arrays, and its name is some bytes among
 * those of others.
 *
 * Rows are found by name through a hash table with open addressing. A row that is removed leaves a
 * gap, until {@linkcode FileTable.tidy} closes the gaps.
 *
 * @module
 */

/**
 * What is known of a file:
 *
 * - `waiting`: it is not settled.
 * - `settled`: nothing of it is to be shipped any more.
 * - `doubted`: it was settled, but the store may have lost it since. It waits.
 */
export const RowState = { gap: 0, waiting: 1, settled: 2, doubted: 3 } as const;

/** A file of which nothing is to be shipped any more. */
export interface SettledFile {
  readonly size: number;
  /** The number of its identity: see {@linkcode identityNumber}. */
  readonly identity: number;
  /** ms since 1970. */
  readonly modified: number;
  /** Whether its content never changes. */
  readonly isImmutable: boolean;
  /** Whether it is never let go: part of it is in quarantine, or it is not Kymo's. */
  readonly stays: boolean;
  /** The bytes from its beginning on that the ledger has. */
  readonly covered: number;
  /** When it was settled, monotonic ns. */
  readonly at: number;
  /** When the ledger was last asked whether it still has it, monotonic ns; 0 if never. */
  readonly confirmed: number;
}

/** The bits of a byte of `#states`. */
const STATE = 0b11;
const SEEN = 0b100;
const IMMUTABLE = 0b1000;
const STAYS = 0b1_0000;

/** Rows of a block, as a power of two. */
const BLOCK_BITS = 10;
const BLOCK_ROWS = 1 << BLOCK_BITS;
const IN_BLOCK = BLOCK_ROWS - 1;

/** Bytes of a name that there is room for at first. */
const NAME_BYTES = 40;

/** Rows from which on gaps are closed, if they are more than half. */
const TIDY_ROWS = 4 * BLOCK_ROWS;

const FIRST_SLOTS = 512;

/**
 * Some rows. The table grows by blocks, since an array that is made larger exists twice for a moment,
 * and is half empty after it.
 */
class Block {
  readonly states = new Uint8Array(BLOCK_ROWS);
  /** Where names end; each begins where that of the row before ends. */
  readonly nameEnds = new Uint32Array(BLOCK_ROWS);
  names: Uint8Array<ArrayBuffer> = new Uint8Array(NAME_BYTES * BLOCK_ROWS);
  /** When a file was last changed, ms since 1970; NaN as long as that is not known. */
  readonly modified = new Float64Array(BLOCK_ROWS).fill(NaN);
  /** The other numbers of each {@linkcode SettledFile}, once there is one. */
  settled: Float64Array | undefined;

  nameStart(index: number): number {
    return index === 0 ? 0 : this.nameEnds[index - 1]!;
  }

  /** Adds the name of a row; those of the rows before are there. */
  setName(index: number, bytes: Uint8Array, start: number, end: number): void {
    const at = this.nameStart(index);
    const nameEnd = at + end - start;
    const isLast = index === BLOCK_ROWS - 1;
    if (nameEnd > this.names.length || isLast) {
      this.names = new Uint8Array(this.names.buffer.transfer(isLast ? nameEnd : 2 * nameEnd));
    }
    this.names.set(bytes.subarray(start, end), at);
    this.nameEnds[index] = nameEnd;
  }
}

/** The numbers in `settled`, next to each other. */
const Settled = { size: 0, identity: 1, covered: 2, at: 3, confirmed: 4 } as const;
const SETTLED_NUMBERS = 5;

/** In the hash table: no row, and a row that was removed. Others are numbers of rows, from 2 on. */
const EMPTY = 0;
const REMOVED = 1;
const FIRST = 2;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The files of a directory. Rows are numbers, which hold until the table is tidied. */
export class FileTable {
  #blocks: Block[] = [];
  #slots = new Uint32Array(FIRST_SLOTS);
  /** Slots that are not empty. */
  #usedSlots = 0;
  /** Rows, with gaps. */
  #length = 0;
  /** How many rows there are of each state. */
  #counts: [number, number, number, number] = [0, 0, 0, 0];
  /** The bit of a row that was seen in this listing. It changes its meaning with each. */
  #seen = 0;
  /** The name that is being looked for. */
  #wanted = new Uint8Array(1_024);

  /** How many files wait, the doubted ones included. */
  get waiting(): number {
    return this.#counts[RowState.waiting] + this.#counts[RowState.doubted];
  }

  /** The row of a name in UTF-8; `undefined` if there is none. */
  find(bytes: Uint8Array, start: number, end: number): number | undefined {
    const slot = this.#slotOf(bytes, start, end);
    return slot === undefined ? undefined : this.#slots[slot]! - FIRST;
  }

  /** The row of a name; `undefined` if there is none. */
  rowOf(name: string): number | undefined {
    if (this.#wanted.length < 3 * name.length) this.#wanted = new Uint8Array(3 * name.length);
    return this.find(this.#wanted, 0, encoder.encodeInto(name, this.#wanted).written);
  }

  /** Adds a file that waits, whose name must not be there. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const row = this.#length++;
    const index = row & IN_BLOCK;
    if (index === 0) this.#blocks.push(new Block());
    const block = this.#blockOf(row);
    block.setName(index, bytes, start, end);
    block.states[index] = RowState.waiting | this.#seen;
    this.#counts[RowState.waiting]++;
    if (3 * (this.#usedSlots + 1) > 2 * this.#slots.length) this.#rehash();
    else this.#occupy(row);
    return row;
  }

  /** Removes a file, and leaves a gap. */
  remove(row: number): void {
    const block = this.#blockOf(row);
    const index = row & IN_BLOCK;
    this.#slots[this.#slotOf(block.names, block.nameStart(index), block.nameEnds[index]!)!] = REMOVED;
    this.setState(row, RowState.gap);
  }

  /** The name of a file. */
  nameOf(row: number): string {
    const block = this.#blockOf(row);
    const index = row & IN_BLOCK;
    return decoder.decode(block.names.subarray(block.nameStart(index), block.nameEnds[index]!));
  }

  /** What is known of a file; one of {@linkcode RowState}. */
  stateOf(row: number): number {
    return this.#bitsOf(row) & STATE;
  }

  /** Changes what is known of a file, and nothing else. */
  setState(row: number, state: 0 | 1 | 2 | 3): void {
    const bits = this.#bitsOf(row);
    this.#counts[(bits & STATE) as 0 | 1 | 2 | 3]--;
    this.#counts[state]++;
    this.#setBits(row, bits & ~STATE | state);
  }

  /** When a file was last changed, ms since 1970; NaN if that is not known. */
  modifiedOf(row: number): number {
    return this.#blockOf(row).modified[row & IN_BLOCK]!;
  }

  /** Notes when a file was last changed. */
  setModified(row: number, modified: number): void {
    this.#blockOf(row).modified[row & IN_BLOCK] = modified;
  }

  /** What is known of a file that is settled, or was. */
  settledFile(row: number): SettledFile {
    const bits = this.#bitsOf(row);
    const numbers = this.#blockOf(row).settled!;
    const at = (row & IN_BLOCK) * SETTLED_NUMBERS;
    return {
      size: numbers[at + Settled.size]!,
      identity: numbers[at + Settled.identity]!,
      modified: this.modifiedOf(row),
      isImmutable: (bits & IMMUTABLE) !== 0,
      stays: (bits & STAYS) !== 0,
      covered: numbers[at + Settled.covered]!,
      at: numbers[at + Settled.at]!,
      confirmed: numbers[at + Settled.confirmed]!,
    };
  }

  /** Settles a file. */
  settle(row: number, { size, identity, modified, isImmutable, stays, covered, at, confirmed }: SettledFile): void {
    this.setState(row, RowState.settled);
    const bits = this.#bitsOf(row) & ~(IMMUTABLE | STAYS);
    this.#setBits(row, bits | (isImmutable ? IMMUTABLE : 0) | (stays ? STAYS : 0));
    const block = this.#blockOf(row);
    block.settled ??= new Float64Array(SETTLED_NUMBERS * BLOCK_ROWS);
    block.settled.set([size, identity, covered, at, confirmed], (row & IN_BLOCK) * SETTLED_NUMBERS);
    block.modified[row & IN_BLOCK] = modified;
  }

  /** The ledger has said that it still has a settled file. */
  confirm(row: number, at: number): void {
    this.#blockOf(row).settled![(row & IN_BLOCK) * SETTLED_NUMBERS + Settled.confirmed] = at;
  }

  /** The rows of files that wait, or of those that were settled at `limit` or before and may be let go. */
  *rows(wanted: "waiting" | { readonly settledUntil: number }): Generator<number, void> {
    const limit = wanted === "waiting" ? undefined : wanted.settledUntil;
    for (let row = 0; row < this.#length; row++) {
      const bits = this.#bitsOf(row);
      const state = bits & STATE;
      if (limit === undefined) {
        if (state === RowState.waiting || state === RowState.doubted) yield row;
      } else if (state === RowState.settled && (bits & STAYS) === 0) {
        const { settled } = this.#blockOf(row);
        if (settled![(row & IN_BLOCK) * SETTLED_NUMBERS + Settled.at]! <= limit) yield row;
      }
    }
  }

  /** The rows of the files that wait, by name, those after the name `after` first. */
  waitingInOrder(after: string): Uint32Array {
    const rows = new Uint32Array(this.waiting);
    let length = 0;
    for (const row of this.rows("waiting")) rows[length++] = row;
    rows.sort((one, other) => this.#compare(one, other));
    const first = after === "" ? 0 : rows.findIndex((row) => this.nameOf(row) > after);
    if (first <= 0) return rows;
    const turned = new Uint32Array(length);
    turned.set(rows.subarray(first));
    turned.set(rows.subarray(0, first), length - first);
    return turned;
  }

  /** All files that are settled are doubted from now on. */
  doubtAll(): void {
    for (let row = 0; row < this.#length; row++) {
      if (this.stateOf(row) === RowState.settled) this.setState(row, RowState.doubted);
    }
  }

  /** A listing begins: no file was seen in it. */
  beginListing(): void {
    this.#seen ^= SEEN;
  }

  /** A file is in the listing. Those that were added since it began need not be told. */
  see(row: number): void {
    this.#setBits(row, this.#bitsOf(row) & ~SEEN | this.#seen);
  }

  /** The rows that were not seen since the listing began. */
  *unseen(): Generator<number, void> {
    for (let row = 0; row < this.#length; row++) {
      const bits = this.#bitsOf(row);
      if ((bits & SEEN) !== this.#seen && (bits & STATE) !== RowState.gap) yield row;
    }
  }

  /** Closes the gaps if they are many. Rows have other numbers then. */
  tidy(): void {
    if (this.#length < TIDY_ROWS || 2 * this.#counts[RowState.gap] < this.#length) return;
    const blocks = this.#blocks;
    const length = this.#length;
    this.#blocks = [];
    this.#length = 0;
    this.#counts = [0, 0, 0, 0];
    this.#newSlots(FIRST_SLOTS);
    for (let old = 0; old < length; old++) {
      const block = blocks[old >> BLOCK_BITS]!;
      const index = old & IN_BLOCK;
      const state = block.states[index]! & STATE;
      if (state === RowState.gap) continue;
      const row = this.add(block.names, block.nameStart(index), block.nameEnds[index]!);
      this.setState(row, state as 1 | 2 | 3);
      this.#setBits(row, block.states[index]!);
      const to = this.#blockOf(row);
      to.modified[row & IN_BLOCK] = block.modified[index]!;
      if (state === RowState.waiting) continue;
      to.settled ??= new Float64Array(SETTLED_NUMBERS * BLOCK_ROWS);
      const at = index * SETTLED_NUMBERS;
      to.settled.set(block.settled!.subarray(at, at + SETTLED_NUMBERS), (row & IN_BLOCK) * SETTLED_NUMBERS);
    }
  }

  #blockOf(row: number): Block {
    return this.#blocks[row >> BLOCK_BITS]!;
  }

  #bitsOf(row: number): number {
    return this.#blockOf(row).states[row & IN_BLOCK]!;
  }

  #setBits(row: number, bits: number): void {
    this.#blockOf(row).states[row & IN_BLOCK] = bits;
  }

  /** The slot of a name; `undefined` if it is not there. */
  #slotOf(bytes: Uint8Array, start: number, end: number): number | undefined {
    const last = this.#slots.length - 1;
    for (let slot = hashOf(bytes, start, end) & last;; slot = slot + 1 & last) {
      const row = this.#slots[slot]! - FIRST;
      if (row === EMPTY - FIRST) return undefined;
      if (row >= 0 && this.#hasName(row, bytes, start, end)) return slot;
    }
  }

  #hasName(row: number, bytes: Uint8Array, start: number, end: number): boolean {
    const block = this.#blockOf(row);
    const { names } = block;
    const at = block.nameStart(row & IN_BLOCK);
    const length = end - start;
    if (block.nameEnds[row & IN_BLOCK]! - at !== length) return false;
    for (let i = 0; i < length; i++) if (names[at + i] !== bytes[start + i]) return false;
    return true;
  }

  /** Makes a hash table with room for as many rows again. */
  #rehash(): void {
    const rows = this.#length - this.#counts[RowState.gap];
    let slots = FIRST_SLOTS;
    while (slots < 2 * rows) slots *= 2;
    this.#newSlots(slots);
    for (let row = 0; row < this.#length; row++) if (this.stateOf(row) !== RowState.gap) this.#occupy(row);
  }

  #newSlots(slots: number): void {
    this.#slots.buffer.transfer(0); // the memory is given back at once
    this.#slots = new Uint32Array(slots);
    this.#usedSlots = 0;
  }

  #occupy(row: number): void {
    const last = this.#slots.length - 1;
    const block = this.#blockOf(row);
    const index = row & IN_BLOCK;
    let slot = hashOf(block.names, block.nameStart(index), block.nameEnds[index]!) & last;
    while (this.#slots[slot] !== EMPTY) slot = slot + 1 & last;
    this.#slots[slot] = row + FIRST;
    this.#usedSlots++;
  }

  /** Compares the names of two rows, byte by byte. */
  #compare(one: number, other: number): number {
    const [block, otherBlock] = [this.#blockOf(one), this.#blockOf(other)];
    const { names } = block;
    const { names: otherNames } = otherBlock;
    const start = block.nameStart(one & IN_BLOCK);
    const otherStart = otherBlock.nameStart(other & IN_BLOCK);
    const length = block.nameEnds[one & IN_BLOCK]! - start;
    const otherLength = otherBlock.nameEnds[other & IN_BLOCK]! - otherStart;
    for (let i = 0; i < length && i < otherLength; i++) {
      const difference = names[start + i]! - otherNames[otherStart + i]!;
      if (difference !== 0) return difference;
    }
    return length - otherLength;
  }
}

/**
 * A number that tells identities of files apart: two of them have the same with a probability of
 * 2^-53. It is compared for files of one name only.
 */
export function identityNumber(identity: string): number {
  const bytes = encoder.encode(identity);
  return hashOf(bytes, 0, bytes.length) * 2 ** 21 + (hashOf(bytes, 0, bytes.length, OTHER_BASIS) >>> 11);
}

const BASIS = 0x811c_9dc5;
const OTHER_BASIS = 0x5bd1_e995;

/** FNV-1a with 32 bits, whose high bits are mixed into the low ones. */
function hashOf(bytes: Uint8Array, start: number, end: number, basis = BASIS): number {
  let hash = basis;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
  return (hash ^ hash >>> 15) >>> 0;
}
