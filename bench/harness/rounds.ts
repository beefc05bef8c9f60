import { type Spread, spread } from "../results/figure.ts";

/** The measured body: does its work `times` times. */
export type Body = (times: number) => void | Promise<void>;

/** Rounds, and work per round. */
export interface Rounds {
  /** Measured rounds. */
  readonly rounds: number;
  /** How often each body does its work in a round. */
  readonly times: number;
}

const NANOSECONDS_PER_MS = 1e6;

/**
 * Times bodies in turn, after a round that warms up. In the same run the machine treats all of them
 * alike, so their ratios are more reliable than their times. Resolves with the ns per unit of work
 * of each body, by round. The event loop does not turn between them, unless a body yields to it.
 */
export async function alternate(
  bodies: Readonly<Record<string, Body>>,
  { rounds, times }: Rounds,
): Promise<Record<string, number[]>> {
  const all = Object.entries(bodies);
  const taken: Record<string, number[]> = Object.fromEntries(all.map(([name]) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    // Each round starts with another body, and every second round is reversed, so that none always
    // follows the same one.
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
