import type { ExitHooks } from "../../src/runtime.ts";
import { exitHooksOf } from "../node_api/exit/exit_hooks.ts";
import { processSignals } from "../node_api/exit/process_signals.ts";

/**
 * Exit hooks on Node. They do not run when a worker is terminated, nor in a worker when its process
 * exits.
 */
export function nodeExitHooks(): ExitHooks {
  return exitHooksOf({ signals: processSignals(), tellsZero: true });
}
