import type { ObservationSink } from "../../../src/sampling/sampler.ts";

/** A sink that keeps all observations. */
export class ListSink implements ObservationSink {
  /** All observations, in order. */
  readonly seen: [label: string, value: number][] = [];
  /** How many were given together, each time that several were. */
  readonly together: number[] = [];

  observe(label: string, value: number): void {
    this.seen.push([label, value]);
  }

  observeMany(observations: Iterable<readonly [label: string, value: number]>): void {
    const list = [...observations];
    this.together.push(list.length);
    for (const [label, value] of list) this.seen.push([label, value]);
  }

  /** The observations since the last call. */
  drain(): [label: string, value: number][] {
    return this.seen.splice(0);
  }
}
