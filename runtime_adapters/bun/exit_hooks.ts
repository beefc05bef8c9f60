import type { ExitHooks } from "../../src/runtime.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { exitHooksOf } from "../node_api/exit/exit_hooks.ts";
import { processSignals } from "../node_api/exit/process_signals.ts";
import type { SignalSource } from "../node_api/exit/signals.ts";
import { followTestFiles } from "./test_runner.ts";

/**
 * Milliseconds to wait before SIGTERM kills a process under `bun --watch`. Before Bun starts the
 * program anew, in this process, it calls the SIGTERM listeners as if a signal had arrived; no timer
 * fires after that. If one does, the signal was real.
 */
const RESTART_DELAY = 20;

/**
 * Exit hooks on Bun. They do not run when a worker is terminated, nor in a worker when its process
 * exits. In `bun test` they run at the end of each file.
 */
export function bunExitHooks(): ExitHooks {
  return exitHooksOf({
    signals: bunSignals(),
    otherExits: (exited, survived) => ({
      moveToEnd() {},
      remove: followTestFiles({ ended: () => exited(undefined), wentOn: survived }),
    }),
  });
}

function bunSignals(): SignalSource {
  const { execArgv } = nodeProcess() as unknown as { readonly execArgv: readonly string[] };
  const isWatched = execArgv.includes("--watch");
  return {
    ...processSignals(),
    // `bun test --watch` cannot be told from `bun test`, but no microtask runs either.
    delay: (signal) => isWatched && signal === "SIGTERM" ? RESTART_DELAY : 0,
    mayRestart: (signal) => isWatched && signal === "SIGTERM",
  };
}
