import type { ExitHooks } from "../../src/runtime.ts";
import { exitHooksOf } from "../node_api/exit_hooks.ts";
import { denoSignals, inWorker } from "./signals.ts";

/**
 * Exit hooks on Deno. They do not run when a worker is terminated, nor in a worker when its process
 * exits.
 */
export function denoExitHooks(): ExitHooks {
  return exitHooksOf({ signals: denoSignals(), otherExits });
}

/** `Deno.exit` fires `unload` and no event of `process`; `close`, in a worker, fires nothing. */
function otherExits(listener: (code: unknown) => void): () => void {
  const onUnload = (): void => listener(Deno.exitCode);
  globalThis.addEventListener("unload", onUnload);
  const offClose = inWorker ? beforeClose(() => listener(undefined)) : undefined;
  return () => {
    globalThis.removeEventListener("unload", onUnload);
    offClose?.();
  };
}

/** Calls a listener before the worker closes itself. Nothing runs after that. */
function beforeClose(listener: () => void): () => void {
  const scope = globalThis as unknown as { close(): void };
  const { close } = scope;
  let before: (() => void) | undefined = listener;
  const replacement = function (this: unknown): void {
    before?.();
    close.call(this);
  };
  scope.close = replacement;
  return () => {
    // If someone has replaced our function, it stays in the chain and calls no listener.
    before = undefined;
    if (scope.close === replacement) scope.close = close;
  };
}
