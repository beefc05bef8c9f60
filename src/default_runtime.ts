import { detect } from "../runtime_adapters/detect.ts";
import type { Runtime } from "./runtime.ts";

/** The runtime that this isolate runs on. Here, and only here, the core meets an adapter. */
export function defaultRuntime(): Runtime {
  return detect(globalThis);
}
