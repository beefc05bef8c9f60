import type { SourcePosition } from "../../src/runtime.ts";
import { builtin } from "../node_api/builtins.ts";

/** `module.SourceMap` of Node's API. */
interface SourceMap {
  readonly payload: { readonly sources?: readonly string[]; readonly sourcesContent?: readonly (string | null)[] };
  /** The last mapping at or before a place, in its line; empty if there is none. */
  findEntry(line: number, column: number): Partial<Mapping>;
}

interface Mapping {
  readonly generatedColumn: number;
  readonly originalSource: string;
  readonly originalLine: number;
  readonly originalColumn: number;
}

/** Names of modules that Deno transpiles, and so maps. */
const TRANSPILED = /^[^?#]*\.([mc]?ts|[tj]sx)$/;

/**
 * The place in the source as written of a place in the code that Deno made of it; line and column are -1 for code that stands in no source,
 * such as a helper function of the transpiler. `undefined` if Deno knows no map of the script: a built-in or remote module, or JavaScript
 * that runs as it is written.
 */
export function originalPosition({ url, line, column }: SourcePosition): SourcePosition | undefined {
  const map = sourceMapOf(url);
  if (map === undefined) return undefined;
  const mapping = mappingAt(map, line, column);
  if (mapping === undefined) return { url, line: -1, column: -1 };
  return {
    url: URL.parse(mapping.originalSource, url)?.href ?? mapping.originalSource,
    line: mapping.originalLine,
    // A token is copied as it stands, so a place behind its start, such as the parenthesis behind a function's name, keeps its distance.
    column: mapping.originalColumn + Math.max(0, column - mapping.generatedColumn),
  };
}

/** Never prompts, though `findSourceMap` reads files and may. */
function sourceMapOf(url: string): SourceMap | undefined {
  if (!url.startsWith("file:") || !canBeReadUnasked(url)) return undefined;
  const { fileURLToPath } = builtin<{ fileURLToPath(url: string): string }>("node:url");
  let path: string;
  try {
    path = fileURLToPath(url);
  } catch {
    return undefined; // A script may call itself anything.
  }
  return builtin<{ findSourceMap(path: string): SourceMap | undefined }>("node:module").findSourceMap(path);
}

/** A module that was imported may be read again without a permission, and its map is in what Deno made of it; others may lie anywhere. */
function canBeReadUnasked(url: string): boolean {
  return TRANSPILED.test(url) || Deno.permissions.querySync({ name: "read" }).state === "granted";
}

/** The mapping of a place; of a place in front of the code of its line, or in a comment, that of the first token of code. */
function mappingAt(map: SourceMap, line: number, column: number): Mapping | undefined {
  const mapping = map.findEntry(line, column);
  return isMapping(mapping) && !isComment(map, mapping) ? mapping : firstToken(map, line);
}

/** What stands in several lines of a source may stand in one here, such as a comment and the function behind it. */
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

/** Deno maps where comments begin and where they end. */
function isComment(map: SourceMap, { originalSource, originalLine, originalColumn }: Mapping): boolean {
  const { sources = [], sourcesContent = [] } = map.payload;
  let lines = sourceLines.get(map);
  if (lines === undefined) sourceLines.set(map, lines = sourcesContent.map((text) => (text ?? "").split("\n")));
  const text = lines[sources.indexOf(originalSource)]?.[originalLine] ?? "";
  return ["/*", "//", "*/"].some((sign) => text.startsWith(sign, originalColumn));
}
