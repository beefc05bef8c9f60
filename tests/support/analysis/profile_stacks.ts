import type { CpuProfile } from "../../../src/runtime.ts";

/**
 * A profile of stacks, each with the ms until the next sample: the names of functions from the
 * first caller on. Ids are given in the order in which functions are met, from 1, the root.
 */
export function profileOf(stacks: readonly (readonly [stack: string, ms: number])[]): CpuProfile {
  const nodes = [emptyNode(1, "(root)")];
  const samples: number[] = [];
  const timeDeltas: number[] = [];
  let next = 0;
  for (const [stack, ms] of stacks) {
    let node = nodes[0]!;
    for (const name of stack.split(" ").map((name) => name === "(garbage" ? "(garbage collector)" : name)) {
      if (name === "collector)") continue;
      let child = node.children.map((id) => nodes[id - 1]!).find(({ callFrame }) => callFrame.functionName === name);
      if (child === undefined) {
        child = emptyNode(nodes.length + 1, name);
        nodes.push(child);
        node.children.push(child.id);
      }
      node = child;
    }
    node.hitCount++;
    samples.push(node.id);
    timeDeltas.push(next);
    next = ms * 1000;
  }
  const startTime = 1_000_000;
  const endTime = startTime + stacks.reduce((sum, [, ms]) => sum + ms * 1000, 0);
  return { nodes, startTime, endTime, samples, timeDeltas };
}

function emptyNode(id: number, functionName: string) {
  const callFrame = { functionName, scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 };
  return { id, callFrame, hitCount: 0, children: [] as number[] };
}
