import process from "node:process";

/**
 * Whether the faults are tried in full, as `deno task test:faults` does; otherwise a sample of
 * them, which takes seconds.
 */
export const isFullSuite = process.env["KYMO_FAULTS"] === "full";

/** The first in the short form of a test, the second in the full one. */
export function shortOrFull<T>(short: T, full: T): T {
  return isFullSuite ? full : short;
}

/**
 * In the short form so many of the elements, picked at random but always the same, of each kind
 * before two of any; in the full one all of them.
 */
export function sampled<T>(all: readonly T[], count: number, kindOf: (element: T) => unknown = () => ""): readonly T[] {
  if (isFullSuite) return all;
  const random = seededRandom(1);
  const shuffled = all.map((element) => ({ element, rank: random() })).sort((one, other) => one.rank - other.rank);
  const ofKind = new Map<unknown, number>();
  return shuffled.map(({ element }) => {
    const kind = kindOf(element);
    const turn = ofKind.get(kind) ?? 0;
    ofKind.set(kind, turn + 1);
    return { element, turn };
  }).sort((one, other) => one.turn - other.turn).slice(0, count).map(({ element }) => element);
}

/** Numbers from 0 to 1 that look random and are the same each time: the generator `mulberry32`. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
