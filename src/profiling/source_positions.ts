import type { CpuProfile, CpuProfileNode, CpuProfiler } from "../runtime.ts";

/**
 * Returns the profile with positions in the source as written, not as transpiled. A position for
 * which `sourcePosition` returns `undefined` stays as it is. Code without source gets line -1: its
 * samples count for the function, and for no line.
 */
export function inSource(profile: CpuProfile, sourcePosition: CpuProfiler["sourcePosition"]): CpuProfile {
  return { ...profile, nodes: profile.nodes.map((node) => nodeInSource(node, sourcePosition)) };
}

function nodeInSource(node: CpuProfileNode, sourcePosition: CpuProfiler["sourcePosition"]): CpuProfileNode {
  const { callFrame, positionTicks } = node;
  const { url, lineNumber, columnNumber } = callFrame;
  const definition = lineNumber < 0 ? undefined : sourcePosition({ url, line: lineNumber, column: columnNumber });
  const written = definition === undefined
    ? callFrame
    : { ...callFrame, url: definition.url, lineNumber: definition.line, columnNumber: definition.column };
  if (positionTicks === undefined) return { ...node, callFrame: written };
  return {
    ...node,
    callFrame: written,
    positionTicks: positionTicks.flatMap(({ line, ticks }) => {
      const position = sourcePosition({ url, line: line - 1, column: 0 });
      if (position === undefined) return [{ line, ticks }];
      // A viewer looks for the line in the file of the function.
      return position.line >= 0 && position.url === written.url ? [{ line: position.line + 1, ticks }] : [];
    }),
  };
}
