/**
 * The trees of a differential flame graph, and its functions in words.
 *
 * @module
 */

import { formatPercent } from "../../../display/numbers.ts";
import type { DifferenceNode, SideName } from "../../shared/difference_data.ts";
import type { Flame } from "./flames.ts";

/** Which share is the width of a function. */
export type Widths = SideName | "both";

/** The tree that is drawn: with these widths, and in `others` the shares of A. */
export function flamesOf(node: DifferenceNode, widths: Widths, nodes = new Map<Flame, DifferenceNode>()): Flame {
  const { name, place, a, b, children } = node;
  const share = (key: "self" | "total"): number => widths === "both" ? (a[key] + b[key]) / 2 : node[widths][key];
  const flame: Flame = {
    name,
    place,
    self: share("self"),
    total: share("total"),
    others: a,
    children: children.map((child) => flamesOf(child, widths, nodes)),
  };
  nodes.set(flame, node);
  return flame;
}

/** The largest difference of a function. */
export function largestDifference({ a, b, children }: DifferenceNode): number {
  return children.reduce((most, child) => Math.max(most, largestDifference(child)), Math.abs(b.total - a.total));
}

/** A function in words: its shares on both sides, and their difference. */
export function describeNode({ name, place, a, b }: DifferenceNode): string {
  const where = place === "" ? "" : ` (${place})`;
  const of = (share: number): string => formatPercent(share);
  if (a.total === 0) return `${name}${where}: only in B, ${of(b.total)} of its CPU time`;
  if (b.total === 0) return `${name}${where}: only in A, ${of(a.total)} of its CPU time`;
  const difference = b.total - a.total;
  const rounded = Math.abs(100 * difference).toFixed(2);
  // What is nothing but for the digits of a double has no sign of its own.
  const points = `${difference < 0 && Number(rounded) > 0 ? "−" : "+"}${rounded} points`;
  return `${name}${where}: A ${of(a.total)}, B ${of(b.total)}, ${points}`;
}
