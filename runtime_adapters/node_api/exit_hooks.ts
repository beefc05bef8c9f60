/**
 * Exit hooks: what runs before an isolate ends, by an exit, an uncaught error or a signal. Signals
 * are handled in `signals.ts`.
 *
 * @module
 */

import type { ExitHooks } from "../../src/runtime.ts";
import { nodeProcess } from "./builtins.ts";
import { OtherIsolates } from "./other_isolates.ts";
import { type ExitingProcess, isOurs, listenToSignal, markOurs, type Signal, type SignalSource } from "./signals.ts";

/** What differs between runtimes. */
export interface ExitSources {
  readonly signals: SignalSource;
  /**
   * Adds a listener for exits that `process` has no event for. Returns a function that removes it.
   */
  readonly otherExits?: (listener: () => void) => () => void;
}

/** The exit hooks of an isolate. It listens for exits while it has at least one hook. */
export function exitHooksOf(sources: ExitSources): ExitHooks {
  const hooks = new Set<(last: boolean) => void>();
  const runHooks = (last: boolean): void => {
    for (const hook of hooks) hook(last);
  };
  let stopListening: (() => void) | undefined;
  return {
    add(hook) {
      const own = (last: boolean): void => hook(last);
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
function listen({ signals, otherExits }: ExitSources, runHooks: (last: boolean) => void): () => void {
  const process = nodeProcess() as unknown as ExitingProcess;
  const others = new OtherIsolates((signal) => {
    runHooks(false);
    return signals.isHandled(signal as Signal);
  });
  const onExit = (): void => {
    runHooks(true);
    others.leave();
  };
  const offExit = listenLastToExit(process, onExit);
  // Fires on both runtimes without changing what becomes of the error. On Deno nothing else fires.
  const onUncaught = (): void => runHooks(false);
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

/**
 * Calls a listener at exit, after the program's own listeners, since those may record. Returns a
 * function that removes it.
 */
function listenLastToExit(process: ExitingProcess, listener: () => void): () => void {
  const own = markOurs(() => listener());
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
