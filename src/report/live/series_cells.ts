/**
 * The cells of a series in three widths, so that a day takes little memory, and the last minutes are
 * known to the second.
 *
 * @module
 */

import { Cell, coarser } from "./cell.ts";
import { CellRing } from "./cell_ring.ts";

/** A width of bins, and for how long they are kept. */
export interface Level {
  /** What it is called in the page's address. */
  readonly name: string;
  /** Width of a bin, ns: a multiple of that of the level before. */
  readonly width: number;
  /** Bins that are kept. */
  readonly bins: number;
}

const SECOND = 1e9;

/** The levels, the finest first. */
export const LEVELS: readonly Level[] = [
  { name: "15m", width: SECOND, bins: 900 },
  { name: "3h", width: 10 * SECOND, bins: 1_080 },
  { name: "24h", width: 120 * SECOND, bins: 720 },
];

/** The bins of each level with something new. */
export type ChangedBins = readonly ReadonlySet<number>[];

const UNCHANGED: ChangedBins = LEVELS.map(() => new Set<number>());

/** The cells of a series of one process. */
export class SeriesCells {
  /** Whether they are of durations. */
  readonly isDuration: boolean;
  readonly #rings: readonly CellRing[];
  /** The rows since the last call of {@linkcode endLook}, in the finest bins. */
  #fresh = new Map<number, Cell>();
  #last: Cell | undefined;
  #lastBin = NaN;
  #changed: ChangedBins = UNCHANGED;

  constructor(isDuration: boolean) {
    this.isDuration = isDuration;
    this.#rings = LEVELS.map(() => new CellRing(isDuration));
  }

  /** The cell for rows at a time, ns since the beginning of the first bin. */
  at(time: number): Cell {
    const bin = Math.floor(time / LEVELS[0]!.width);
    if (bin === this.#lastBin) return this.#last!;
    let cell = this.#fresh.get(bin);
    if (cell === undefined) this.#fresh.set(bin, cell = new Cell());
    this.#last = cell;
    this.#lastBin = bin;
    return cell;
  }

  /**
   * Adds the new rows to all levels, and removes what is before the bins of each level in `first`.
   */
  endLook(first: readonly number[]): void {
    const changed: Set<number>[] = [];
    let cells: Map<number, Cell> = this.#fresh;
    for (const [level, { width }] of LEVELS.entries()) {
      if (level > 0) cells = coarser(cells, width / LEVELS[level - 1]!.width);
      this.#rings[level]!.add(cells);
      this.#rings[level]!.dropBefore(first[level]!);
      changed.push(new Set(cells.keys()));
    }
    this.#changed = this.#fresh.size === 0 ? UNCHANGED : changed;
    this.#fresh = new Map();
    this.#lastBin = NaN;
  }

  /** The bins with something new of the last look. */
  get changed(): ChangedBins {
    return this.#changed;
  }

  /** Whether nothing is left of it. */
  get isEmpty(): boolean {
    return this.#rings.every(({ length }) => length === 0);
  }

  /** Bytes that it takes. */
  get bytes(): number {
    return this.#rings.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** How much a page has to be sent of a level: roughly the numbers. */
  sizeOf(level: number): number {
    const { length, words } = this.#rings[level]!;
    return 5 * length + 4 * words;
  }

  /**
   * Calls `callback` with the cells of a level from one bin up to another, by bins of `size` bins
   * each.
   */
  forEach(
    level: number,
    { from, to, size }: { readonly from: number; readonly to: number; readonly size: number },
    callback: (bin: number, cell: Cell) => void,
  ): void {
    if (size === 1) return this.#rings[level]!.forEach(from, to, callback);
    let group: { readonly bin: number; readonly cell: Cell } | undefined;
    this.#rings[level]!.forEach(from * size, to * size, (fine, cell) => {
      const bin = Math.floor(fine / size);
      if (bin !== group?.bin) {
        if (group !== undefined) callback(group.bin, group.cell);
        group = { bin, cell };
      } else group.cell.addCell(cell);
    });
    if (group !== undefined) callback(group.bin, group.cell);
  }
}
