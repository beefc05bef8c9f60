import type { SourcePosition } from "../../src/runtime.ts";

/** `module.SourceMap` of Node's API. */
export interface SourceMap {
  readonly payload: { readonly sources?: readonly string[]; readonly sourcesContent?: readonly (string | null)[] };
  /** The last mapping at or before a column of a line; empty if there is none. */
  findEntry(line: number, column: number): Partial<Mapping>;
}

interface Mapping {
  readonly generatedColumn: number;
  readonly originalSource: string;
  readonly originalLine: number;
  readonly originalColumn: number;
}

/**
 * Maps positions in transpiled code to the source as written. Line and column are -1 for code that
 * is in no source, such as a helper function of the transpiler. A position is `undefined` if the
 * runtime has no source map of the script: a built-in or remote module, or code that runs as
 * written.
 *
 * @param mapOf Finds the source map of a script.
 */
export function sourcePositions(
  mapOf: (url: string) => SourceMap | undefined,
): (position: SourcePosition) => SourcePosition | undefined {
  return ({ url, line, column }) => {
    const map = mapOf(url);
    if (map === undefined) return undefined;
    const mapping = mappingAt(map, line, column);
    if (mapping === undefined) return { url, line: -1, column: -1 };
    return {
      url: URL.parse(mapping.originalSource, url)?.href ?? mapping.originalSource,
      line: mapping.originalLine,
      // A token is copied unchanged, so a position after its start, such as the parenthesis after a
      // function's name, keeps its distance.
      column: mapping.originalColumn + Math.max(0, column - mapping.generatedColumn),
    };
  };
}

/**
 * The mapping of a position. If the position is in a comment, or before the code of its line: the
 * mapping of the first token of code in the line.
 */
function mappingAt(map: SourceMap, line: number, column: number): Mapping | undefined {
  const mapping = map.findEntry(line, column);
  return isMapping(mapping) && !isComment(map, mapping) ? mapping : firstToken(map, line);
}

/**
 * Several lines of a source may become one line here, such as a comment and the function after it.
 */
function firstToken(map: SourceMap, line: number): Mapping | undefined {
  const last = map.findEntry(line, Infinity);
  if (!isMapping(last)) return undefined;
  for (let column = 0; column < last.generatedColumn; column++) {
    const mapping = map.findEntry(line, column);
    if (isMapping(mapping) && !isComment(map, mapping)) return mapping;
  }
  return last;
}

function isMapping(mapping: Partial<Mapping>): mapping is Mapping {
  return mapping.originalSource !== undefined;
}

const sourceLines = new WeakMap<SourceMap, readonly (readonly string[])[]>();

/** Whether a mapping is of a comment: Deno maps where comments begin and end. */
function isComment(map: SourceMap, { originalSource, originalLine, originalColumn }: Mapping): boolean {
  const { sources = [], sourcesContent = [] } = map.payload;
  let lines = sourceLines.get(map);
  if (lines === undefined) sourceLines.set(map, lines = sourcesContent.map((text) => (text ?? "").split("\n")));
  const text = lines[sources.indexOf(originalSource)]?.[originalLine] ?? "";
  return ["/*", "//", "*/"].some((sign) => text.startsWith(sign, originalColumn));
}
