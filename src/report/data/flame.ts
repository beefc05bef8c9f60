import { type CallNode, callTree, placeOf } from "../../analysis/profile/call_tree.ts";
import type { CpuProfile } from "../../runtime.ts";
import type { FlameNode } from "../shared/report_data.ts";
import { toDigits } from "./rounding.ts";

/** A function that takes less than this part of the whole is too narrow to be seen. */
const VISIBLE = 0.001;

/** Calls deeper than this are not drawn; recursion without end is. */
const DEEPEST = 300;

/**
 * The call trees of some profiles as one, named `name`, without idle time and without what is too small to be seen. At most `room` functions are left
 * in it, but for the root.
 */
export function flameOf(profiles: readonly CpuProfile[], name: string, room: number): FlameNode {
  const root = callTree(profiles);
  const children = root.children.filter((child) => child.function.kind !== "idle");
  const total = children.reduce((sum, child) => sum + child.total, 0);
  let least = VISIBLE * total;
  while (count(children, least, 1) > room) least *= 1.5;
  return { name, place: "", value: toDigits(5, total), children: prune(children, least, 1) };
}

/** Those that take at least `least` seconds, and so on below them. */
function prune(nodes: readonly CallNode[], least: number, depth: number): FlameNode[] {
  return visible(nodes, least, depth).map((node) => ({
    name: node.function.name,
    place: placeOf(node.function),
    value: toDigits(5, node.total),
    children: prune(node.children, least, depth + 1),
  }));
}

/** How many are left of them and below them. */
function count(nodes: readonly CallNode[], least: number, depth: number): number {
  return visible(nodes, least, depth).reduce((sum, { children }) => sum + 1 + count(children, least, depth + 1), 0);
}

function visible(nodes: readonly CallNode[], least: number, depth: number): readonly CallNode[] {
  return depth > DEEPEST ? [] : nodes.filter(({ total }) => total > 0 && total >= least);
}
