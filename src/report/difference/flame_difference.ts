/**
 * Differential flame graphs: where two sides spent their CPU time, in one tree.
 *
 * The method is that of B. Gregg, "Differential Flame Graphs" (2014,
 * https://www.brendangregg.com/blog/2014-11-09/differential-flame-graphs.html): both profiles are
 * brought to the same total, so that what is compared are shares of the time, and the colour of a
 * function is the difference of its shares. The shares of each side add up to 1, so the differences
 * add up to 0.
 *
 * @module
 */

import type { FlameNode } from "../shared/report_data.ts";
import type { DifferenceNode, NodeShare, Sides } from "../shared/difference_data.ts";

/** Most nodes of a difference, and the share of a side from which on a function can be seen. */
const [MAX_NODES, MIN_SHARE] = [8_000, 0.001];

/** A node while the tree is built. */
interface Building {
  readonly name: string;
  readonly place: string;
  readonly self: { a: number; b: number };
  readonly total: { a: number; b: number };
  children: Building[];
}

/**
 * Returns the difference of two sides, each the call trees of its profiles; `undefined` if nothing ran
 * on one of them.
 */
export function differenceOf({ a, b }: Sides<readonly FlameNode[]>): DifferenceNode | undefined {
  const [mergedA, mergedB] = [mergeTrees(a), mergeTrees(b)];
  if (!(mergedA.total > 0 && mergedB.total > 0)) return undefined;
  const root = join(mergedA, mergedB, { a: mergedA.total, b: mergedB.total });
  let least = MIN_SHARE;
  while (countFrom(root, least) > MAX_NODES) least *= 1.5;
  return { ...finish(root, least), name: "all", place: "" };
}

/** Adds up the call trees of one side; calls of the same function from the same stack are one node. */
export function mergeTrees(trees: readonly FlameNode[]): FlameNode {
  const children = [...Map.groupBy(trees.flatMap((tree) => tree.children), ({ name, place }) => `${name}\n${place}`)];
  const sum = (key: "self" | "total"): number => trees.reduce((sum, tree) => sum + tree[key], 0);
  const merged = children.map(([, same]) => same.length === 1 ? same[0]! : mergeTrees(same));
  const self = sum("self");
  return {
    name: trees[0]?.name ?? "",
    place: trees[0]?.place ?? "",
    self,
    // Their own totals are rounded, and would not add up.
    total: self + merged.reduce((sum, { total }) => sum + total, 0),
    children: merged,
  };
}

/** Joins a function of both sides; on one of them it may not be there. */
function join(a: FlameNode | undefined, b: FlameNode | undefined, whole: Sides<number>): Building {
  const { name, place } = (b ?? a)!;
  const children = pairs(a?.children ?? [], b?.children ?? []).map(([one, other]) => join(one, other, whole));
  const self = { a: (a?.self ?? 0) / whole.a, b: (b?.self ?? 0) / whole.b };
  const total = (side: "a" | "b"): number => children.reduce((sum, child) => sum + child.total[side], self[side]);
  return { name, place, self, total: { a: total("a"), b: total("b") }, children };
}

/** A function on one side or on both. */
type Pair = readonly [a: FlameNode | undefined, b: FlameNode | undefined];

/**
 * Finds the callees that are the same function on both sides: those with the same name in the same
 * file. Lines do not count, since an edit moves all that is below it, unless a file has several
 * functions of one name, as those without one.
 */
function pairs(a: readonly FlameNode[], b: readonly FlameNode[]): Pair[] {
  const key = ({ name, place }: FlameNode): string => `${name}\n${fileOf(place)}`;
  const [groupsA, groupsB] = [Map.groupBy(a, key), Map.groupBy(b, key)];
  return [...new Set([...groupsA.keys(), ...groupsB.keys()])].flatMap((name) =>
    pairsOfOneName(groupsA.get(name) ?? [], groupsB.get(name) ?? [])
  );
}

function pairsOfOneName(a: readonly FlameNode[], b: readonly FlameNode[]): Pair[] {
  if (a.length <= 1 && b.length <= 1) return [[a[0], b[0]]];
  const placesA = new Map(a.map((node) => [node.place, node]));
  const placesB = new Set(b.map(({ place }) => place));
  const same = b.filter(({ place }) => placesA.has(place)).map((node): Pair => [placesA.get(node.place), node]);
  const left = (nodes: readonly FlameNode[], others: { has(place: string): boolean }): FlameNode[] =>
    nodes.filter(({ place }) => !others.has(place)).sort((one, other) => lineOf(one.place) - lineOf(other.place));
  const [restA, restB] = [left(a, placesB), left(b, placesA)];
  // As many on both sides: they have moved, and kept their order.
  const rest: Pair[] = restA.length === restB.length
    ? restA.map((node, i) => [node, restB[i]])
    : [...restA.map((node): Pair => [node, undefined]), ...restB.map((node): Pair => [undefined, node])];
  return [...same, ...rest];
}

/** A place without line and column. */
function fileOf(place: string): string {
  return place.replace(/:\d+(:\d+)?$/, "");
}

/** Line and column of a place, as a number for sorting. */
function lineOf(place: string): number {
  const [, line = "0", column = "0"] = /:(\d+)(?::(\d+))?$/.exec(place) ?? [];
  return Number(line) + Number(column) / 1e6;
}

function isShown({ total }: Building, least: number): boolean {
  return Math.max(total.a, total.b) >= least;
}

function countFrom({ children }: Building, least: number): number {
  return children.filter((child) => isShown(child, least))
    .reduce((sum, child) => sum + 1 + countFrom(child, least), 0);
}

/** Drops nodes that cannot be seen on either side, and adds their time to that of their caller. */
function finish({ name, place, self, total, children }: Building, least: number): DifferenceNode {
  const dropped = children.filter((child) => !isShown(child, least));
  const shareOf = (side: "a" | "b"): NodeShare => ({
    self: rounded(dropped.reduce((sum, child) => sum + child.total[side], self[side])),
    total: rounded(total[side]),
  });
  const shown = children.filter((child) => isShown(child, least)).map((child) => finish(child, least));
  return { name, place, a: shareOf("a"), b: shareOf("b"), children: shown };
}

/** To a millionth, which no eye sees, so that it takes less room in the page. */
function rounded(share: number): number {
  return Math.round(share * 1e6) / 1e6;
}
