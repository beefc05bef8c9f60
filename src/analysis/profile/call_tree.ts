/**
 * The call tree of CPU profiles, and the time of each function in it.
 *
 * A browser runs part of this module, within the page of a report: it imports types only.
 *
 * @module
 */

import type { CpuProfile, CpuProfileNode } from "../../runtime.ts";

/**
 * What a node's time was spent on: a JavaScript function, Kymo itself, or one of the names that
 * profilers give to time in which no function runs.
 */
export type FunctionKind = "function" | "kymo" | "root" | "idle" | "program" | "gc";

/** A function in a profile. */
export interface ProfiledFunction {
  /** Its name; `(anonymous)` if it has none. Those of one line differ by their column. */
  readonly name: string;
  /** URL or path of its script; empty if it is not JavaScript. */
  readonly url: string;
  /** Line on which it begins, from 1; `undefined` if unknown. */
  readonly line: number | undefined;
  /** Column at which it begins, from 1; `undefined` if unknown. */
  readonly column: number | undefined;
  /**
   * What it is. Idle time, the runtime's own work (`program`) and garbage collection (`gc`) are
   * children of the root. Kymo's own time (`kymo`) is called by the function that called Kymo.
   */
  readonly kind: FunctionKind;
}

/** A node of a call tree. */
export interface TimedNode<Node> {
  /** Seconds in the function itself. */
  readonly self: number;
  /** Seconds in the function and in everything it called. */
  readonly total: number;
  /** Samples of the function itself, if known. */
  readonly samples?: number;
  /** The functions that it called. */
  readonly children: readonly Node[];
}

/** A function as called from one stack. */
export interface CallNode {
  /** The function: the same object wherever it occurs in a tree. */
  readonly function: ProfiledFunction;
  /** Seconds in the function itself. */
  self: number;
  /** Seconds in the function and in everything it called. */
  total: number;
  /** Samples of the function itself. */
  samples: number;
  /** The functions that it called. */
  readonly children: CallNode[];
}

/**
 * Called with a sample: the index of its profile, the function on top of the stack, when it was
 * taken in µs on the profile's clock, and how long it lasted.
 */
export type SampleListener = (profile: number, node: CallNode, time: number, seconds: number) => void;

/** The name of a function without one. */
const ANONYMOUS = "(anonymous)";

/** The names that V8, and Kymo, give to time in which no function of the program runs. */
const KINDS: Readonly<Record<string, FunctionKind>> = {
  "(root)": "root",
  "(idle)": "idle",
  "(kymo)": "kymo",
  "(program)": "program",
  "(garbage collector)": "gc",
};

/**
 * Merges the call trees of some profiles into one: functions of the same name and place, called
 * from the same stack, share a node. Children are sorted by total time, the largest first.
 * `onSample` is called with each sample of the profiles that say when theirs were taken.
 *
 * @example
 * ```ts
 * import { callTree, functionTimes, parseCpuProfile, placeOf } from "@kymo/kymo/analysis";
 * import { assertEquals } from "@std/assert";
 *
 * const frame = (functionName: string, lineNumber: number) => {
 *   return { functionName, url: "main.ts", lineNumber, columnNumber: 0 };
 * };
 * const text = JSON.stringify({ // as in a .cpuprofile file; times in µs
 *   nodes: [
 *     { id: 1, callFrame: frame("(root)", -1), children: [2] },
 *     { id: 2, callFrame: frame("main", 0), children: [3] },
 *     { id: 3, callFrame: frame("sort", 11) },
 *   ],
 *   samples: [2, 3],
 *   timeDeltas: [0, 250_000],
 *   startTime: 0,
 *   endTime: 1_000_000,
 * });
 * const times = functionTimes(callTree([parseCpuProfile(text)]));
 * assertEquals(
 *   times.map(({ function: called, self, total }) => [called.name, placeOf(called), self, total]),
 *   [["main", "main.ts:1", 0.25, 1], ["sort", "main.ts:12", 0.75, 0.75]],
 * );
 * ```
 */
export function callTree(profiles: readonly CpuProfile[], onSample?: SampleListener): CallNode {
  const functions = new Map<string, ProfiledFunction>();
  const identify = ({ callFrame }: CpuProfileNode): ProfiledFunction => {
    const { functionName, url, lineNumber, columnNumber } = callFrame;
    const key = `${lineNumber}:${columnNumber}:${functionName}\n${url}`;
    let identified = functions.get(key);
    if (identified === undefined) {
      functions.set(key, identified = toFunction(functionName, url, lineNumber, columnNumber));
    }
    return identified;
  };
  const root = emptyNode(toFunction("(root)", "", -1, -1));
  const callees = new Map<CallNode, Map<ProfiledFunction, CallNode>>();
  for (const [index, profile] of profiles.entries()) {
    const byId = new Map(profile.nodes.map((node) => [node.id, node]));
    const times = sampledTimes(profile);
    const merged = new Map<number, CallNode>();
    const pairs: [CpuProfileNode, CallNode][] = [[profile.nodes[0]!, root]];
    for (const [source, target] of pairs) {
      const { seconds = 0, samples = 0 } = times.get(source.id) ?? {};
      merged.set(source.id, target);
      target.self += seconds;
      target.samples += samples;
      for (const id of source.children ?? []) {
        const child = byId.get(id)!;
        pairs.push([child, calleeOf(callees, target, identify(child))]);
      }
    }
    if (onSample === undefined) continue;
    for (const { id, time, seconds } of timedSamples(profile) ?? []) onSample(index, merged.get(id)!, time, seconds);
  }
  addTotals(root);
  return root;
}

function calleeOf(
  callees: Map<CallNode, Map<ProfiledFunction, CallNode>>,
  caller: CallNode,
  called: ProfiledFunction,
): CallNode {
  let known = callees.get(caller);
  if (known === undefined) callees.set(caller, known = new Map());
  let node = known.get(called);
  if (node === undefined) {
    known.set(called, node = emptyNode(called));
    caller.children.push(node);
  }
  return node;
}

/** Adds up totals from the leaves. No recursion: a profiled stack may be deeper than ours. */
function addTotals(root: CallNode): void {
  const nodes = [root];
  for (const { children } of nodes) {
    for (const child of children) nodes.push(child);
  }
  for (const node of nodes.reverse()) {
    node.total = node.children.reduce((sum, { total }) => sum + total, node.self);
    node.children.sort((a, b) => b.total - a.total);
  }
}

function emptyNode(called: ProfiledFunction): CallNode {
  return { function: called, self: 0, total: 0, samples: 0, children: [] };
}

function toFunction(name: string, url: string, lineNumber: number, columnNumber: number): ProfiledFunction {
  return {
    name: name || ANONYMOUS,
    url,
    line: lineNumber < 0 ? undefined : lineNumber + 1,
    column: columnNumber < 0 ? undefined : columnNumber + 1,
    kind: url === "" ? KINDS[name] ?? "function" : "function",
  };
}

/**
 * Returns where a function begins, in short: `main.ts:12`, and with its column if it has no name,
 * since there may be several in a line: `main.ts:12:34`. Empty if it is not JavaScript. Names of the
 * runtime's own scripts are kept whole.
 */
export function placeOf({ name, url, line, column }: ProfiledFunction): string {
  if (url === "") return "";
  const isInternal = /^(node|ext|bun|internal):/.test(url);
  const file = isInternal ? url : url.replace(/[?#].*$/, "").replace(/^.*[/\\](?=.)/, "");
  if (line === undefined) return file;
  return name === ANONYMOUS && column !== undefined ? `${file}:${line}:${column}` : `${file}:${line}`;
}

/** Time sampled with one node on top of the stack. */
interface SampledTime {
  seconds: number;
  samples: number;
}

const MICROSECONDS = 1e6;

/**
 * Returns how long each node was on top of the stack, by its id. As in Chrome DevTools, a sample
 * lasts until the next, the last one until the end of the profile, and the time before the first
 * belongs to no node. In a profile without sample times, all samples last equally long.
 */
function sampledTimes(profile: CpuProfile): Map<number, SampledTime> {
  const times = new Map<number, SampledTime>();
  const add = (id: number, seconds: number, samples: number): void => {
    const time = times.get(id) ?? { seconds: 0, samples: 0 };
    time.seconds += seconds;
    time.samples += samples;
    times.set(id, time);
  };
  const samples = timedSamples(profile);
  if (samples !== undefined) {
    for (const { id, seconds } of samples) add(id, seconds, 1);
    return times;
  }
  const { nodes, startTime, endTime } = profile;
  const hits = nodes.reduce((sum, { hitCount = 0 }) => sum + hitCount, 0);
  for (const { id, hitCount = 0 } of nodes) {
    if (hitCount > 0) add(id, Math.max(0, endTime - startTime) * hitCount / hits / MICROSECONDS, hitCount);
  }
  return times;
}

/** The samples by time: V8 reports some late, which shows as a negative difference. */
function timedSamples(profile: CpuProfile): { id: number; time: number; seconds: number }[] | undefined {
  const { samples, timeDeltas, startTime, endTime } = profile;
  if (samples === undefined || timeDeltas === undefined) return undefined;
  let time = startTime;
  const inOrder = samples.map((id, index) => ({ id, time: time += timeDeltas[index]! }))
    .sort((a, b) => a.time - b.time);
  return inOrder.map(({ id, time }, index) => {
    const seconds = Math.max(0, (inOrder[index + 1]?.time ?? endTime) - time) / MICROSECONDS;
    return { id, time, seconds };
  });
}

/** Time of a function, wherever it was called. */
export interface FunctionTime {
  /** The function. */
  readonly function: ProfiledFunction;
  /** Seconds in the function itself. */
  readonly self: number;
  /** Seconds in the function and in everything it called. Recursive calls count once. */
  readonly total: number;
  /** Samples of the function itself. (Samples do not show how often it was called.) */
  readonly samples: number;
}

/** Time of a function when called by one certain other. */
export interface CallTime extends FunctionTime {
  /** The calling function; the root if there is none. */
  readonly caller: ProfiledFunction;
}

/** Returns the time of each function but the root, in no order. */
export function functionTimes(tree: CallNode): FunctionTime[] {
  return sumTimes(tree, (node) => node.function).map(({ node, self, total, samples }) => {
    return { function: node.function, self, total, samples };
  });
}

/** Returns the time of each function by caller, in no order. */
export function callTimes(tree: CallNode): CallTime[] {
  return sumTimes(tree, (node) => node.function, true).map(({ node, caller, self, total, samples }) => {
    return { function: node.function, caller: caller.function, self, total, samples };
  });
}

/** Sums over the nodes of a call tree that have the same key. */
export interface SummedTime<Node> {
  /** The first of the nodes. */
  readonly node: Node;
  /** The node that called it. */
  readonly caller: Node;
  self: number;
  /** Nodes within another of the same sum are not added: recursive calls count once. */
  total: number;
  samples: number;
}

/**
 * Adds up the nodes of a call tree below its root by key, such as the function, and, if `byCaller`,
 * by the key of the caller too. In no order.
 */
export function sumTimes<Node extends TimedNode<Node>>(
  tree: Node,
  keyOf: (node: Node) => unknown,
  byCaller = false,
): SummedTime<Node>[] {
  type OpenSum = SummedTime<Node> & { open: number };
  const sums = new Map<unknown, Map<unknown, OpenSum>>();
  const found: OpenSum[] = [];
  const sumOf = (node: Node, caller: Node): OpenSum => {
    const key = keyOf(node);
    const callerKey = byCaller ? keyOf(caller) : undefined;
    let ofKey = sums.get(key);
    if (ofKey === undefined) sums.set(key, ofKey = new Map());
    let sum = ofKey.get(callerKey);
    if (sum === undefined) {
      ofKey.set(callerKey, sum = { node, caller, self: 0, total: 0, samples: 0, open: 0 });
      found.push(sum);
    }
    return sum;
  };
  // Each node is visited twice: before everything it called, and after.
  const stack: { node: Node; caller: Node; isDone: boolean }[] = [];
  const push = (caller: Node): void => {
    for (const node of caller.children) stack.push({ node, caller, isDone: false });
  };
  push(tree);
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { node, caller, isDone } = top;
    const sum = sumOf(node, caller);
    if (isDone) {
      sum.open--;
      continue;
    }
    if (sum.open++ === 0) sum.total += node.total;
    sum.self += node.self;
    sum.samples += node.samples ?? 0;
    stack.push({ node, caller, isDone: true });
    push(node);
  }
  return found;
}
