import { isOurs } from "../node_api/exit_hooks.ts";

/** The part of `Deno` that is watched. */
type SignalFunctions = Pick<typeof Deno, "addSignalListener" | "removeSignalListener">;

/**
 * The program's own listeners for signals.
 *
 * Deno does not tell which listeners there are. But whatever adds one, be it the program, `process.on` or `deno serve`, does so through the
 * property `Deno.addSignalListener`, so a function put there sees them all. It cannot see listeners that were added before.
 */
export class SignalListeners {
  /** `Deno.addSignalListener` as it was; what it adds is not seen. */
  readonly add: typeof Deno.addSignalListener;
  /** `Deno.removeSignalListener` as it was. */
  readonly remove: typeof Deno.removeSignalListener;
  readonly #listeners = new Map<Deno.Signal, Set<() => void>>();
  readonly #removedNow = new Set<Deno.Signal>();

  /** Puts functions that only take note in the place of those of `deno`. */
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
      // All listeners of a signal are called in one turn.
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
    // A program may have frozen its `Deno`.
    for (const [name, value] of Object.entries(functions)) Reflect.set(deno, name, value);
  }

  /** Whether the program listens to a signal, or has removed a listener in this turn, as one does that wants to be called once. */
  has(signal: Deno.Signal): boolean {
    return (this.#listeners.get(signal)?.size ?? 0) > 0 || this.#removedNow.has(signal);
  }
}
