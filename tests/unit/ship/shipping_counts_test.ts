import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type PieceOutcome, ShippingCounts } from "../../../src/ship/shipping_counts.ts";
import { randomNumbers } from "../../support/random.ts";

const OUTCOMES: readonly PieceOutcome[] = ["shipped", "already", "quarantined", "pending"];

describe("ShippingCounts", () => {
  it("counts a piece once, however often it is read", () => {
    const counts = new ShippingCounts();
    const piece = { file: "a", firstRow: 0, rows: 10, damaged: 2 };
    counts.note(piece, "pending");
    counts.note(piece, "pending");
    assertEquals(counts.rows, { read: 10, shipped: 0, already: 0, quarantined: 0, pending: 10 });
    counts.note(piece, "shipped");
    counts.note(piece, "already"); // the ledger says so when it is read again
    assertEquals([counts.rows.shipped, counts.rows.already, counts.damaged], [10, 0, 2]);
  });

  it("counts again what a store has lost", () => {
    const counts = new ShippingCounts();
    const piece = { file: "a", firstRow: 0, rows: 10 };
    counts.note(piece, "shipped");
    counts.settle("a");
    counts.note(piece, "pending");
    counts.note(piece, "shipped");
    assertEquals(counts.rows, { read: 20, shipped: 20, already: 0, quarantined: 0, pending: 0 });
  });

  it("forgets what was pending of a file that is gone, and nothing else", () => {
    const counts = new ShippingCounts();
    counts.note({ file: "a", firstRow: 0, rows: 10 }, "shipped");
    counts.note({ file: "a", firstRow: 10, rows: 5 }, "pending");
    counts.forget("a");
    assertEquals(counts.rows, { read: 10, shipped: 10, already: 0, quarantined: 0, pending: 0 });
  });

  it("knows a piece that has grown before it was shipped", () => {
    const counts = new ShippingCounts();
    counts.note({ file: "a", firstRow: 0, rows: 10 }, "pending");
    counts.note({ file: "a", firstRow: 0, rows: 15 }, "shipped");
    assertEquals(counts.rows, { read: 15, shipped: 15, already: 0, quarantined: 0, pending: 0 });
  });

  it("has always read the sum of what became of it", () => {
    const counts = new ShippingCounts();
    const random = randomNumbers(7);
    const below = (end: number): number => Math.floor(random() * end);
    for (let i = 0; i < 5_000; i++) {
      const file = `${below(5)}`;
      const what = below(10);
      if (what === 0) counts.settle(file);
      else if (what === 1) counts.forget(file);
      else counts.note({ file, firstRow: below(3) * 10, rows: 1 + below(2), damaged: below(2) }, OUTCOMES[below(4)]!);
      const { read, shipped, already, quarantined, pending } = counts.rows;
      assertEquals(read, shipped + already + quarantined + pending);
    }
  });
});
