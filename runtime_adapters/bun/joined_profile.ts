import type { CpuProfile, CpuProfileNode } from "../../src/runtime.ts";

/** A profile of a part of the time. */
export interface ProfileSlice {
  /** As returned by Bun. */
  readonly profile: CpuProfile;
  /** Start, µs on the clock of the joined profile. */
  readonly start: number;
  /** End, µs on the same clock. */
  readonly end: number;
  /** Processor time that the isolate's thread used in the slice, µs. */
  readonly busy: number;
}

/** A sample with its node and time in the joined profile. */
interface Sample {
  readonly node: CallTreeNode;
  readonly time: number;
}

/**
 * Most samples that are inserted into a gap. A slice has fewer, unless the whole program was
 * suspended; then the last inserted sample covers the rest of the gap.
 */
const MAX_MISSING = 1000;

/**
 * Joins consecutive slices of JavaScriptCore's profiler into one profile of the kind that V8 gives:
 * one tree, and a sample in every interval.
 *
 * JavaScriptCore takes no sample while no JavaScript runs, nor while it cannot walk the stack, as
 * in many calls from compiled code into C. But viewers assume that a function runs from its sample
 * to the next, and would count idle time as work of the function before it. So an interval without
 * a sample gets one here: `(idle)` for as long as the thread did not use the processor, in the
 * longest gaps first, and `(program)` for the rest. These are V8's names for time in which nothing
 * ran, and in which no function was seen.
 */
export class JoinedProfile {
  readonly #interval: number;
  readonly #start: number;
  readonly #tree = new CallTree();
  readonly #samples: number[] = [];
  readonly #timeDeltas: number[] = [];
  /** Time of the last sample, µs. */
  #last: number;
  /** Time at which the next sample is due, µs. */
  #due: number;

  /** Starts a profile with a sample every `interval` µs at `start`, µs. */
  constructor(interval: number, start: number) {
    this.#interval = interval;
    this.#start = this.#last = start;
    // The sampler's interval begins at any phase, so the first sample is due within one interval.
    this.#due = start + interval;
  }

  /** Appends the next slice. */
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

  /** The joined profile, which ended at `end`, µs. */
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
      // JavaScriptCore times samples by the wall clock, which may have been set in between.
      time = Math.min(end, time + (timeDeltas[index] ?? 0));
      return { node: merged.get(id) ?? this.#tree.root, time };
    });
  }

  /** How many samples are missing before each of the times. */
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

/** Distributes `amount` over demands, the greatest first, none getting more than it demands. */
function share(amount: number, demands: readonly number[]): number[] {
  const shares = demands.map(() => 0);
  for (const [index, demand] of [...demands.entries()].sort(([, a], [, b]) => b - a)) {
    shares[index] = Math.max(0, Math.min(amount, demand));
    amount -= demand;
  }
  return shares;
}

type CallFrame = CpuProfileNode["callFrame"];

/** A function, as called through one stack. */
interface CallTreeNode {
  /** Unique in its tree, from 1. */
  readonly id: number;
  readonly callFrame: CallFrame;
  /** Samples with this function on top of the stack. */
  hitCount: number;
  /** Callees by their call frame as text. */
  readonly callees: Map<string, CallTreeNode>;
  /** Samples per source line, from 1. */
  readonly ticks: Map<number, number>;
}

/** A call tree that profiles are merged into. */
class CallTree {
  readonly #nodes: CallTreeNode[] = [];
  /** Caller of the functions that have no other. */
  readonly root: CallTreeNode = this.#add(nameOnly("(root)"));

  /** A callee of the root that has a name and no position. */
  named(name: string): CallTreeNode {
    return this.#callee(this.root, nameOnly(name));
  }

  /** Merges a tree without its hit counts. Returns our nodes by their ids in that tree. */
  merge(nodes: readonly CpuProfileNode[]): Map<number, CallTreeNode> {
    const nodesById = new Map(nodes.map((node) => [node.id, node]));
    const merged = new Map<number, CallTreeNode>();
    const [root] = nodes;
    const pairs: [CpuProfileNode, CallTreeNode][] = root === undefined ? [] : [[root, this.root]];
    for (const [node, own] of pairs) {
      merged.set(node.id, own);
      for (const { line, ticks } of node.positionTicks ?? []) own.ticks.set(line, (own.ticks.get(line) ?? 0) + ticks);
      for (const id of node.children ?? []) {
        const child = nodesById.get(id);
        if (child !== undefined) pairs.push([child, this.#callee(own, child.callFrame)]);
      }
    }
    return merged;
  }

  /** The nodes in the form of a profile. */
  toNodes(): CpuProfileNode[] {
    return this.#nodes.map(({ id, callFrame, hitCount, callees, ticks }) => ({
      id,
      callFrame,
      hitCount,
      ...callees.size === 0 ? {} : { children: Array.from(callees.values(), (callee) => callee.id) },
      ...ticks.size === 0 ? {} : { positionTicks: Array.from(ticks, ([line, ticks]) => ({ line, ticks })) },
    }));
  }

  #callee(caller: CallTreeNode, frame: CallFrame): CallTreeNode {
    const key = `${frame.lineNumber}:${frame.columnNumber}:${frame.scriptId}:${frame.functionName}\n${frame.url}`;
    let callee = caller.callees.get(key);
    if (callee === undefined) caller.callees.set(key, callee = this.#add(frame));
    return callee;
  }

  #add(callFrame: CallFrame): CallTreeNode {
    const node = { id: this.#nodes.length + 1, callFrame, hitCount: 0, callees: new Map(), ticks: new Map() };
    this.#nodes.push(node);
    return node;
  }
}

function nameOnly(functionName: string): CallFrame {
  return { functionName, scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 };
}
