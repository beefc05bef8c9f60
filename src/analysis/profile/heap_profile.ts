/**
 * Reading the `.heapprofile` format: `HeapProfiler.SamplingHeapProfile` of the Chrome DevTools protocol
 * (https://chromedevtools.github.io/devtools-protocol/tot/HeapProfiler/#type-SamplingHeapProfile), as
 * V8 estimates from samples what was allocated while it was taken, and is still in use.
 *
 * @module
 */

import { failure, type Result, success } from "../../result.ts";
import type { CpuProfile, CpuProfileNode } from "../../runtime.ts";
import { ownModuleTest } from "../../profiling/own_modules.ts";
import { foldOwnFrames } from "./own_frames.ts";

/** A node of the file. */
interface HeapNode {
  readonly callFrame?: unknown;
  readonly selfSize?: unknown;
  readonly children?: unknown;
}

/**
 * Reads the text of a `.heapprofile` file as a profile whose call tree has bytes where that of a CPU
 * profile has seconds. Kymo's own frames are one function there too.
 */
export function readHeapProfile(text: string): Result<CpuProfile, "invalid-data"> {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return failure("invalid-data", "not JSON, or cut off");
  }
  const { head } = Object(file) as { head?: unknown };
  if (!isNode(head)) return failure("invalid-data", "no call tree");
  type Numbered = CpuProfileNode & { children: number[] };
  const numbered = (node: HeapNode, id: number): Numbered => {
    return { id, callFrame: frameOf(node), hitCount: node.selfSize as number, children: [] };
  };
  const nodes: Numbered[] = [numbered(head, 1)];
  const read: HeapNode[] = [head];
  for (let at = 0; at < read.length; at++) {
    const { children = [] } = read[at]!;
    if (!Array.isArray(children) || !children.every(isNode)) return failure("invalid-data", "a node is none");
    for (const child of children) {
      nodes[at]!.children.push(read.push(child));
      nodes.push(numbered(child, read.length));
    }
  }
  const bytes = nodes.reduce((sum, { hitCount = 0 }) => sum + hitCount, 0);
  // A profile without samples shares its time out by these counts: a byte is a second, of 1e6 µs.
  return success(foldOwnFrames({ nodes, startTime: 0, endTime: bytes * 1e6 }, ownModuleTest([])));
}

function isNode(value: unknown): value is HeapNode {
  const { selfSize } = Object(value) as HeapNode;
  return Number.isSafeInteger(selfSize) && (selfSize as number) >= 0;
}

function frameOf({ callFrame }: HeapNode): CpuProfileNode["callFrame"] {
  const { functionName, url, lineNumber, columnNumber } = Object(callFrame) as Record<string, unknown>;
  const text = (value: unknown): string => typeof value === "string" ? value : "";
  const place = (value: unknown): number => Number.isSafeInteger(value) ? value as number : -1;
  return {
    functionName: text(functionName),
    scriptId: "0",
    url: text(url),
    lineNumber: place(lineNumber),
    columnNumber: place(columnNumber),
  };
}
