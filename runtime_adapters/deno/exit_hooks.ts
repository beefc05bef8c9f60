import type { ExitHooks } from "../../src/runtime.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { exitHooksOf, markOurs, partSignals, type SignalSource } from "../node_api/exit_hooks.ts";
import { SignalListeners } from "./signal_listeners.ts";

/** How long `deno run --watch` lets a program that listens to SIGTERM live before it starts it anew, ms, and something over. */
const RESTART = 600;

/** When this module is imported, which is mostly before the program adds listeners of its own. */
const listeners = "Deno" in globalThis ? new SignalListeners(Deno) : undefined;

/** Workers leave the signals to the main isolate: the process could not die while one that listens is busy. */
export const inWorker: boolean = "DedicatedWorkerGlobalScope" in globalThis;

/** The ends of this isolate on Deno. A worker's end by `terminate` cannot be seen, nor can a worker see the end of its process. */
export function denoExitHooks(): ExitHooks {
  return exitHooksOf({ signals: signalSource(listeners!), otherEnds });
}

function signalSource(listeners: SignalListeners): SignalSource {
  const process = nodeProcess() as unknown as { listenerCount(event: string): number };
  let mayBeWatched = false;
  return {
    heard() {
      if (inWorker) return [];
      const { ignored, heeded } = partSignals(readAboutProcess("status"));
      // With the first listener to any signal Deno forgets what it was started to ignore (nohup).
      for (const signal of ignored) listeners.add(signal, ignore);
      // To start a program anew `--watch` calls its listeners for SIGTERM. If ours killed the process, no program would be started any more.
      const watched = isWatched();
      mayBeWatched = watched ?? isInTerminal();
      return watched ? heeded.filter((signal) => signal !== "SIGTERM") : heeded;
    },
    listen(signal, listener) {
      const own = markOurs(() => listener());
      listeners.add(signal, own);
      return () => listeners.remove(signal, own);
    },
    // `process` also knows the listeners that were added through it before this module was imported.
    isHandled: (signal) => listeners.has(signal) || process.listenerCount(signal) > 0,
    delay: (signal) => mayBeWatched && signal === "SIGTERM" ? RESTART : 0,
  };
}

function ignore(): void {}

/** Whether Deno starts the program anew when its files change; `undefined` if that may not be known. */
function isWatched(): boolean | undefined {
  const words = readAboutProcess("cmdline")?.split("\0");
  return words?.slice(0, words.length - Deno.args.length).some((word) => word.startsWith("--watch"));
}

function isInTerminal(): boolean {
  return [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
}

/** What the system tells of this process; Deno lets a program know that only if it has all permissions. */
function readAboutProcess(name: string): string | undefined {
  const path = `/proc/self/${name}`;
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

/** `Deno.exit` calls `unload` and no event of `process`; `close`, in a worker, calls nothing. */
function otherEnds(listener: () => void): () => void {
  globalThis.addEventListener("unload", listener);
  const offClose = inWorker ? beforeClose(listener) : undefined;
  return () => {
    globalThis.removeEventListener("unload", listener);
    offClose?.();
  };
}

/** Calls a listener before the worker closes itself, which is all that can be done: nothing runs after. */
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
    // If somebody has put yet another function there, ours stays below it.
    before = undefined;
    if (scope.close === replacement) scope.close = close;
  };
}
