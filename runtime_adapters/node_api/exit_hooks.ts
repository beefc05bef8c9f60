import type { ExitHooks } from "../../src/runtime.ts";
import { timers } from "../web_api/timers.ts";
import { nodeProcess } from "./builtins.ts";
import { OtherIsolates } from "./other_isolates.ts";

/** The catchable signals that end a program, with their numbers. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Milliseconds after which we listen to a signal again, if the process survived it. */
const SURVIVAL = 500;

/**
 * Marks our listeners, so that several copies of this module in one program do not take each
 * other's for the program's.
 */
const OURS = Symbol.for("@kymo/kymo exit listener");

/** A catchable signal that ends a program. */
export type Signal = keyof typeof SIGNALS;

/** How an isolate listens to the signals of its process. */
export interface SignalSource {
  /** The signals to listen to: none where the isolate receives none. */
  received(): readonly Signal[];
  /**
   * Adds a listener that neither keeps the program alive nor is visible to the program's own
   * listeners. Returns a function that removes it; without any listener the signal has its default
   * effect.
   */
  listen(signal: Signal, listener: () => void): () => void;
  /** Whether the program itself listens, or did when the signal that is being handled arrived. */
  isHandled(signal: Signal): boolean;
  /** Milliseconds to wait before the process is killed. Default 0. */
  delay?(signal: Signal): number;
}

/** What differs between runtimes. */
export interface ExitSources {
  readonly signals: SignalSource;
  /**
   * Adds a listener for exits that `process` has no event for. Returns a function that removes it.
   */
  readonly otherExits?: (listener: () => void) => () => void;
}

/** The part of `process` that is used. */
interface ExitingProcess {
  readonly pid: number;
  on(event: string, listener: (...args: unknown[]) => void): void;
  off(event: string, listener: (...args: unknown[]) => void): void;
  kill(pid: number, signal: Signal): void;
  exit(code: number): never;
}

/** Marks a listener as one of {@linkcode exitHooksOf}. */
export function markOurs(listener: () => void): () => void {
  return Object.assign(listener, { [OURS]: true });
}

/** Whether a listener is marked as ours, by this copy of the module or another. */
export function isOurs(listener: object): boolean {
  return OURS in listener;
}

/**
 * Splits the signals into those that a process ignores, by its `/proc/<pid>/status`, and the rest.
 */
export function splitByIgnored(status: string | undefined): { readonly ignored: Signal[]; readonly others: Signal[] } {
  const [, digits = "0"] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status ?? "") ?? [];
  const mask = BigInt(`0x${digits}`); // signal n is bit n - 1
  const { ignored = [], others = [] } = Object.groupBy(
    Object.keys(SIGNALS) as Signal[],
    (name) => mask >> BigInt(SIGNALS[name] - 1) & 1n ? "ignored" : "others",
  );
  return { ignored, others };
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
 * Calls a listener after those of the program, which may record. Returns a function that removes
 * it.
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

interface SignalContext {
  readonly runHooks: (last: boolean) => void;
  readonly others: OtherIsolates;
  readonly process: ExitingProcess;
}

/**
 * Runs the hooks on each signal of a kind, and then gives the signal the effect that it would have
 * had without us. Our listener keeps the signal from killing the process, so we remove the listener
 * and send the signal again.
 */
function listenToSignal(
  signal: Signal,
  source: SignalSource,
  { runHooks, others, process }: SignalContext,
): () => void {
  let dying = false;
  const onSignal = (): void => {
    // Before the program's listeners too, since one of them may kill the process.
    runHooks(false);
    // By default the kernel lets no signal kill PID 1, the first process of a container.
    if (source.isHandled(signal) || process.pid === 1) {
      others.announce(signal);
      queueMicrotask(() => runHooks(false));
    } else if (!dying) void die();
  };
  const die = async (): Promise<void> => {
    dying = true;
    const handled = await others.isHandledByAny(signal);
    const delay = source.delay?.(signal) ?? 0;
    if (delay > 0) await timers.sleep(delay);
    dying = false;
    if (handled) return;
    runHooks(true);
    unlisten();
    try {
      process.kill(process.pid, signal);
    } catch { // older versions of Deno require a permission
      process.exit(128 + SIGNALS[signal]);
    }
    timers.after(SURVIVAL, listen);
  };
  let active = true;
  let unlisten = (): void => {};
  const listen = (): void => {
    if (active) unlisten = source.listen(signal, onSignal);
  };
  listen();
  return () => {
    active = false;
    unlisten();
  };
}
