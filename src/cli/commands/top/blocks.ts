/** Lines that belong together: a table, or remarks on one. */
export interface Block {
  readonly lines: readonly string[];
  /** Whether the first line is that of the headings, and an empty line comes before it. */
  readonly isTable: boolean;
  /** Lines that it gets at most while others want some, too. */
  readonly most: number;
  /** Further lines, for which there is no room in any case. */
  readonly further: number;
}

/** Lines that a table has at least: its headings, a row, and how many are left out. */
const LEAST_TABLE = 3;

/** Blocks one below the other, as far as there is room. */
export interface Laid {
  readonly lines: readonly string[];
  /** How far they can be scrolled. */
  readonly scrollable: number;
}

/**
 * Shares `room` lines among blocks: each that finds room gets a few, then all get one more in turn.
 */
export function share(blocks: readonly Block[], room: number): Laid {
  const shown = blocks.filter(({ lines, isTable }) => lines.length > (isTable ? 1 : 0));
  const given = new Map<Block, number>();
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
  const all = blocks.filter(({ lines, isTable }) => lines.length > (isTable ? 1 : 0)).flatMap(({ lines, isTable }) =>
    isTable
      ? [{ text: "", headings: "" }, ...lines.map((text) => ({ text, headings: lines[0]! }))]
      : lines.map((text) => ({ text, headings: text }))
  );
  const scrollable = Math.max(0, all.length - Math.max(1, room));
  const [first, ...others] = all.slice(Math.min(scroll, scrollable)).slice(0, Math.max(0, room));
  if (first === undefined) return { lines: [], scrollable };
  return { lines: [first.headings, ...others.map(({ text }) => text)], scrollable };
}

/** As many lines as fit; the last one says how many are left out. */
function limited({ lines, further }: Block, count: number): readonly string[] {
  if (lines.length + further <= count) return lines;
  return [...lines.slice(0, count - 1), `… ${lines.length + further - count + 1} more`];
}
