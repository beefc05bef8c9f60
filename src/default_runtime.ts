import { detect } from "../runtime_adapters/detect.ts";
import type { Runtime } from "./runtime.ts";

/** The globals of this isolate. */
export const isolateGlobals: object = globalThis;

/** The runtime that this isolate runs on. Here, and only here, the core meets an adapter. */
export function defaultRuntime(): Runtime {
  return detect(isolateGlobals);
}
