/**
 * What happens on SIGTERM, SIGINT and SIGHUP, on every runtime: {@linkcode listenToSignal}. How an
 * isolate listens to signals differs, and is in `deno/signals.ts` and `process_signals.ts`.
 *
 * @module
 */

import type { ExitHook } from "../../../src/runtime.ts";
import { timers } from "../../web_api/timers.ts";
import type { OtherIsolates } from "./other_isolates.ts";

/** The catchable signals that end a program, with their numbers. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Milliseconds after which a process that should have died has survived. */
export const SURVIVAL = 500;

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
  /**
   * Milliseconds to wait before the process is killed: 0 for the end of this turn of the event loop.
   * Absent or `undefined`: it is killed within the listener.
   */
  delay?(signal: Signal): number | undefined;
  /**
   * Whether the runtime may call the listeners before it puts a new program in the place of this
   * one, of which nothing else runs then.
   */
  mayRestart?(signal: Signal): boolean;
  /**
   * Kills the process as the signal would if nobody had ever listened to it. Returns without effect
   * where that is not possible.
   */
  kill?(number: number): void;
}

/** The part of `process` that is used. */
export interface ExitingProcess {
  readonly pid: number;
  readonly exitCode?: unknown;
  listenerCount(event: string): number;
  on(event: string, listener: (...args: unknown[]) => void): void;
  off(event: string, listener: (...args: unknown[]) => void): void;
  kill(pid: number, signal: Signal): void;
  exit(code: number): never;
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

/** What handling a signal needs of the exit hooks. */
export interface SignalContext {
  /** Runs the hooks, for the last time or not. */
  readonly runHooks: ExitHook;
  /** The other isolates of the process. */
  readonly others: OtherIsolates;
  /** The process. */
  readonly process: ExitingProcess;
}

/**
 * Listens to a signal: runs the hooks whenever it arrives, and then gives it the effect that it
 * would have had without us. Our listener keeps the signal from killing the process, so we remove
 * the listener and send the signal again. Returns a function that stops listening.
 */
export function listenToSignal(
  signal: Signal,
  source: SignalSource,
  { runHooks, others, process }: SignalContext,
): () => void {
  let dying = false;
  const cause = { how: "signal", signal } as const;
  const onSignal = (): void => {
    // Before the program's listeners too, since one of them may kill the process.
    if (source.mayRestart?.(signal)) runHooks(true, cause);
    else runHooks(false);
    // By default the kernel lets no signal kill PID 1, the first process of a container.
    if (source.isHandled(signal) || process.pid === 1) {
      others.announce(signal);
      queueMicrotask(() => runHooks(false));
    } else if (!dying) decide();
  };
  const decide = (): void => {
    const delay = source.delay?.(signal);
    // At once if it can be: `deno --watch` follows a Ctrl-C with a SIGTERM of its own, which the
    // listeners of the program must not see.
    if (others.areNone && delay === undefined) return die();
    dying = true;
    void others.isHandledByAny(signal).then(async (handled) => {
      if (delay !== undefined && delay > 0) await timers.sleep(delay);
      dying = false;
      if (!handled) die();
    });
  };
  const die = (): void => {
    runHooks(true, cause);
    unlisten();
    try {
      source.kill?.(SIGNALS[signal]);
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
