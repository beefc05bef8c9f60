import type { CpuProfiler, SourcePosition } from "../../src/runtime.ts";
import { builtin } from "../node_api/builtins.ts";
import { profilerOf, recordInOwnSession } from "../node_api/profiler.ts";
import { type SourceMap, sourcePositions } from "../node_api/source_positions.ts";
import { isAtLeast } from "../version.ts";
import { isGranted } from "./permissions.ts";

/**
 * V8's sampling profiler, or the reason why there is none. It does not disturb other sessions,
 * such as one of the application or of DevTools.
 *
 * Two costs come from V8 and Deno: `start` walks the heap (about 1 ms per MB), and while a
 * session is open, every worker that this isolate starts waits up to 0.5 s for a debugger before
 * its first statement, and again before its first message.
 */
export function denoProfiler(): CpuProfiler | string {
  if (!isGranted({ name: "sys" })) return "needs --allow-sys";
  const { deno } = Deno.version;
  if (!isAtLeast(deno, INSPECTOR_SINCE)) return `needs Deno ${INSPECTOR_SINCE}`;
  const positions = isAtLeast(deno, SOURCE_MAPS_SINCE) ? sourcePositions(sourceMapOf) : withoutLines;
  return profilerOf(recordInOwnSession, positions);
}

/** In Deno 2.5.0 and 2.5.1 the inspector does not answer, or ends the process. */
const INSPECTOR_SINCE = "2.5.2";

/** The version of Deno whose `findSourceMap` finds the source maps of what it transpiles. */
export const SOURCE_MAPS_SINCE = "2.8";

/** Lines of transpiled code would be taken for those of the source. */
function withoutLines({ url }: SourcePosition): SourcePosition | undefined {
  return TRANSPILED.test(url) ? { url, line: -1, column: -1 } : undefined;
}

/** Names of modules that Deno transpiles, and so has source maps of. */
const TRANSPILED = /^[^?#]*\.([mc]?ts|[tj]sx)$/;

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
  return TRANSPILED.test(url) || isGranted({ name: "read" });
}
