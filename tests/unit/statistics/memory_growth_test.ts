import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { memoryGrowth, type MemoryPoint } from "../../../src/statistics/memory_growth.ts";

const MB = 1e6;
/** A point each second. */
const points = (seconds: number, bytesAt: (second: number) => number): MemoryPoint[] =>
  Array.from({ length: seconds + 1 }, (_, second) => [second, bytesAt(second)]);

describe("memoryGrowth", () => {
  it("is the line through memory that grows, without its beginning", () => {
    const growth = memoryGrowth(points(600, (second) => 100 * MB + second * MB));
    assertAlmostEquals(growth?.from ?? 0, 160 * MB, 3 * MB);
    assertAlmostEquals(growth?.to ?? 0, 700 * MB, 3 * MB);
    assertEquals(growth?.isShort, false);
  });

  it("is none of memory that does not grow, grows only at first, or is a sawtooth", () => {
    assertEquals(memoryGrowth(points(600, () => 100 * MB)), undefined);
    assertEquals(memoryGrowth(points(600, (second) => Math.min(second, 50) * 4 * MB)), undefined);
    assertEquals(memoryGrowth(points(600, (second) => 100 * MB + (second % 100) * MB)), undefined);
    assertEquals(memoryGrowth([]), undefined);
  });

  it("is none of growth that is small in bytes, or against the memory there is", () => {
    assertEquals(memoryGrowth(points(600, (second) => 20 * MB + second * 10_000)), undefined);
    assertEquals(memoryGrowth(points(600, (second) => 1_000 * MB + second * 200_000)), undefined);
  });

  it("of a short recording is told only if it is large, and with doubt", () => {
    assertEquals(memoryGrowth(points(20, (second) => 60 * MB + second * 15 * MB))?.isShort, true);
    assertEquals(memoryGrowth(points(20, (second) => 60 * MB + second * 4 * MB)), undefined);
    assertEquals(memoryGrowth(points(8, (second) => 60 * MB + second * 50 * MB)), undefined);
  });
});
