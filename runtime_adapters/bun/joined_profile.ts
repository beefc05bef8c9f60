import type { CpuProfile } from "../../src/runtime.ts";
import { CallTree, type CallTreeNode } from "./call_tree.ts";

/** A profile that covers a part of the time. */
export interface ProfileSlice {
  /** As Bun gives it. */
  readonly profile: CpuProfile;
  /** When it began, µs on the clock of the whole. */
  readonly start: number;
  /** When it ended. */
  readonly end: number;
  /** Processor time that the thread of the isolate used meanwhile, µs. */
  readonly busy: number;
}

/** A sample with its node and time in the whole. */
interface Sample {
  readonly node: CallTreeNode;
  readonly time: number;
}

/**
 * The most samples that stand for a stretch of time without any. A slice is much shorter, unless the program was stopped as a whole; then
 * the last of them stands for the rest.
 */
const MAX_MISSING = 1000;

/**
 * One profile made of consecutive slices of JavaScriptCore's, as V8 would have given it: one tree, and a sample in every interval.
 *
 * JavaScriptCore has no sample of the time when no JavaScript ran, nor of when it could not walk the stack, as in many calls from compiled
 * code into C. But viewers take it that a function runs from its sample to the next, and would count all idle time as work of the function
 * before it. So an interval without a sample gets one here: of `(idle)` for as long as the thread did not use the processor, in the longest
 * stretches first, and of `(program)` for the rest. These are V8's own names for time in which nothing ran, and in which no function was
 * seen.
 */
export class JoinedProfile {
  readonly #interval: number;
  readonly #start: number;
  readonly #tree = new CallTree();
  readonly #samples: number[] = [];
  readonly #timeDeltas: number[] = [];
  /** When the last sample was taken. */
  #last: number;
  /** When the next one is due. */
  #due: number;

  /** `interval` between samples and `start`, µs. */
  constructor(interval: number, start: number) {
    this.#interval = interval;
    this.#start = this.#last = start;
    // The sampler has a rhythm of its own, and begins anywhere in it.
    this.#due = start + interval;
  }

  /** Appends the slice that comes next. */
  append({ profile, start, end, busy }: ProfileSlice): void {
    this.#due = Math.max(start, this.#due);
    const samples = this.#read(profile, start, end);
    const missing = this.#countMissing([...samples.map(({ time }) => time), end]);
    const idle = share(Math.round((end - start - busy) / this.#interval), missing);
    for (const [index, count] of missing.entries()) {
      for (let i = 0; i < count; i++) {
        this.#push({ node: this.#tree.named(i < (idle[index] ?? 0) ? "(idle)" : "(program)"), time: this.#due });
      }
      const sample = samples[index];
      if (sample !== undefined) this.#push(sample);
    }
  }

  /** The whole, which ended at `end`, µs. */
  finish(end: number): CpuProfile {
    return {
      nodes: this.#tree.toNodes(),
      startTime: this.#start,
      endTime: end,
      samples: this.#samples,
      timeDeltas: this.#timeDeltas,
    };
  }

  #read({ nodes, samples = [], timeDeltas = [] }: CpuProfile, start: number, end: number): Sample[] {
    const merged = this.#tree.merge(nodes);
    let time = start;
    return samples.map((id, index) => {
      // The slice was timed by the wall clock, which may have been set meanwhile.
      time = Math.min(end, time + (timeDeltas[index] ?? 0));
      return { node: merged.get(id) ?? this.#tree.root, time };
    });
  }

  /** How many samples there should have been before each of the times. */
  #countMissing(times: readonly number[]): number[] {
    let due = this.#due;
    return times.map((time) => {
      const count = Math.round((time - due) / this.#interval);
      due = time + this.#interval;
      return Math.min(MAX_MISSING, Math.max(0, count));
    });
  }

  #push({ node, time }: Sample): void {
    node.hitCount++;
    this.#samples.push(node.id);
    this.#timeDeltas.push(time - this.#last);
    this.#last = time;
    this.#due = time + this.#interval;
  }
}

/** Deals `amount` out to the greatest demands first, none getting more than it asks for. */
function share(amount: number, demands: readonly number[]): number[] {
  const shares = demands.map(() => 0);
  for (const [index, demand] of [...demands.entries()].sort(([, a], [, b]) => b - a)) {
    shares[index] = Math.max(0, Math.min(amount, demand));
    amount -= demand;
  }
  return shares;
}
