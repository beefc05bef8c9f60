import type { CpuProfileNode } from "../../src/runtime.ts";

type CallFrame = CpuProfileNode["callFrame"];

/** A function as it was called from one stack. */
export interface CallTreeNode {
  /** Unique in its tree, from 1 on. */
  readonly id: number;
  /** The function. */
  readonly callFrame: CallFrame;
  /** Samples with it on top. */
  hitCount: number;
  /** Whom it called. */
  readonly callees: Map<string, CallTreeNode>;
  /** Samples per source line, from 1. */
  readonly ticks: Map<number, number>;
}

/** A call tree that grows. */
export class CallTree {
  readonly #nodes: CallTreeNode[] = [];
  /** Whoever has no caller is called by it. */
  readonly root: CallTreeNode = this.#add(nameOnly("(root)"));

  /** What is called by the root and has but a name. */
  named(name: string): CallTreeNode {
    return this.#callee(this.root, nameOnly(name));
  }

  /** Merges a tree, all but its hit counts, and returns the nodes here by the ids they have there. */
  merge(nodes: readonly CpuProfileNode[]): Map<number, CallTreeNode> {
    const theirs = new Map(nodes.map((node) => [node.id, node]));
    const merged = new Map<number, CallTreeNode>();
    const [root] = nodes;
    const pairs: [CpuProfileNode, CallTreeNode][] = root === undefined ? [] : [[root, this.root]];
    for (const [their, own] of pairs) {
      merged.set(their.id, own);
      for (const { line, ticks } of their.positionTicks ?? []) own.ticks.set(line, (own.ticks.get(line) ?? 0) + ticks);
      for (const id of their.children ?? []) {
        const child = theirs.get(id);
        if (child !== undefined) pairs.push([child, this.#callee(own, child.callFrame)]);
      }
    }
    return merged;
  }

  /** The nodes as a profile has them. */
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
