import type { CpuProfile, CpuProfiler, SourcePosition } from "../../src/runtime.ts";
import { builtin } from "../node_api/builtins.ts";
import { type ProfileRecording, profilerOf, ProfilerSession } from "../node_api/profiler.ts";

/**
 * V8's sampling profiler, or the reason why there is none. It does not disturb other sessions,
 * such as one of the application or of DevTools.
 *
 * Two costs come from V8 and Deno: `start` walks the heap (about 1 ms per MB), and while a
 * session is open, every worker that this isolate starts waits up to 0.5 s for a debugger before
 * its first statement, and again before its first message.
 */
export function denoProfiler(): CpuProfiler | string {
  if (Deno.permissions.querySync({ name: "sys" }).state !== "granted") return "needs --allow-sys";
  return profilerOf(record, sourcePosition);
}

/** Starts a profile in a new session, so that no session is open when nothing is profiled. */
function record(interval: number): ProfileRecording {
  const session = new ProfilerSession();
  const started = session.start(interval);
  started.catch(() => session.close());
  return {
    started,
    async stop(): Promise<CpuProfile> {
      try {
        return await session.stop();
      } finally {
        session.close();
      }
    },
  };
}

/** `module.SourceMap` of Node's API. */
interface SourceMap {
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

/** Names of modules that Deno transpiles, and so has source maps of. */
const TRANSPILED = /^[^?#]*\.([mc]?ts|[tj]sx)$/;

/**
 * Maps a position in transpiled code to the source as written. Line and column are -1 for code that
 * is in no source, such as a helper function of the transpiler. Returns `undefined` if Deno has no
 * source map of the script: a built-in or remote module, or JavaScript that runs as written.
 */
function sourcePosition({ url, line, column }: SourcePosition): SourcePosition | undefined {
  const map = sourceMapOf(url);
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
}

/**
 * Finds the source map of a script. Never prompts, though `findSourceMap` reads files and could.
 */
function sourceMapOf(url: string): SourceMap | undefined {
  if (!url.startsWith("file:") || !isReadable(url)) return undefined;
  const { fileURLToPath } = builtin<{ fileURLToPath(url: string): string }>("node:url");
  let path: string;
  try {
    path = fileURLToPath(url);
  } catch {
    return undefined; // a script may set any `sourceURL`
  }
  return builtin<{ findSourceMap(path: string): SourceMap | undefined }>("node:module").findSourceMap(path);
}

/**
 * An imported module may be read again without permission, and its source map is part of its
 * transpiled code; other maps may be in any file.
 */
function isReadable(url: string): boolean {
  return TRANSPILED.test(url) || Deno.permissions.querySync({ name: "read" }).state === "granted";
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
