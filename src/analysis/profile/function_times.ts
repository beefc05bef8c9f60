import type { CallNode, ProfiledFunction } from "./call_tree.ts";

/** Time of a function, wherever it was called. */
export interface FunctionTime {
  /** Which. */
  readonly function: ProfiledFunction;
  /** Seconds in the function itself. */
  self: number;
  /** Seconds in it and in all that it called. What it called of itself counts once. */
  total: number;
  /** Samples of the function itself. How often it was called, a profiler that samples cannot tell. */
  samples: number;
}

/** Time of a function when one certain other called it. */
export interface CallTime extends FunctionTime {
  /** Who called it; the root, if nobody did. */
  readonly caller: ProfiledFunction;
}

/** The time of each function but the root. In no order. */
export function functionTimes(tree: CallNode): FunctionTime[] {
  return collect(
    tree,
    (called): FunctionTime & { caller?: ProfiledFunction } => ({ function: called, ...noTime }),
    () => "",
  );
}

/** The time of each function by who called it. In no order. */
export function callTimes(tree: CallNode): CallTime[] {
  return collect(tree, (called, caller): CallTime => ({ function: called, caller, ...noTime }), (caller) => caller);
}

const noTime = { self: 0, total: 0, samples: 0 };

/**
 * Adds up what has the same function and the same key of its caller. The total of a node counts unless the node is within another that adds to the same
 * sum.
 */
function collect<Time extends FunctionTime>(
  tree: CallNode,
  make: (called: ProfiledFunction, caller: ProfiledFunction) => Time,
  keyOf: (caller: ProfiledFunction) => unknown,
): Time[] {
  const sums = new Map<ProfiledFunction, Map<unknown, { time: Time; open: number }>>();
  const found: Time[] = [];
  const sumOf = (called: ProfiledFunction, caller: ProfiledFunction): { time: Time; open: number } => {
    let byKey = sums.get(called);
    if (byKey === undefined) sums.set(called, byKey = new Map());
    let sum = byKey.get(keyOf(caller));
    if (sum === undefined) {
      byKey.set(keyOf(caller), sum = { time: make(called, caller), open: 0 });
      found.push(sum.time);
    }
    return sum;
  };
  // Each node is met twice: before all that it called, and after.
  const stack: { node: CallNode; caller: ProfiledFunction; isDone: boolean }[] = [];
  const push = ({ children, function: caller }: CallNode): void => {
    for (const node of children) stack.push({ node, caller, isDone: false });
  };
  push(tree);
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { node, caller, isDone } = top;
    const sum = sumOf(node.function, caller);
    if (isDone) {
      sum.open--;
      continue;
    }
    if (sum.open++ === 0) sum.time.total += node.total;
    sum.time.self += node.self;
    sum.time.samples += node.samples;
    stack.push({ node, caller, isDone: true });
    push(node);
  }
  return found;
}
