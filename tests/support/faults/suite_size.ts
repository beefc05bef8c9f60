import process from "node:process";
import { randomNumbers } from "../random.ts";

/**
 * Whether the full suite runs, as `deno task test:faults` does; otherwise a sample of it, which
 * takes seconds.
 */
export const isFullSuite = process.env["KYMO_TEST_FAULTS"] === "full";

/** Returns the first value in the short suite, the second in the full one. */
export function shortOrFull<T>(short: T, full: T): T {
  return isFullSuite ? full : short;
}

/**
 * Returns `count` elements in the short suite, always the same: one of each kind before two of any.
 * Returns all elements in the full suite.
 */
export function sampled<T>(all: readonly T[], count: number, kindOf: (element: T) => unknown = () => ""): readonly T[] {
  if (isFullSuite) return all;
  const random = randomNumbers(1);
  const shuffled = all.map((element) => ({ element, rank: random() })).sort((one, other) => one.rank - other.rank);
  const ofKind = new Map<unknown, number>();
  return shuffled.map(({ element }) => {
    const kind = kindOf(element);
    const turn = ofKind.get(kind) ?? 0;
    ofKind.set(kind, turn + 1);
    return { element, turn };
  }).sort((one, other) => one.turn - other.turn).slice(0, count).map(({ element }) => element);
}
