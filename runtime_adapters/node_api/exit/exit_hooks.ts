/**
 * Exit hooks: what runs before an isolate ends, by an exit, an uncaught error or a signal. Signals
 * are handled in `signals.ts`.
 *
 * @module
 */

import type { ExitCause, ExitHook, ExitHooks } from "../../../src/runtime.ts";
import { nodeProcess } from "../builtins.ts";
import { sharedInIsolate } from "../../web_api/shared_state.ts";
import { timers } from "../../web_api/timers.ts";
import { KeptListener } from "./kept_listeners.ts";
import { OtherIsolates } from "./other_isolates.ts";
import { type ExitingProcess, listenToSignal, type Signal, type SignalSource, SURVIVAL } from "./signals.ts";

/** A listener for exits that `process` has no event for. */
export interface OtherExitListener {
  /** Moves it after the listeners that the program has added since. */
  moveToEnd(): void;
  /** Removes it. */
  remove(): void;
}

/** What differs between runtimes. */
export interface ExitSources {
  readonly signals: SignalSource;
  /**
   * Adds a listener for exits that `process` has no event for, which is called with the exit code if
   * that is known. An event `exit` may follow, or precede it. `survived` is to be called if the
   * isolate has not exited after all.
   */
  readonly otherExits?: (listener: (code: unknown) => void, survived: () => void) => OtherExitListener;
  /**
   * Adds a listener for uncaught errors where there is no `uncaughtExceptionMonitor`. Returns a
   * function that removes it.
   */
  readonly otherErrors?: (listener: (error: unknown) => void) => () => void;
  /** Whether listeners to `exit` get the code 0 only if it is that of the program. */
  readonly tellsZero?: boolean;
}

/**
 * The exit hooks of this isolate, which all copies of this package share. It listens for exits while
 * it has at least one hook.
 */
export function exitHooksOf(sources: ExitSources): ExitHooks {
  return sharedInIsolate("exit hooks", () => makeExitHooks(sources));
}

function makeExitHooks(sources: ExitSources): ExitHooks {
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
function listen(
  { signals, otherExits, otherErrors, tellsZero = false }: ExitSources,
  runHooks: ExitHook,
): () => void {
  const process = nodeProcess() as unknown as ExitingProcess;
  let uncaught: Extract<ExitCause, { how: "uncaught" }> | undefined;
  const others = new OtherIsolates((signal) => {
    const isHandled = signals.isHandled(signal as Signal);
    runHooks(false, isHandled ? undefined : { how: "signal", signal });
    return isHandled;
  });
  let exitCode: { readonly exitCode?: number } = {};
  let hasEnded = false;
  const onExit = (code: unknown): void => {
    if (typeof code === "number") exitCode = { exitCode: code }; // not every event of an exit has it
    // The program may have gone on after the error, and have ended well.
    const isUncaught = uncaught !== undefined && exitCode.exitCode !== 0;
    hasEnded = true;
    runHooks(true, { ...isUncaught ? uncaught : { how: "exit" }, ...exitCode } as ExitCause);
    others.leave();
  };
  const onUncaught = (error: unknown): void => {
    if (process.listenerCount("uncaughtException") > 0) return runHooks(false); // the program decides
    uncaught = { how: "uncaught", ...classOf(error) };
    runHooks(false, uncaught);
    // If it goes on all the same, a later exit has another cause.
    timers.after(SURVIVAL, () => uncaught = undefined);
  };
  const other = otherExits?.(onExit, () => {
    hasEnded = false;
    runHooks(false);
  });
  const listeners = [
    // After the last call of the hooks each row is written by itself, which is slow for many rows.
    // If listeners to `exit` follow that call, ours follows them.
    ...other === undefined ? [] : [new KeptListener("exit", () => hasEnded && runHooks(false), "first")],
    new KeptListener("exit", (code) => {
      // On Bun an unhandled rejection, which sets no code, ends the program with 1, and 0 is passed.
      onExit(code === 0 && !tellsZero ? process.exitCode : code);
      other?.moveToEnd();
    }, "last"),
    // Fires on all runtimes without changing what becomes of the error. On Deno nothing else fires.
    new KeptListener("uncaughtExceptionMonitor", onUncaught, "last"),
  ];
  const offOtherErrors = otherErrors?.(onUncaught);
  const offSignals = signals.received().map((signal) => listenToSignal(signal, signals, { runHooks, others, process }));
  return () => {
    for (const listener of listeners) listener.remove();
    offOtherErrors?.();
    other?.remove();
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
