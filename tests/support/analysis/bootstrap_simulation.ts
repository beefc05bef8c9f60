import { randomNumbers } from "../../../src/analysis/compare/random.ts";
import { BUCKETS, CELLS, TimedHistogram } from "../../../src/analysis/compare/timed_histogram.ts";

/** How to simulate a run of a service. */
export interface Simulated {
  readonly samples: number;
  /**
   * Time over which samples resemble each other, as a part of the whole; 0: they are independent.
   */
  readonly likeness: number;
  /** Standard deviation of the logarithm of a duration. */
  readonly sigma?: number;
  /** By what every duration is multiplied. */
  readonly factor?: number;
}

/** Durations of a run that takes from 0 to 1, at random times. */
export interface SimulatedRun {
  readonly times: Float64Array;
  readonly durations: Float64Array;
}

/**
 * Log-normal durations. Half of the variance of their logarithms is noise; half is a state of the
 * service that changes slowly: an Ornstein-Uhlenbeck process, whose correlation falls to 1/e within
 * `likeness`.
 */
export function simulateRun(
  random: () => number,
  { samples, likeness, sigma = 0.5, factor = 1 }: Simulated,
): SimulatedRun {
  const times = Float64Array.from({ length: samples }, random).sort();
  let state = normal(random);
  const durations = times.map((time, index) => {
    const kept = likeness === 0 || index === 0 ? 0 : Math.exp(-(time - times[index - 1]!) / likeness);
    state = kept * state + Math.sqrt(1 - kept ** 2) * normal(random);
    return factor * Math.exp(sigma * Math.SQRT1_2 * (state + normal(random)));
  });
  return { times, durations };
}

/** The histogram of a run. */
export function histogramOf({ times, durations }: SimulatedRun): TimedHistogram {
  return new TimedHistogram({
    cells: Int32Array.from(times, (time) => time * CELLS),
    buckets: Int32Array.from(durations, (duration) => BUCKETS.indexOf(duration)),
    counts: new Float64Array(times.length).fill(1),
  });
}

/** Random numbers for the simulation with a number. */
export function randomOf(simulation: number): () => number {
  return randomNumbers(1_000_003 * (simulation + 1));
}

/** The method of Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
