/**
 * Exit hooks: what runs before an isolate ends, by an exit, an uncaught error or a signal. Signals
 * are handled in `signals.ts`.
 *
 * @module
 */

import type { ExitCause, ExitHook, ExitHooks } from "../../src/runtime.ts";
import { nodeProcess } from "./builtins.ts";
import { OtherIsolates } from "./other_isolates.ts";
import {
  type ExitingProcess,
  isOurs,
  listenToSignal,
  markOurs,
  type Signal,
  type SignalSource,
  SURVIVAL,
} from "./signals.ts";
import { timers } from "../web_api/timers.ts";

/** What differs between runtimes. */
export interface ExitSources {
  readonly signals: SignalSource;
  /**
   * Adds a listener for exits that `process` has no event for, which is called with the exit code if
   * that is known. Returns a function that removes it.
   */
  readonly otherExits?: (listener: (code: unknown) => void) => () => void;
  /** Whether listeners to `exit` get the code 0 only if it is that of the program. */
  readonly tellsZero?: boolean;
}

/** The exit hooks of an isolate. It listens for exits while it has at least one hook. */
export function exitHooksOf(sources: ExitSources): ExitHooks {
  const hooks = new Set<ExitHook>();
  const runHooks: ExitHook = (last, cause) => {
    for (const hook of hooks) hook(last, cause);
  };
  let stopListening: (() => void) | undefined;
  return {
    add(hook) {
      const own: ExitHook = (last, cause) => hook(last, cause);
      hooks.add(own);
      stopListening ??= listen(sources, runHooks);
      return () => {
        hooks.delete(own);
        if (hooks.size > 0) return;
        stopListening?.();
        stopListening = undefined;
      };
    },
  };
}

/** Calls `runHooks` at every exit. Returns a function that stops it. */
function listen({ signals, otherExits, tellsZero = false }: ExitSources, runHooks: ExitHook): () => void {
  const process = nodeProcess() as unknown as ExitingProcess;
  let uncaught: Extract<ExitCause, { how: "uncaught" }> | undefined;
  const others = new OtherIsolates((signal) => {
    const isHandled = signals.isHandled(signal as Signal);
    runHooks(false, isHandled ? undefined : { how: "signal", signal });
    return isHandled;
  });
  let exitCode: { readonly exitCode?: number } = {};
  const onExit = (code: unknown): void => {
    if (typeof code === "number") exitCode = { exitCode: code }; // not every event of an exit has it
    // The program may have gone on after the error, and have ended well.
    const isUncaught = uncaught !== undefined && exitCode.exitCode !== 0;
    runHooks(true, { ...isUncaught ? uncaught : { how: "exit" }, ...exitCode } as ExitCause);
    others.leave();
  };
  // On Bun an unhandled rejection, which sets no code, ends the program with 1, and 0 is passed.
  const offExit = listenLastToExit(process, (code) => onExit(code === 0 && !tellsZero ? process.exitCode : code));
  // Fires on both runtimes without changing what becomes of the error. On Deno nothing else fires.
  const onUncaught = (error: unknown): void => {
    if (process.listenerCount("uncaughtException") > 0) return runHooks(false); // the program decides
    uncaught = { how: "uncaught", ...classOf(error) };
    runHooks(false, uncaught);
    // If it goes on all the same, a later exit has another cause.
    timers.after(SURVIVAL, () => uncaught = undefined);
  };
  process.on("uncaughtExceptionMonitor", onUncaught);
  const offOtherExits = otherExits?.(onExit);
  const offSignals = signals.received().map((signal) => listenToSignal(signal, signals, { runHooks, others, process }));
  return () => {
    offExit();
    process.off("uncaughtExceptionMonitor", onUncaught);
    offOtherExits?.();
    for (const off of offSignals) off();
    others.close();
  };
}

/** The class of what was thrown, such as `"TypeError"`; nothing of its message, which may be secret. */
function classOf(error: unknown): { readonly error?: string } {
  try {
    const name: unknown = (error as { constructor?: { name?: unknown } } | null | undefined)?.constructor?.name;
    return typeof name === "string" && name !== "" ? { error: name } : {};
  } catch {
    return {}; // a getter or a proxy may throw
  }
}

/**
 * Calls a listener at exit, after the program's own listeners, since those may record. Returns a
 * function that removes it.
 */
function listenLastToExit(process: ExitingProcess, listener: (code: unknown) => void): () => void {
  const own = markOurs((code) => listener(code));
  let listening = true;
  const moveToEnd = (event: unknown, added: unknown): void => {
    if (event !== "exit" || isOurs(added as object)) return;
    // `newListener` fires before the listener is added.
    queueMicrotask(() => {
      if (!listening) return;
      process.off("exit", own);
      process.on("exit", own);
    });
  };
  process.on("exit", own);
  process.on("newListener", moveToEnd);
  return () => {
    listening = false;
    process.off("exit", own);
    process.off("newListener", moveToEnd);
  };
}
