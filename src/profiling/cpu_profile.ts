import type { CpuProfile, CpuProfileNode, CpuProfiler } from "../runtime.ts";

/**
 * The profile with positions in the source as written. Where `sourcePosition` knows nothing of a position, it stays; where it knows that the
 * code stands in no source, the line is -1, and samples of such a line are left out of the ticks, though not out of the node.
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

/** A `.cpuprofile` file: the profile as JSON, which Chrome DevTools and speedscope open. */
export function encodeCpuProfile(profile: CpuProfile): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(profile));
}
