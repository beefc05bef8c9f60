import type { ExitHooks } from "../../src/runtime.ts";
import { exitHooksOf, type OtherExitListener } from "../node_api/exit/exit_hooks.ts";
import { isAtLeast } from "../version.ts";
import { replaceFunction } from "../web_api/replaced_function.ts";
import { denoSignals, inWorker } from "./signals.ts";

/**
 * Exit hooks on Deno. They do not run when a worker is terminated, nor in a worker when its process
 * exits.
 */
export function denoExitHooks(): ExitHooks {
  const hasMonitor = isAtLeast(Deno.version.deno, UNCAUGHT_MONITOR_SINCE);
  return exitHooksOf({ signals: denoSignals(), otherExits, ...hasMonitor ? {} : { otherErrors } });
}

/** The version of Deno that brought the event `uncaughtExceptionMonitor`. */
const UNCAUGHT_MONITOR_SINCE = "2.8";

/** Unless it calls `preventDefault`, a listener changes nothing. */
function otherErrors(listener: (error: unknown) => void): () => void {
  const onError = (event: Event): void => listener((event as Event & { readonly error: unknown }).error);
  const onRejection = (event: Event): void => listener((event as Event & { readonly reason: unknown }).reason);
  globalThis.addEventListener("error", onError);
  globalThis.addEventListener("unhandledrejection", onRejection);
  return () => {
    globalThis.removeEventListener("error", onError);
    globalThis.removeEventListener("unhandledrejection", onRejection);
  };
}

/**
 * `Deno.exit` fires `unload` and no event of `process`; `close`, in a worker, fires nothing. At a
 * natural end `unload` comes before the event `exit` of `process`, and in `process.exit` after it.
 */
function otherExits(listener: (code: unknown) => void): OtherExitListener {
  const onUnload = (): void => listener(Deno.exitCode);
  const add = (): void => globalThis.addEventListener("unload", onUnload);
  const remove = (): void => globalThis.removeEventListener("unload", onUnload);
  const moveToEnd = (): void => {
    remove();
    add();
  };
  add();
  const undo = [
    replaceFunction(Deno, "exit", (exit) =>
      function (...args) {
        moveToEnd();
        return exit.apply(this, args);
      }),
    ...inWorker
      ? [replaceFunction(globalThis, "close", (close) =>
        function (...args) {
          listener(undefined); // nothing runs after that
          return close.apply(this, args);
        })]
      : [],
  ];
  return {
    moveToEnd,
    remove() {
      remove();
      for (const step of undo) step();
    },
  };
}
