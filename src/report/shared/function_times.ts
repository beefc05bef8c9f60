/**
 * The times of functions in a CPU profile, wherever they were called.
 *
 * @module
 */

import type { FlameNode } from "./report_data.ts";

/** What a function took, wherever it was called. */
export interface FunctionTime {
  readonly name: string;
  readonly place: string;
  /** Seconds in itself. */
  self: number;
  /** Seconds in it and in all that it called, counted once where it called itself. */
  total: number;
}

/** Adds up a call tree by function. */
export function timesByFunction(tree: FlameNode): FunctionTime[] {
  const times = new Map<string, FunctionTime>();
  const above = new Set<string>();
  const visit = (node: FlameNode): void => {
    const key = `${node.name}\n${node.place}`;
    const time = times.get(key) ??
      { name: node.name, place: node.place, self: 0, total: 0 };
    times.set(key, time);
    time.self += Math.max(0, node.children.reduce((rest, child) => rest - child.value, node.value));
    const outermost = !above.has(key);
    if (outermost) time.total += node.value;
    above.add(key);
    node.children.forEach(visit);
    if (outermost) above.delete(key);
  };
  tree.children.forEach(visit);
  return [...times.values()];
}
