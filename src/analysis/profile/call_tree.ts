import type { CpuProfile, CpuProfileNode } from "../../runtime.ts";
import { sampleTimes } from "./sample_times.ts";

/** What the time of a function is: its own work, or one of the names that profilers give to time in which no function is seen. */
export type FunctionKind = "function" | "root" | "idle" | "program" | "gc";

/** A function in a profile. */
export interface ProfiledFunction {
  /** Its name; `(anonymous)` if it has none. */
  readonly name: string;
  /** URL or path of its script; empty if it is not JavaScript. */
  readonly url: string;
  /** Line on which it begins, from 1; `undefined` if unknown. */
  readonly line: number | undefined;
  /** Column at which it begins, from 1; `undefined` if unknown. */
  readonly column: number | undefined;
  /** Idle time, the runtime's own (`program`) and its collections (`gc`) stand under the root as if they were functions. */
  readonly kind: FunctionKind;
}

/** A function as it was called from one stack. */
export interface CallNode {
  /** The function: the same object wherever it stands in a tree. */
  readonly function: ProfiledFunction;
  /** Seconds in the function itself. */
  self: number;
  /** Seconds in it and in all that it called. */
  total: number;
  /** Samples of the function itself. */
  samples: number;
  /** What it called. */
  readonly children: CallNode[];
}

/** The names that V8, and Kymo on Bun, give to what is no function. */
const KINDS: Readonly<Record<string, FunctionKind>> = {
  "(root)": "root",
  "(idle)": "idle",
  "(program)": "program",
  "(garbage collector)": "gc",
};

/**
 * The call trees of some profiles as one: functions of the same name and place, called from the same stack, are the same.
 *
 * @example
 * ```ts
 * import { callTree, functionTimes, parseCpuProfile, placeOf } from "@kymo/kymo/analysis";
 * import { assertEquals } from "@std/assert";
 *
 * const frame = (functionName: string, lineNumber: number) => ({ functionName, url: "main.ts", lineNumber, columnNumber: 0 });
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
export function callTree(profiles: readonly CpuProfile[]): CallNode {
  const functions = new Map<string, ProfiledFunction>();
  const identify = (
    { callFrame: { functionName, url, lineNumber, columnNumber } }: CpuProfileNode,
  ): ProfiledFunction => {
    const key = `${lineNumber}:${columnNumber}:${functionName}\n${url}`;
    let identified = functions.get(key);
    if (identified === undefined) {
      functions.set(key, identified = toFunction(functionName, url, lineNumber, columnNumber));
    }
    return identified;
  };
  const root = emptyNode(toFunction("(root)", "", -1, -1));
  const callees = new Map<CallNode, Map<ProfiledFunction, CallNode>>();
  for (const profile of profiles) {
    const byId = new Map(profile.nodes.map((node) => [node.id, node]));
    const times = sampleTimes(profile);
    const pairs: [CpuProfileNode, CallNode][] = [[profile.nodes[0]!, root]];
    for (const [theirs, ours] of pairs) {
      const { seconds = 0, samples = 0 } = times.get(theirs.id) ?? {};
      ours.self += seconds;
      ours.samples += samples;
      for (const id of theirs.children ?? []) {
        const child = byId.get(id)!;
        pairs.push([child, callee(callees, ours, identify(child))]);
      }
    }
  }
  addTotals(root);
  return root;
}

function callee(
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

/** Adds up from the leaves; without recursion, since a stack may be deeper than ours. */
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
    name: name || "(anonymous)",
    url,
    line: lineNumber < 0 ? undefined : lineNumber + 1,
    column: columnNumber < 0 ? undefined : columnNumber + 1,
    kind: url === "" ? KINDS[name] ?? "function" : "function",
  };
}

/** Where a function begins, in short: `main.ts:12`; empty if it is not JavaScript. Names of the runtime's own scripts stay whole. */
export function placeOf({ url, line }: ProfiledFunction): string {
  if (url === "") return "";
  const isInternal = /^(node|ext|bun|internal):/.test(url);
  const name = isInternal ? url : url.replace(/[?#].*$/, "").replace(/^.*[/\\](?=.)/, "");
  return line === undefined ? name : `${name}:${line}`;
}
