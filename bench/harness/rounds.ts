import { type Spread, spread } from "../results/figure.ts";

/** What is timed: does the thing so many times. */
export type Body = (times: number) => void | Promise<void>;

/** How often, and how much at a time. */
export interface Rounds {
  /** Rounds whose times count. */
  readonly rounds: number;
  /** How many times each body does its thing in a round. */
  readonly times: number;
}

const NANOSECONDS_PER_MS = 1e6;

/**
 * Times bodies that take turns, after a round that warms up: in one and the same run the machine treats all of them alike, so their ratios tell
 * more than their times. Resolves with each one's ns per time, round by round. The event loop does not turn between them, unless one of them
 * lets it.
 */
export async function alternate(
  bodies: Readonly<Record<string, Body>>,
  { rounds, times }: Rounds,
): Promise<Record<string, number[]>> {
  const all = Object.entries(bodies);
  const taken: Record<string, number[]> = Object.fromEntries(all.map(([name]) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    // Each round begins with another one, and every second goes backwards, so that none always comes after the same neighbour.
    const forwards = all.map((_, i) => all[(i + round) % all.length]!);
    for (const [name, body] of round % 2 === 0 ? forwards : forwards.toReversed()) {
      const before = performance.now();
      await body(times);
      const each = (performance.now() - before) * NANOSECONDS_PER_MS / times;
      if (round > 0) taken[name]!.push(each);
    }
  }
  return taken;
}

/** The spread of the ratios within each round. */
export function ratio(ours: readonly number[], theirs: readonly number[]): Spread {
  return spread(ours.map((time, round) => time / theirs[round]!));
}
