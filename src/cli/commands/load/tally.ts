import type { RequestOutcome } from "../../../http/request_labels.ts";
import { NANOSECONDS_PER_SECOND } from "../../../series.ts";
import { ReservoirSample } from "../../../statistics/reservoir_sample.ts";

/** Values of which quantiles are exact, by label; of more, those of a random million. */
const EXACT = 2 ** 20;

/** Ways to fail that are told apart. */
const MAX_FAILURES = 20;

/** How long requests took, s. */
export interface Latencies {
  /** Of what; absent for all together. */
  readonly label?: string;
  readonly count: number;
  readonly mean: number;
  readonly max: number;
  /** By the quantiles that were asked for, in their order. */
  readonly quantiles: readonly number[];
  /** Whether the quantiles are those of a random sample. */
  readonly isSampled: boolean;
}

/** Counts what was measured: exactly the rows that are recorded. */
export class Tally {
  /** Requests by how they ended. */
  readonly outcomes = new Map<RequestOutcome, number>();
  /** Requests without an answer, by why. */
  readonly failures = new Map<string, number>();
  readonly #all = new ReservoirSample(EXACT);
  readonly #late = new ReservoirSample(EXACT);
  readonly #labels = new Map<string, ReservoirSample>();

  /** Requests. */
  get count(): number {
    return this.#all.count;
  }

  /** Requests that had an answer. */
  get answered(): number {
    return this.count - [...this.failures.values()].reduce((sum, count) => sum + count, 0);
  }

  /** A request was sent `late` ns after it was due and a connection was free. */
  sent(late: number): void {
    this.#late.add(late / NANOSECONDS_PER_SECOND, 1);
  }

  /** A request has ended after `latency` ns. */
  ended(label: string, outcome: RequestOutcome, failure: string | undefined, latency: number): void {
    const seconds = latency / NANOSECONDS_PER_SECOND;
    let series = this.#labels.get(label);
    if (series === undefined) this.#labels.set(label, series = new ReservoirSample(EXACT));
    series.add(seconds, 1);
    this.#all.add(seconds, 1);
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    if (failure === undefined) return;
    const name = this.failures.has(failure) || this.failures.size < MAX_FAILURES ? failure : "other";
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
  }

  /** How late requests were sent; by label, the most frequent first; and of all. To be called once. */
  describe(quantiles: readonly number[]): {
    readonly late: Latencies | undefined;
    readonly series: readonly Latencies[];
    readonly all: Latencies | undefined;
  } {
    const describe = (sample: ReservoirSample, label?: string): Latencies => ({
      ...label === undefined ? {} : { label },
      count: sample.count,
      mean: sample.mean ?? NaN,
      max: sample.max ?? NaN,
      quantiles: sample.quantiles(quantiles).map((value) => value ?? NaN),
      isSampled: sample.isSampled,
    });
    const some = (sample: ReservoirSample): Latencies | undefined => sample.count === 0 ? undefined : describe(sample);
    const series = [...this.#labels].map(([label, sample]) => describe(sample, label))
      .sort((a, b) => b.count - a.count || (a.label! < b.label! ? -1 : 1));
    return { late: some(this.#late), series, all: some(this.#all) };
  }
}
