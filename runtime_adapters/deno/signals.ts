import { nodeProcess } from "../node_api/builtins.ts";
import { isOurs, markOurs, type SignalSource, splitByIgnored } from "../node_api/signals.ts";
import { readProcFile } from "./proc_file.ts";

/**
 * Milliseconds to wait before SIGTERM kills the process, if it may run under `deno run --watch`.
 * After calling the SIGTERM listeners, `--watch` waits 500 ms and restarts the program, which
 * cancels ours.
 */
const RESTART_DELAY = 600;

/**
 * Workers leave the signals to the main isolate: the process could not die while a worker that
 * listens is busy.
 */
export const inWorker: boolean = "DedicatedWorkerGlobalScope" in globalThis;

/** The signals that the process was started to ignore, and whether Deno leaves them ignored. */
let ignoredFromStart: ReturnType<typeof splitByIgnored> | undefined;

/**
 * Adds a listener that is not the program's. Returns a function that removes it.
 *
 * With the first listener to any signal Deno resets the signals that it was started to ignore
 * (nohup). They go on to be ignored.
 */
export function addOwnListener(signal: Deno.Signal, listener: () => void): () => void {
  splitFromStart();
  const own = markOurs(() => listener());
  programListeners!.add(signal, own);
  return () => programListeners!.remove(signal, own);
}

/** {@linkcode splitByIgnored} as it was before the first listener of ours, which the first call adds. */
function splitFromStart(): ReturnType<typeof splitByIgnored> {
  if (ignoredFromStart === undefined) {
    ignoredFromStart = splitByIgnored(procText("status"));
    for (const signal of ignoredFromStart.ignored) programListeners!.add(signal, ignore);
  }
  return ignoredFromStart;
}

/**
 * How an isolate on Deno listens to SIGTERM, SIGINT and SIGHUP. What happens when one arrives is in
 * `node_api/signals.ts`.
 */
export function denoSignals(): SignalSource {
  const listeners = programListeners!;
  const process = nodeProcess() as unknown as { listenerCount(event: string): number };
  let mayBeWatched = false;
  return {
    received() {
      if (inWorker) return [];
      const { others } = splitFromStart();
      // With `--watch` we do not listen to SIGTERM. Before Deno restarts the program, it calls the
      // SIGTERM listeners in this process, as if a signal had arrived. Ours would then kill the
      // process, and with it the watcher that is to restart the program.
      const watched = isWatched();
      mayBeWatched = watched ?? isInTerminal();
      return watched ? others.filter((signal) => signal !== "SIGTERM") : others;
    },
    listen: addOwnListener,
    // `process` also counts the listeners that were added through it before this module was
    // imported.
    isHandled: (signal) => listeners.has(signal) || process.listenerCount(signal) > 0,
    delay: (signal) => mayBeWatched && signal === "SIGTERM" ? RESTART_DELAY : 0,
  };
}

function ignore(): void {}

/**
 * Whether Deno restarts the program when its files change; `undefined` if reading `/proc` is not
 * permitted.
 */
function isWatched(): boolean | undefined {
  const words = procText("cmdline")?.split("\0");
  return words?.slice(0, words.length - Deno.args.length).some((word) => word.startsWith("--watch"));
}

/** The text of `/proc/self/<name>`; `undefined` if it cannot be read. */
function procText(name: string): string | undefined {
  const file = readProcFile(name);
  return typeof file === "string" ? undefined : file.text;
}

function isInTerminal(): boolean {
  return [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
}

/** The functions of `Deno` that are replaced. */
type SignalFunctions = Pick<typeof Deno, "addSignalListener" | "removeSignalListener">;

/**
 * The program's own listeners for signals.
 *
 * Deno has no list of listeners. But the program, `process.on` and `deno serve` all add them
 * through the property `Deno.addSignalListener`, so a function in its place sees every listener
 * that is added after it.
 */
class ProgramListeners {
  /** The original `Deno.addSignalListener`, for listeners that are not the program's. */
  readonly add: typeof Deno.addSignalListener;
  /** The original `Deno.removeSignalListener`. */
  readonly remove: typeof Deno.removeSignalListener;
  readonly #listeners = new Map<Deno.Signal, Set<() => void>>();
  readonly #removedNow = new Set<Deno.Signal>();

  /** Replaces the functions of `deno` by ones that also record listeners. */
  constructor(deno: SignalFunctions) {
    const { addSignalListener: add, removeSignalListener: remove } = deno;
    this.add = add;
    this.remove = remove;
    const added = (signal: Deno.Signal, listener: () => void): void => {
      if (isOurs(listener)) return;
      const listeners = this.#listeners.get(signal);
      if (listeners === undefined) this.#listeners.set(signal, new Set([listener]));
      else listeners.add(listener);
    };
    const removed = (signal: Deno.Signal, listener: () => void): void => {
      if (isOurs(listener)) return;
      this.#listeners.get(signal)?.delete(listener);
      this.#removedNow.add(signal);
      // All listeners of a signal are called in one turn of the event loop.
      queueMicrotask(() => this.#removedNow.delete(signal));
    };
    const functions: SignalFunctions = {
      addSignalListener(signal, listener) {
        add(signal, listener);
        added(signal, listener);
      },
      removeSignalListener(signal, listener) {
        remove(signal, listener);
        removed(signal, listener);
      },
    };
    // `Reflect.set` does not throw if the program has frozen `Deno`.
    for (const [name, value] of Object.entries(functions)) Reflect.set(deno, name, value);
  }

  /**
   * Whether the program listens to a signal, or has removed a listener in this turn, as `once` does
   * before it calls the listener.
   */
  has(signal: Deno.Signal): boolean {
    return (this.#listeners.get(signal)?.size ?? 0) > 0 || this.#removedNow.has(signal);
  }
}

/**
 * Made when this module is imported, which is mostly before the program adds listeners of its own.
 */
const programListeners = "Deno" in globalThis ? new ProgramListeners(Deno) : undefined;
