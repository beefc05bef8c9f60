import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Cell } from "../../../../src/report/live/cell.ts";
import { CellRing } from "../../../../src/report/live/cell_ring.ts";
import { LEVELS, SeriesCells } from "../../../../src/report/live/series_cells.ts";
import { randomFrom, randomNumbers } from "../../../support/random.ts";

/** A cell, with its buckets in order. */
interface PlainCell {
  readonly bin: number;
  readonly min: number;
  readonly max: number;
  /** To twelve digits: numbers were added in another order. */
  readonly sum: string;
  readonly weight: number;
  readonly count: number;
  readonly buckets: readonly (readonly number[])[];
}

function plain([bin, { min, max, sum, weight, count, buckets }]: readonly [number, Cell]): PlainCell {
  const sorted = [...buckets].sort(([one], [other]) => one - other);
  return {
    bin,
    min,
    max,
    sum: sum.toPrecision(12),
    weight,
    count,
    buckets: sorted.map(([bucket, { count, low, high }]) => [bucket, count, low, high]),
  };
}

function cellsOf(ring: CellRing): PlainCell[] {
  const found: PlainCell[] = [];
  ring.forEach(-Infinity, Infinity, (bin, cell) => void found.push(plain([bin, cell])));
  return found;
}

/** Cells of one duration each. */
function durations(...all: readonly [bin: number, seconds: number][]): Map<number, Cell> {
  const cells = new Map<number, Cell>();
  for (const [bin, seconds] of all) {
    const cell = cells.get(bin) ?? new Cell();
    cell.addDuration(seconds, 1);
    cells.set(bin, cell);
  }
  return cells;
}

describe("CellRing", () => {
  it("holds what a map of cells holds, whatever the order in which they come", () => {
    const random = randomFrom(11);
    const numbers = randomNumbers(12);
    for (const isDuration of [true, false]) {
      const ring = new CellRing(isDuration);
      const expected = new Map<number, Cell>();
      for (let look = 0; look < 150; look++) {
        const fresh = new Map<number, Cell>();
        for (let i = random(4); i > 0; i--) {
          // Mostly the last bins, sometimes one that is long past.
          const bin = Math.max(0, look + 1 - random(3) - (random(20) === 0 ? random(100) : 0));
          const cell = fresh.get(bin) ?? new Cell();
          fresh.set(bin, cell);
          const rows = random(30) === 0 ? 300 : 1;
          const value = 1e-9 * 2 ** (40 * numbers());
          for (let row = 0; row < rows; row++) isDuration ? cell.addDuration(value, 1) : cell.addValue(-value, 1);
        }
        for (const [bin, cell] of fresh) {
          const own = expected.get(bin) ?? new Cell();
          own.addCell(cell);
          expected.set(bin, own);
        }
        ring.add(fresh);
        if (look % 50 === 49) {
          const first = look - 60;
          ring.dropBefore(first);
          for (const bin of [...expected.keys()]) if (bin < first) expected.delete(bin);
        }
        if (look % 10 !== 9) continue;
        const sorted = [...expected].sort(([one], [other]) => one - other);
        assertEquals(cellsOf(ring), sorted.map(plain));
        assertEquals(ring.length, expected.size);
      }
    }
  });

  it("keeps extremes exact, large counts, and the buckets of absurd durations", () => {
    const ring = new CellRing(true);
    const cell = new Cell();
    for (const value of [0, -1, 1e-9, 0.123456789, 1e289]) cell.addDuration(value, 1);
    cell.addDuration(0.01, 5e9);
    cell.addDuration(0.02, 70_000);
    ring.add(new Map([[3, cell]]));
    const [{ bin, min, max, buckets }] = cellsOf(ring) as [PlainCell];
    assertEquals([bin, min, max], [3, -1, 1e289]);
    assertEquals(buckets.map(([, count]) => count), [3, 2 ** 32 - 1, 70_000, 1, 1]);
  });

  it("takes little memory, and gives it back", () => {
    const ring = new CellRing(true);
    for (let bin = 0; bin < 1_200; bin++) {
      ring.add(durations(...[1, 2, 3, 4, 5, 6, 7, 8].map((n): [number, number] => [bin, n / 100])));
      ring.dropBefore(bin - 900);
    }
    assertEquals(ring.length, 901);
    assertEquals(ring.bytes, 901 * (32 + 8 * 4));
    ring.dropBefore(1_200);
    assertEquals([ring.length, ring.words, ring.bytes], [0, 0, 0]);
  });
});

describe("SeriesCells", () => {
  it("counts each row once at each level, up to what is kept", () => {
    const random = randomNumbers(5);
    const cells = new SeriesCells(true);
    const seconds = 1_200;
    const rows: number[] = [];
    for (let second = 0; second < seconds; second++) {
      for (let i = 0; i < second % 4; i++) {
        const time = (second + random()) * 1e9;
        rows.push(Math.floor(time));
        cells.at(time).addDuration(random(), 1);
      }
      cells.endLook(LEVELS.map(({ width, bins }) => Math.max(0, Math.floor(second * 1e9 / width) + 1 - bins)));
      const changed = second % 4 === 0 ? [0, 0, 0] : [1, 1, 1];
      assertEquals(cells.changed.map(({ size }) => size), changed);
    }
    for (const [level, { width }] of LEVELS.entries()) {
      for (const size of [1, 3]) {
        const counts = new Map<number, number>();
        cells.forEach(level, { from: 0, to: Infinity, size }, (bin, { count }) => void counts.set(bin, count));
        const first = level === 0 ? seconds - 900 : 0;
        const expected = new Map<number, number>();
        for (const time of rows) {
          const bin = Math.floor(time / width);
          if (bin < first) continue;
          const group = Math.floor(bin / size);
          expected.set(group, (expected.get(group) ?? 0) + 1);
        }
        assertEquals([...counts], [...expected]);
      }
    }
  });
});
