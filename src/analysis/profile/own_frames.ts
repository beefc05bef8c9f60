/**
 * Folding Kymo's own frames out of a call tree, so that callers and callees are the program's.
 *
 * What the program calls through Kymo (`timeIt`, an HTTP handler) becomes a callee of the function
 * that called Kymo. The time that Kymo itself takes there, with everything of the runtime that it
 * calls, is one callee `(kymo)`: what recording costs stays visible.
 *
 * @module
 */

import type { CpuProfile, CpuProfileNode } from "../../runtime.ts";

/** The name that Kymo's own time has. */
export const OWN_NAME = "(kymo)";

/** The node of the folded tree that samples of a node go to, and the caller of what it calls. */
interface Place {
  readonly node: CpuProfileNode;
  readonly target: FoldedNode;
  readonly caller: FoldedNode;
}

interface FoldedNode {
  readonly id: number;
  readonly callFrame: CpuProfileNode["callFrame"];
  hitCount: number;
  readonly children: number[];
  /** Its callee of Kymo's name. */
  own?: FoldedNode;
}

/** The profile without frames of Kymo; the same object if there are none. The root comes first. */
export function foldOwnFrames(profile: CpuProfile, isOwn: (url: string) => boolean): CpuProfile {
  const { nodes } = profile;
  const own = new Set(nodes.filter(({ callFrame: { url } }) => url !== "" && isOwn(url)));
  if (own.size === 0) return profile;

  const folded: FoldedNode[] = [];
  const add = (caller: FoldedNode | undefined, callFrame: CpuProfileNode["callFrame"]): FoldedNode => {
    const node: FoldedNode = { id: folded.length + 1, callFrame, hitCount: 0, children: [] };
    folded.push(node);
    caller?.children.push(node.id);
    return node;
  };
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const ids = new Map<number, number>();
  const root = add(undefined, nodes[0]!.callFrame);
  const places: Place[] = [{ node: nodes[0]!, target: root, caller: root }];
  for (const { node, target, caller } of places) {
    ids.set(node.id, target.id);
    target.hitCount += node.hitCount ?? 0;
    for (const id of node.children ?? []) {
      const callee = byId.get(id)!;
      const isInKymo = target !== caller;
      if (own.has(callee) || isInKymo && isOfRuntime(callee)) {
        caller.own ??= add(caller, {
          functionName: OWN_NAME,
          scriptId: "0",
          url: "",
          lineNumber: -1,
          columnNumber: -1,
        });
        places.push({ node: callee, target: caller.own, caller });
      } else {
        const made = add(caller, callee.callFrame);
        places.push({ node: callee, target: made, caller: made });
      }
    }
  }
  const { samples, ...rest } = profile;
  return {
    ...rest,
    nodes: folded.map(({ own: _, ...node }) => node),
    ...samples === undefined ? {} : { samples: samples.map((id) => ids.get(id)!) },
  };
}

/** Whether a function is the runtime's: native, or of one of its own scripts. */
function isOfRuntime({ callFrame: { url } }: CpuProfileNode): boolean {
  return url === "" || /^(?:node|ext|bun|internal):/.test(url);
}
