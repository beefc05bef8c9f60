import { detect, diagnostics, timers } from "../runtime_adapters/detect.ts";
import { KymoError, reason } from "./errors.ts";
import type { Diagnostics, Runtime, Timers } from "./runtime.ts";

export {
  giveOwnFrame,
  sharedInIsolate,
  sharedInOtherVersions,
  type SharingOptions,
} from "../runtime_adapters/detect.ts";

/** The globals of this isolate. */
export const isolateGlobals: object = globalThis;

/**
 * The runtime that this isolate runs on. Here, and only here, the core meets an adapter.
 *
 * @throws {KymoError} `"unsupported"` if there is no adapter for it.
 */
export function defaultRuntime(): Runtime {
  try {
    return detect(isolateGlobals);
  } catch (cause) {
    throw new KymoError("unsupported", reason(cause), { cause });
  }
}

/** The channels on which libraries tell what they do. */
export const defaultDiagnostics: Diagnostics = diagnostics;

/** The timers of every adapter, for code that may also run where there is none. */
export const defaultTimers: Timers = timers;
