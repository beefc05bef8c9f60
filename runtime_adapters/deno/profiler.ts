import type { CpuProfiler } from "../../src/runtime.ts";
import { builtin } from "../node_api/builtins.ts";
import { profilerOf, recordInOwnSession } from "../node_api/profiler.ts";
import { type SourceMap, sourcePositions } from "../node_api/source_positions.ts";

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
  return profilerOf(recordInOwnSession, sourcePositions(sourceMapOf));
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
  return TRANSPILED.test(url) || Deno.permissions.querySync({ name: "read" }).state === "granted";
}
