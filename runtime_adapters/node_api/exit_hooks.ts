import type { ExitHooks } from "../../src/runtime.ts";
import { timers } from "../web_api/timers.ts";
import { nodeProcess } from "./builtins.ts";
import { OtherIsolates } from "./other_isolates.ts";

/** Numbers of the signals that are sent to end a program, and that it can catch. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** How long after it was to kill the process a signal is listened to again, if the process lives on, ms. */
const SURVIVAL = 500;

/** Marks our listeners, so that several copies of this module in one program do not take each other for the program. */
const OURS = Symbol.for("@kymo/kymo end listener");

/** A signal that is sent to end a program. */
export type Signal = keyof typeof SIGNALS;

/** How an isolate hears the signals of its process. */
export interface SignalSource {
  /** The signals to listen to. */
  heard(): readonly Signal[];
  /**
   * Has a listener called with each signal, without keeping the program alive or being seen by the program's own listeners. Returns how to take
   * it off; when nobody listens, the signal does what it does by default.
   */
  listen(signal: Signal, listener: () => void): () => void;
  /** Whether the program itself listens, or did when the signal came that is being handled. */
  isHandled(signal: Signal): boolean;
  /** How long to wait before the process is killed, ms; 0 if this is left out. */
  delay?(signal: Signal): number;
}

/** What differs between runtimes. */
export interface ExitSources {
  /** Signals. */
  readonly signals: SignalSource;
  /** Calls a listener on the ends that `process` has no event for; returns how to take it off. */
  readonly otherEnds?: (listener: () => void) => () => void;
}

/** The part of `process` that is used. */
interface EndingProcess {
  readonly pid: number;
  on(event: string, listener: (...args: unknown[]) => void): void;
  off(event: string, listener: (...args: unknown[]) => void): void;
  kill(pid: number, signal: Signal): void;
  exit(code: number): never;
}

/** Marks a listener as one of {@linkcode endsOf}. */
export function markOurs(listener: () => void): () => void {
  return Object.assign(listener, { [OURS]: true });
}

/** Whether a listener is marked, by this copy of the module or another. */
export function isOurs(listener: object): boolean {
  return OURS in listener;
}

/** Parts the signals into those that a process ignores, according to the text of its `/proc/<pid>/status`, and the rest. */
export function partSignals(status: string | undefined): { readonly ignored: Signal[]; readonly heeded: Signal[] } {
  const [, digits = "0"] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status ?? "") ?? [];
  const mask = BigInt(`0x${digits}`); // signal n is bit n - 1
  const { ignored = [], heeded = [] } = Object.groupBy(
    Object.keys(SIGNALS) as Signal[],
    (name) => mask >> BigInt(SIGNALS[name] - 1) & 1n ? "ignored" : "heeded",
  );
  return { ignored, heeded };
}

/** The ends of an isolate, watched from the first hook on until the last is taken off. */
export function exitHooksOf(sources: ExitSources): ExitHooks {
  const hooks = new Set<(last: boolean) => void>();
  const flush = (last: boolean): void => {
    for (const hook of hooks) hook(last);
  };
  let unwatch: (() => void) | undefined;
  return {
    add(hook) {
      const own = (last: boolean): void => hook(last);
      hooks.add(own);
      unwatch ??= watch(sources, flush);
      return () => {
        hooks.delete(own);
        if (hooks.size > 0) return;
        unwatch?.();
        unwatch = undefined;
      };
    },
  };
}

/** Calls `flush` at all ends until the returned function is called. */
function watch({ signals, otherEnds }: ExitSources, flush: (last: boolean) => void): () => void {
  const process = nodeProcess() as unknown as EndingProcess;
  const others = new OtherIsolates((signal) => {
    flush(false);
    return signals.isHandled(signal as Signal);
  });
  const end = (): void => {
    flush(true);
    others.leave();
  };
  const offExit = listenLastToExit(process, end);
  // Fires on both runtimes without changing what becomes of the error. On Deno it is all that fires.
  const onUncaught = (): void => flush(false);
  process.on("uncaughtExceptionMonitor", onUncaught);
  const offOtherEnds = otherEnds?.(end);
  const offSignals = signals.heard().map((signal) => watchSignal(signal, signals, { flush, others, process }));
  return () => {
    offExit();
    process.off("uncaughtExceptionMonitor", onUncaught);
    offOtherEnds?.();
    for (const off of offSignals) off();
    others.close();
  };
}

/** Has a listener called after those of the program, which may record; returns how to take it off. */
function listenLastToExit(process: EndingProcess, listener: () => void): () => void {
  const own = markOurs(() => listener());
  let listening = true;
  const moveToEnd = (event: unknown, added: unknown): void => {
    if (event !== "exit" || isOurs(added as object)) return;
    // This is called before the listener is added.
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

interface Watch {
  readonly flush: (last: boolean) => void;
  readonly others: OtherIsolates;
  readonly process: EndingProcess;
}

/**
 * Calls `flush` with each signal of a kind, and then lets it do what it would have done if nobody had listened: a listener keeps the signal from
 * killing the process, so the process is sent it again with the listener taken off.
 */
function watchSignal(signal: Signal, source: SignalSource, { flush, others, process }: Watch): () => void {
  let dying = false;
  const onSignal = (): void => {
    // Before the program's listeners too, since one of them may kill the process and leave no later.
    flush(false);
    // The kernel lets no signal kill the first process of a container by default.
    if (source.isHandled(signal) || process.pid === 1) {
      others.tell(signal);
      queueMicrotask(() => flush(false));
    } else if (!dying) void die();
  };
  const die = async (): Promise<void> => {
    dying = true;
    const handled = await others.ask(signal);
    const delay = source.delay?.(signal) ?? 0;
    if (delay > 0) await timers.sleep(delay);
    dying = false;
    if (handled) return;
    flush(true);
    unlisten();
    try {
      process.kill(process.pid, signal);
    } catch { // older versions of Deno want a permission
      process.exit(128 + SIGNALS[signal]);
    }
    timers.after(SURVIVAL, listen);
  };
  let watching = true;
  let unlisten = (): void => {};
  const listen = (): void => {
    if (watching) unlisten = source.listen(signal, onSignal);
  };
  listen();
  return () => {
    watching = false;
    unlisten();
  };
}
