import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { LabelCache } from "../../../src/segment/label_cache.ts";
import { LabelInterner } from "../../../src/segment/label_interner.ts";

/** Labels that differ only in characters that are not hashed, so that all have one slot. */
function labelsOfOnePlace(count: number): string[] {
  const alike = "x".repeat(400);
  return Array.from({ length: count }, (_, i) => `${alike.slice(0, i + 1)}y${alike.slice(i + 2)}`)
    .filter((_, i) => (i + 1) % 13 !== 0); // of 400 characters, every 13th is hashed
}

describe("LabelCache", () => {
  it("finds labels by content, in strings built anew", () => {
    const cache = new LabelCache(2 ** 16);
    for (let i = 0; i < 1_000; i++) cache.add(`label ${i}`, i);
    let found = 0;
    for (let i = 0; i < 1_000; i++) {
      const id = cache.get(["label", i].join(" "));
      assert(id === i || id === undefined, `${i}: ${id}`);
      if (id !== undefined) found++;
    }
    assert(found > 900, `${found}`);
    assertEquals(cache.get("label 1000"), undefined);
  });

  it("does not keep labels whose slots are taken, and never confuses two labels", () => {
    const cache = new LabelCache(2 ** 16);
    const labels = labelsOfOnePlace(200);
    for (const [id, label] of labels.entries()) cache.add(label, id);
    const found = labels.map((label) => cache.get(label));
    assertEquals(found.slice(0, 4), [0, 1, 2, 3]);
    assertEquals(new Set(found.slice(4)), new Set([undefined]));
  });

  it("keeps the empty label, the id 0 and the largest id", () => {
    const cache = new LabelCache(2 ** 16);
    assertEquals(cache.get(""), undefined);
    cache.add("", 0);
    cache.add("last", 65_534);
    assertEquals([cache.get(""), cache.get("last")], [0, 65_534]);
  });

  it("has a slot even for the smallest table", () => {
    const cache = new LabelCache(8);
    cache.add("x", 3);
    assertEquals(cache.get("x"), 3);
  });

  it("clear() removes all labels", () => {
    const cache = new LabelCache(2 ** 16);
    cache.add("x", 1);
    cache.clear();
    assertEquals(cache.get("x"), undefined);
    cache.add("x", 2);
    assertEquals(cache.get("x"), 2);
  });
});

describe("LabelInterner", () => {
  it("finds labels for which its cache has no slot", () => {
    const table = new LabelInterner(new Uint8Array(2 ** 18));
    const labels = labelsOfOnePlace(200);
    const ids = labels.map((label) => table.idOf(label));
    assertEquals(ids, labels.map((_, i) => i));
    assertEquals(labels.map((label) => table.idOf(label)), ids);
    assertEquals(table.count, labels.length);
  });
});
