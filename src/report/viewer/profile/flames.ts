/**
 * The call trees that flame graphs draw: of a whole profile, of a part of its time, in order of
 * time, and of the slowest durations beside the others.
 *
 * @module
 */

import type { Span } from "../../../statistics/spans.ts";
import {
  type FlameNode,
  type MomentData,
  type ProfileData,
  SAMPLED_UNITS,
  type SlowSamplesData,
} from "../../shared/report_data.ts";

/** A node that is drawn. */
export interface Flame extends FlameNode {
  readonly children: readonly Flame[];
  /** Where it begins, seconds, in a tree in order of time. */
  readonly start?: number;
  /** Of a tree that is compared with another: the shares of the other's time; 1 is all of it. */
  readonly others?: { readonly self: number; readonly total: number };
}

/** The nodes of a tree, depth first, and the index of the caller of each; -1 of the root. */
export interface FlameIndex {
  readonly nodes: readonly FlameNode[];
  readonly callers: readonly number[];
}

/** Numbers the nodes of a tree as profiles do. */
export function indexFlames(tree: FlameNode): FlameIndex {
  const nodes: FlameNode[] = [];
  const callers: number[] = [];
  const visit = (node: FlameNode, caller: number): void => {
    const at = nodes.push(node) - 1;
    callers.push(caller);
    for (const child of node.children) visit(child, at);
  };
  visit(tree, -1);
  return { nodes, callers };
}

/** Calls `callback` with the entries of a profile within a time; ns since the report's `from`. */
function forEachEntry(
  { from, width, steps, nodes, times }: MomentData,
  window: Span<number>,
  callback: (node: number, seconds: number, start: number) => void,
): void {
  let stretch = 0;
  for (let i = 0; i < steps.length; i++) {
    stretch += steps[i]!;
    const start = from + stretch * width;
    // A stretch belongs to the time in which its middle is.
    if (start + width / 2 < window.from) continue;
    if (start + width / 2 >= window.to) break;
    callback(nodes[i]!, times[i]! / SAMPLED_UNITS, start / 1e9);
  }
}

/** The tree of what ran within a time. */
export function flamesWithin(index: FlameIndex, moments: MomentData, window: Span<number>): Flame {
  const self = new Float64Array(index.nodes.length);
  forEachEntry(moments, window, (node, seconds) => self[node]! += seconds);
  return build(index, self);
}

/** A tree in order of time. */
export interface OrderedFlames {
  readonly tree: Flame;
  /** Of each this many ns only what took most of it is drawn; `undefined` if everything is. */
  readonly summed: number | undefined;
}

/** Most stretches that are drawn one by one: narrower ones would be less than some pixels wide. */
const MOST_STRETCHES = 300;

/** A function that ran for some time, seconds since the report's `from`. */
interface Run {
  readonly node: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The tree of what ran within a time, in order of time: a function is there as often as it began.
 * The root is as long as the time.
 */
export function flamesInOrder(index: FlameIndex, moments: MomentData, window: Span<number>): OrderedFlames {
  const stretches = (window.to - window.from) / moments.width;
  if (stretches <= MOST_STRETCHES) return { tree: joinRuns(index, runsOf(moments, window), window), summed: undefined };
  const summed = Math.ceil(stretches / MOST_STRETCHES) * moments.width;
  return { tree: joinRuns(index, heaviestRuns(index, moments, window, summed), window), summed };
}

/** What ran in each stretch, one after the other. */
function runsOf(moments: MomentData, window: Span<number>): Run[] {
  const runs: Run[] = [];
  let [begin, cursor] = [NaN, 0];
  forEachEntry(moments, window, (node, seconds, start) => {
    const from = Math.max(start === begin ? cursor : start, window.from / 1e9);
    begin = start;
    cursor = Math.min(window.to / 1e9, from + seconds);
    runs.push({ node, from, to: cursor });
  });
  return runs;
}

/** A part of the time in which less than this share was busy is left empty. */
const LEAST_BUSY = 0.05;

/** Of each `width` ns the path through the call tree that took the most time. */
function heaviestRuns(index: FlameIndex, moments: MomentData, window: Span<number>, width: number): Run[] {
  const runs: Run[] = [];
  let part = 0;
  let self = new Map<number, number>();
  const close = (): void => {
    const from = window.from + part * width;
    const busy = [...self.values()].reduce((sum, seconds) => sum + seconds, 0);
    if (busy >= LEAST_BUSY * width / 1e9) {
      runs.push({ node: heaviest(index, self), from: from / 1e9, to: Math.min(window.to, from + width) / 1e9 });
    }
    self = new Map();
  };
  forEachEntry(moments, window, (node, seconds, start) => {
    const at = Math.max(0, Math.floor((start * 1e9 + moments.width / 2 - window.from) / width));
    if (at !== part) close();
    part = at;
    self.set(node, (self.get(node) ?? 0) + seconds);
  });
  close();
  return runs;
}

/** The node at the end of the heaviest path: where a node itself took more than any of its callees. */
function heaviest({ callers }: FlameIndex, self: ReadonlyMap<number, number>): number {
  const total = new Map<number, number>();
  const callees = new Map<number, Set<number>>();
  for (const [node, seconds] of self) {
    for (let at = node; at >= 0; at = callers[at]!) {
      total.set(at, (total.get(at) ?? 0) + seconds);
      if (at > 0) callees.set(callers[at]!, (callees.get(callers[at]!) ?? new Set()).add(at));
    }
  }
  let at = 0;
  for (;;) {
    let next: number | undefined;
    for (const callee of callees.get(at) ?? []) {
      if (next === undefined || total.get(callee)! > total.get(next)!) next = callee;
    }
    if (next === undefined || total.get(next)! < (self.get(at) ?? 0)) return at;
    at = next;
  }
}

/** Makes a tree of runs: what was open and goes on without a gap is one call. */
function joinRuns({ nodes, callers }: FlameIndex, runs: readonly Run[], window: Span<number>): Flame {
  type Open = { at: number; start: number; end: number; self: number; children: Open[] };
  const root: Open = { at: 0, start: window.from / 1e9, end: window.to / 1e9, self: 0, children: [] };
  let open: Open[] = [root];
  for (const { node, from, to } of runs) {
    const stack: number[] = [];
    for (let at = node; at > 0; at = callers[at]!) stack.push(at);
    stack.reverse();
    let depth = 1;
    while (depth < open.length && open[depth]!.at === stack[depth - 1] && isAt(open[depth]!.end, from)) depth++;
    open = open.slice(0, depth);
    for (const going of open.slice(1)) going.end = to;
    for (const at of stack.slice(depth - 1)) {
      const made: Open = { at, start: from, end: to, self: 0, children: [] };
      open.at(-1)!.children.push(made);
      open.push(made);
    }
    open.at(-1)!.self += to - from;
  }
  const close = ({ at, start, end, self, children }: Open): Flame => {
    const { name, place } = nodes[at]!;
    return { name, place, self, total: end - start, start, children: children.map(close) };
  };
  return close(root);
}

/** Times differ by less than any sample. */
function isAt(one: number, other: number): boolean {
  return Math.abs(one - other) < 1e-6;
}

/** What ran while the slowest were under way, with the shares of what ran while others were. */
export function flamesOfSlowest(index: FlameIndex, { nodes, slowest, others, idle }: SlowSamplesData): Flame {
  const [slow, other] = [new Float64Array(index.nodes.length), new Float64Array(index.nodes.length)];
  for (const [i, node] of nodes.entries()) {
    slow[node]! += slowest[i]! / SAMPLED_UNITS;
    other[node]! += others[i]! / SAMPLED_UNITS;
  }
  const tree = build(index, slow, other);
  const [idleSlow, idleOthers] = [idle[0] / SAMPLED_UNITS, idle[1] / SAMPLED_UNITS];
  const all = tree.others!.total + idleOthers;
  const shares = (flame: Flame): Flame => ({
    ...flame,
    others: { self: flame.others!.self / Math.max(all, 1e-12), total: flame.others!.total / Math.max(all, 1e-12) },
    children: flame.children.map(shares),
  });
  const share = idleOthers / Math.max(all, 1e-12);
  const waiting: Flame = { ...IDLE, self: idleSlow, total: idleSlow, others: { self: share, total: share } };
  const whole = shares(tree);
  return {
    ...whole,
    total: whole.total + idleSlow,
    others: { ...whole.others!, total: all > 0 ? 1 : 0 },
    children: [...whole.children, ...idleSlow + idleOthers > 0 ? [waiting] : []],
  };
}

/** Time in which nothing ran: what was under way waited. */
const IDLE: FlameNode = { name: "(idle)", place: "", self: 0, total: 0, children: [] };

/** The tree of some self times, without nodes in which there is nothing. */
function build({ nodes, callers }: FlameIndex, self: Float64Array, others?: Float64Array): Flame {
  const total = Float64Array.from(self);
  const totalOthers = others && Float64Array.from(others);
  const children: Flame[][] = nodes.map(() => []);
  for (let at = nodes.length - 1; at >= 0; at--) {
    const { name, place } = nodes[at]!;
    const [caller, other] = [callers[at]!, totalOthers?.[at] ?? 0];
    const flame: Flame = {
      name,
      place,
      self: self[at]!,
      total: total[at]!,
      children: children[at]!.reverse(),
      ...others && { others: { self: others[at]!, total: other } },
    };
    if (caller < 0) return flame;
    if (flame.total === 0 && other === 0) continue;
    total[caller]! += flame.total;
    if (totalOthers !== undefined) totalOthers[caller]! += other;
    children[caller]!.push(flame);
  }
  throw new RangeError("a tree has a root");
}

/** The time of a profile, ns since the report's `from`; `undefined` if its files do not say. */
export function timeOfProfile({ time }: ProfileData, from: string): Span<number> | undefined {
  if (time === undefined) return undefined;
  return { from: Number(BigInt(time.from) - BigInt(from)), to: Number(BigInt(time.to) - BigInt(from)) };
}
