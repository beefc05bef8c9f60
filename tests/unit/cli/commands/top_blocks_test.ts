import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { type Block, scrolled, share } from "../../../../src/cli/commands/top/blocks.ts";

/** A table whose rows are called by its name, and which notes how many of them are formatted. */
function table(name: string, rows: number, formatted: { rows: number }): Block {
  return {
    rows,
    isTable: true,
    most: Infinity,
    lines(from, to) {
      formatted.rows += to - from;
      return [name, ...Array.from({ length: to - from }, (_, i) => `${name} ${from + i}`)];
    },
  };
}

function remarks(...lines: string[]): Block {
  return { rows: lines.length, isTable: false, most: 1, lines: (from, to) => lines.slice(from, to) };
}

describe("blocks of kymo top", () => {
  it("show each line where it is, below the headings of its table, wherever one scrolls", () => {
    const blocks = (): Block[] => [table("a", 5, { rows: 0 }), remarks("x", "y"), table("b", 4, { rows: 0 })];
    const rows = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name} ${i}`);
    const all = ["", "a", ...rows("a", 5), "x", "y", "", "b", ...rows("b", 4)];
    for (let room = 1; room <= all.length + 2; room++) {
      for (let scroll = 0; scroll <= all.length; scroll++) {
        const { lines, scrollable } = scrolled(blocks(), room, scroll);
        assertEquals(scrollable, Math.max(0, all.length - room));
        const from = Math.min(scroll, scrollable);
        const [first = "", ...others] = all.slice(from, from + room);
        const headings = /^[ab]/.exec(first)?.[0] ?? first;
        assertEquals(lines, [headings, ...others], `${room} lines from ${scroll} on`);
      }
    }
    assertEquals(scrolled([], 10, 3), { lines: [], scrollable: 0 });
    assertEquals(scrolled(blocks(), 0, 3).lines, []);
  });

  it("format only the rows that are seen", () => {
    for (const scroll of [1, 5_000, 20_000]) {
      const formatted = { rows: 0 };
      const { lines } = scrolled([table("a", 10_000, formatted), table("b", 10_000, formatted)], 24, scroll);
      assertEquals(lines.length, 24);
      assert(formatted.rows <= 24, `${formatted.rows} rows`);
    }
    const formatted = { rows: 0 };
    assertEquals(share([table("a", 10_000, formatted), table("b", 10_000, formatted)], 24).lines.length, 24);
    assert(formatted.rows <= 48, `${formatted.rows} rows`);
  });
});
