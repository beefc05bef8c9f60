import type { CpuProfiler } from "../../src/runtime.ts";
import { builtin } from "../node_api/builtins.ts";
import { profilerOf, recordInOwnSession } from "../node_api/profiler.ts";
import { type SourceMap, sourcePositions } from "../node_api/source_positions.ts";
import { denied } from "./permissions.ts";

/**
 * V8's sampling profiler, or the reason why there is none. It does not disturb other sessions, such
 * as one of the application or of DevTools.
 *
 * Types are stripped in place, so positions are in the source as written, unless a loader or bundler
 * made the code and Node was started with `--enable-source-maps`.
 */
export function nodeProfiler(): CpuProfiler | string {
  const reason = denied("inspector");
  if (reason !== undefined) return reason;
  const { findSourceMap } = builtin<{ findSourceMap(url: string): SourceMap | undefined }>("node:module");
  return profilerOf(recordInOwnSession, sourcePositions(findSourceMap));
}
