/** Lines that belong together: a table, or remarks on one. */
export interface Block {
  /** Rows of a table without its headings; lines of remarks. */
  readonly rows: number;
  /** Whether there are headings, and an empty line comes before them. */
  readonly isTable: boolean;
  /** Lines that it gets at most while others want some, too. */
  readonly most: number;
  /** The headings if it is a table, and the rows from one up to another: only those that are seen are formatted. */
  readonly lines: (from: number, to: number) => readonly string[];
}

/** Lines that a table has at least: its headings, a row, and how many are left out. */
const LEAST_TABLE = 3;

/** Lines above the rows of a table: an empty one and the headings. */
const ABOVE_ROWS = 2;

/** Blocks one below the other, as far as there is room. */
export interface Laid {
  readonly lines: readonly string[];
  /** How far they can be scrolled. */
  readonly scrollable: number;
}

/** A block as far as it is formatted. */
interface Formatted extends Omit<Block, "lines"> {
  readonly lines: readonly string[];
  /** Further lines, for which there is no room in any case. */
  readonly further: number;
}

/**
 * Shares `room` lines among blocks: each that finds room gets a few, then all get one more in turn.
 */
export function share(blocks: readonly Block[], room: number): Laid {
  const shown = blocks.filter(({ rows }) => rows > 0).map((block): Formatted => {
    const some = Math.min(block.rows, Math.max(0, room));
    return { ...block, lines: block.lines(0, some), further: block.rows - some };
  });
  const given = new Map<Formatted, number>();
  let left = room;
  let leftOut = 0;
  for (const block of shown) {
    const least = Math.min(block.lines.length, block.isTable ? LEAST_TABLE : 1);
    const taken = least + (block.isTable ? 1 : 0);
    if (taken > left) {
      leftOut += block.lines.length + block.further - (block.isTable ? 1 : 0);
      continue;
    }
    given.set(block, least);
    left -= taken;
  }
  const last = leftOut > 0 && left > 0 ? [`… ${leftOut} more`] : [];
  left -= last.length;
  for (const isLimited of [true, false]) {
    for (let isFull = false; left > 0 && !isFull;) {
      isFull = true;
      for (const [block, lines] of given) {
        if (left === 0 || lines >= block.lines.length || isLimited && lines >= block.most) continue;
        given.set(block, lines + 1);
        left--;
        isFull = false;
      }
    }
  }
  const lines = [...given].flatMap(([block, count]) => [...block.isTable ? [""] : [], ...limited(block, count)]);
  return { lines: [...lines, ...last], scrollable: 0 };
}

/** All lines of blocks from line `scroll` on; the headings of a table stay. */
export function scrolled(blocks: readonly Block[], room: number, scroll: number): Laid {
  const shown = blocks.filter(({ rows }) => rows > 0);
  const heightOf = ({ rows, isTable }: Block): number => rows + (isTable ? ABOVE_ROWS : 0);
  const height = shown.reduce((sum, block) => sum + heightOf(block), 0);
  const scrollable = Math.max(0, height - Math.max(1, room));
  const start = Math.min(scroll, scrollable);
  const lines: string[] = [];
  let top = 0;
  for (const block of shown) {
    const [from, to] = [Math.max(0, start - top), Math.min(heightOf(block), start + Math.max(0, room) - top)];
    top += heightOf(block);
    if (from >= to) continue;
    if (!block.isTable) {
      lines.push(...block.lines(from, to));
      continue;
    }
    const [headings = "", ...rows] = block.lines(Math.max(0, from - ABOVE_ROWS), Math.max(0, to - ABOVE_ROWS));
    const all = [...from === 0 ? [""] : [], ...from <= 1 ? [headings] : [], ...rows].slice(0, to - from);
    // The first line on the screen gives way to the headings.
    if (from > 1) all[0] = headings;
    lines.push(...all);
  }
  return { lines, scrollable };
}

/** As many lines as fit; the last one says how many are left out. */
function limited({ lines, further }: Formatted, count: number): readonly string[] {
  if (lines.length + further <= count) return lines;
  return [...lines.slice(0, count - 1), `… ${lines.length + further - count + 1} more`];
}
