import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { csvBlocks } from "../../../../src/analysis/stored/csv_blocks.ts";

async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function blocksOf(text: string, size: number) {
  const blocks = [];
  for await (const { bytes, rows, lineFeeds } of csvBlocks(cut(text, size))) {
    blocks.push({ text: new TextDecoder().decode(bytes), rows, lineFeeds });
  }
  return blocks;
}

describe("csvBlocks", () => {
  it("hands on whole rows, wherever the parts are cut", async () => {
    const text = '1,"a\nb",2\n3,"""\n",4\n5,plain,6\n';
    for (let size = 1; size <= text.length; size++) {
      assertEquals(await blocksOf(text, size), [{ text, rows: 3, lineFeeds: true }], `${size}`);
    }
    assertEquals(await blocksOf("1,a\n2,b\n", 3), [{ text: "1,a\n2,b\n", rows: 2, lineFeeds: false }]);
    assertEquals(await blocksOf("", 1), []);
  });

  it("leaves out what follows the last whole row", async () => {
    assertEquals(await blocksOf('1,a\n2,"b\n', 4), [{ text: "1,a\n", rows: 1, lineFeeds: true }]);
  });

  it("hands on blocks of a megabyte, and larger rows alone", async () => {
    const row = `1,"${"x".repeat(700_000)}\n",2\n`;
    const blocks = await blocksOf(row.repeat(5), 100_003);
    assertEquals(blocks.map(({ text }) => text).join(""), row.repeat(5));
    assertEquals([blocks.length > 1, blocks.reduce((sum, { rows }) => sum + rows, 0)], [true, 5]);
    assertEquals(blocks.every(({ lineFeeds }) => lineFeeds), true);
  });
});
