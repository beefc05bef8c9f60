import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { lengthOf, secondsIn, type Span, unionOf, within, without } from "../../../src/statistics/spans.ts";
import { randomNumbers } from "../../support/random.ts";

const spans = (...pairs: readonly (readonly [number, number])[]): Span<number>[] =>
  pairs.map(([from, to]) => ({ from, to }));

describe("spans", () => {
  it("unite in order, apart from each other, and without empty ones", () => {
    assertEquals(unionOf(spans([5, 9], [1, 3], [2, 4], [9, 10], [7, 7], [8, 6])), spans([1, 4], [5, 10]));
    assertEquals(unionOf<number>([]), []);
  });

  it("leave out others", () => {
    assertEquals(without(spans([0, 10]), spans([2, 3], [5, 20])), spans([0, 2], [3, 5]));
    assertEquals(without(spans([0, 10], [20, 30]), spans([5, 25])), spans([0, 5], [25, 30]));
    assertEquals(without(spans([0, 10]), spans([0, 10])), []);
    assertEquals(without(spans([0, 10]), []), spans([0, 10]));
  });

  it("are cut, and measured once where they overlap", () => {
    assertEquals(within(spans([0, 10], [20, 30], [40, 50]), { from: 5, to: 25 }), spans([5, 10], [20, 25]));
    assertEquals(lengthOf(spans([0, 10], [5, 12], [20, 21])), 13);
    assertEquals(secondsIn([{ from: 0n, to: 1_000_000_000n }, { from: 500_000_000n, to: 2_000_000_000n }]), 2);
  });

  it("agree with counting moment by moment", () => {
    const random = randomNumbers(3);
    const some = (): Span<number>[] =>
      Array.from({ length: Math.floor(random() * 6) }, () => {
        const from = Math.floor(random() * 20);
        return { from, to: from + Math.floor(random() * 8) };
      });
    const covers = (all: readonly Span<number>[], at: number): boolean =>
      all.some(({ from, to }) => from <= at && at < to);
    for (let i = 0; i < 300; i++) {
      const [one, other] = [some(), some()];
      for (let at = 0; at < 30; at++) {
        assertEquals(covers(unionOf(one), at), covers(one, at));
        assertEquals(covers(without(one, other), at), covers(one, at) && !covers(other, at));
      }
    }
  });
});
