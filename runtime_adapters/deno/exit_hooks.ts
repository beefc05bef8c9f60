import type { ExitHooks } from "../../src/runtime.ts";
import { exitHooksOf, type OtherExitListener } from "../node_api/exit/exit_hooks.ts";
import { replaceFunction } from "../web_api/replaced_function.ts";
import { denoSignals, inWorker } from "./signals.ts";

/**
 * Exit hooks on Deno. They do not run when a worker is terminated, nor in a worker when its process
 * exits.
 */
export function denoExitHooks(): ExitHooks {
  return exitHooksOf({ signals: denoSignals(), otherExits });
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
