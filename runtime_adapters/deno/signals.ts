import { nodeProcess } from "../node_api/builtins.ts";
import { isOurs, markOurs } from "../node_api/exit/our_listeners.ts";
import { type SignalSource, splitByIgnored } from "../node_api/exit/signals.ts";
import { replaceFunction } from "../web_api/replaced_function.ts";
import { sharedInIsolate } from "../web_api/shared_state.ts";
import { openLibc } from "./libc.ts";
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
 * `node_api/exit/signals.ts`.
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
    delay: (signal) => mayBeWatched && signal === "SIGTERM" ? RESTART_DELAY : undefined,
    kill: killByDefault,
  };
}

function ignore(): void {}

/**
 * Kills the process by the kernel's default action. Once a signal has been listened to, Deno takes
 * its default action itself, and exports what OpenTelemetry has collected before: with
 * `OTEL_DENO=true` and a collector that does not answer, that takes 20 s. Does nothing without
 * `--allow-ffi`.
 */
function killByDefault(signal: number): void {
  if (Deno.build.os === "windows") return;
  const libc = openLibc({
    signal: { parameters: ["i32", "pointer"], result: "pointer" },
    raise: { parameters: ["i32"], result: "i32" },
  });
  if (typeof libc === "string") return;
  libc.signal(signal, null); // SIG_DFL
  libc.raise(signal);
}

/** Number of the program's arguments, before the program can change them. */
const argumentCount = "Deno" in globalThis ? Deno.args.length : 0;

/** The options with which Deno restarts a program. `--watch-exclude` alone does not. */
const WATCH_OPTION = /^--(watch|watch-hmr|unstable-hmr)(=|$)/;

/**
 * Whether Deno restarts the program when its files change; `undefined` if reading `/proc` is not
 * permitted.
 */
function isWatched(): boolean | undefined {
  if (Deno.build.standalone) return false;
  const text = procText("cmdline");
  if (text === undefined) return undefined;
  const words = text.split("\0").slice(0, -1); // each word ends with NUL
  // The program's own arguments come last, and `--watch` may be one of them.
  return words.slice(0, Math.max(0, words.length - argumentCount)).some((word) => WATCH_OPTION.test(word));
}

/** The text of `/proc/self/<name>`; `undefined` if it cannot be read. */
function procText(name: string): string | undefined {
  const file = readProcFile(name);
  return typeof file === "string" ? undefined : file.text;
}

function isInTerminal(): boolean {
  return [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
}

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

  /** Replaces the functions of `Deno` by ones that also record listeners. */
  constructor() {
    this.add = Deno.addSignalListener;
    this.remove = Deno.removeSignalListener;
    replaceFunction(Deno, "addSignalListener", (add) => (signal: Deno.Signal, listener: () => void) => {
      add(signal, listener);
      if (!isOurs(listener)) this.#added(signal, listener);
    });
    replaceFunction(Deno, "removeSignalListener", (remove) => (signal: Deno.Signal, listener: () => void) => {
      remove(signal, listener);
      if (!isOurs(listener)) this.#removed(signal, listener);
    });
  }

  /**
   * Whether the program listens to a signal, or has removed a listener in this turn, as `once` does
   * before it calls the listener.
   */
  has(signal: Deno.Signal): boolean {
    return (this.#listeners.get(signal)?.size ?? 0) > 0 || this.#removedNow.has(signal);
  }

  #added(signal: Deno.Signal, listener: () => void): void {
    const listeners = this.#listeners.get(signal);
    if (listeners === undefined) this.#listeners.set(signal, new Set([listener]));
    else listeners.add(listener);
  }

  #removed(signal: Deno.Signal, listener: () => void): void {
    this.#listeners.get(signal)?.delete(listener);
    this.#removedNow.add(signal);
    // All listeners of a signal are called in one turn of the event loop.
    queueMicrotask(() => this.#removedNow.delete(signal));
  }
}

/**
 * Made when this module is imported, which is mostly before the program adds listeners of its own.
 */
const programListeners = "Deno" in globalThis
  ? sharedInIsolate("signal listeners", () => new ProgramListeners())
  : undefined;
