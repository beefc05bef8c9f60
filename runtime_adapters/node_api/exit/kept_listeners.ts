/**
 * Listeners of `process` that stay when the program removes listeners, and keep their place.
 *
 * `process.removeAllListeners()` removes those of everybody, and programs do it: to get rid of what
 * a framework has added, or between two tests. On Bun no event tells of a removal, so the functions
 * that remove listeners are replaced, as long as a listener is kept.
 *
 * @module
 */

import { nodeProcess } from "../builtins.ts";
import { replaceFunction } from "../../web_api/replaced_function.ts";
import { isOurs, markOurs } from "./our_listeners.ts";

type Listener = (...args: unknown[]) => void;

/** The part of `process` that is used. */
interface ListeningProcess {
  listeners(event: string): readonly Listener[];
  on(event: string, listener: Listener): void;
  prependListener(event: string, listener: Listener): void;
  off(event: string, listener: Listener): void;
}

/** Listeners that hear of others, and that a program has removed. */
interface RemovedListeners {
  readonly newListener: readonly Listener[];
  readonly removeListener: readonly Listener[];
}

/** All kept listeners. */
const kept = new Set<KeptListener>();
let stopKeeping = (): void => {};

/** Where a listener is when it is added: before those of the program, or after them. */
export type Place = "first" | "last";

/** A listener that stays when the program removes all listeners. */
export class KeptListener {
  readonly #process = nodeProcess() as unknown as ListeningProcess;
  readonly #event: string;
  readonly #listener: Listener;
  readonly #place: Place;
  #isShown = false;
  /** Listeners for `removeListener` that the program has removed, and that were to hear of this one. */
  #informOfRemoval: readonly Listener[] = [];

  /**
   * Adds a listener. One whose place is `"last"` is moved there again when the program adds
   * listeners.
   */
  constructor(event: string, listener: Listener, place: Place) {
    this.#event = event;
    // One that is kept must be a function of its own: the program may add it again.
    this.#listener = markOurs((...args) => listener(...args));
    this.#place = place;
    if (kept.size === 0) stopKeeping = keep();
    kept.add(this);
    this.#show();
  }

  /** Removes the listener. */
  remove(): void {
    this.#hide();
    if (kept.delete(this) && kept.size === 0) stopKeeping();
  }

  /** Hides the listener from the listeners that are called now. */
  hideForNow(): void {
    this.#hide();
    queueMicrotask(() => {
      if (kept.has(this) && !this.#isShown) this.#show();
    });
  }

  /**
   * Adds the listener again if it was removed by others, and calls the listeners for `newListener`
   * that were removed with it; those for `removeListener` are called when it is removed at last.
   */
  putBack({ newListener, removeListener }: RemovedListeners): void {
    if (!this.#isShown || this.#isAdded()) return;
    this.#informOfRemoval = [...this.#informOfRemoval, ...removeListener];
    this.#show();
    for (const inform of newListener) inform.call(this.#process, this.#event, this.#listener);
  }

  /** Moves the listener after those of the program, if that is its place. */
  moveToEnd(): void {
    if (!this.#isShown || this.#place !== "last") return;
    this.#hide();
    this.#show();
  }

  /** Whether the listener has to be moved when another one is added to an event. */
  isLastOf(event: unknown): boolean {
    return this.#place === "last" && this.#event === event;
  }

  #isAdded(): boolean {
    return this.#process.listeners(this.#event).includes(this.#listener);
  }

  #show(): void {
    this.#isShown = true;
    if (this.#place === "first") this.#process.prependListener(this.#event, this.#listener);
    else this.#process.on(this.#event, this.#listener);
  }

  #hide(): void {
    this.#isShown = false;
    // A program that restores the listeners that it has removed adds ours once more.
    while (this.#isAdded()) {
      this.#process.off(this.#event, this.#listener);
      for (const inform of this.#informOfRemoval) inform.call(this.#process, this.#event, this.#listener);
    }
  }
}

/** Puts listeners back after each removal, and moves the last ones. Returns a function that stops it. */
function keep(): () => void {
  const process = nodeProcess() as unknown as ListeningProcess;
  let calls = 0;
  // Deno counts the listeners for uncaught errors in a listener for `newListener`, and calls none
  // if that is removed. Node begins and ceases to catch a signal in such listeners, and if they are
  // removed, goes on to catch it.
  const informed = (): RemovedListeners => ({
    newListener: process.listeners("newListener"),
    removeListener: process.listeners("removeListener"),
  });
  const putBack = (before: RemovedListeners): void => {
    const now = informed();
    const gone = (event: keyof RemovedListeners): Listener[] =>
      before[event].filter((listener) => listener !== onNew && !now[event].includes(listener));
    const removed = { newListener: gone("newListener"), removeListener: gone("removeListener") };
    listenForNew();
    for (const listener of kept) listener.putBack(removed);
  };
  const undo = ["removeAllListeners", "removeListener", "off"].map((name) =>
    replaceFunction(process, name, (original) =>
      function (...args) {
        const before = informed();
        calls++; // `removeAllListeners` may call `removeListener` for each of them
        try {
          return original.apply(this, args);
        } finally {
          calls--;
          if (calls === 0 && (name === "removeAllListeners" || isOurs(args[1]))) putBack(before);
        }
      })
  );
  // `newListener` fires before the listener is added, and no microtask runs between that and an
  // exit at once.
  undo.push(replaceFunction(process, "exit", (original) =>
    function (...args) {
      for (const listener of kept) listener.moveToEnd();
      return original.apply(this, args);
    }));
  const onNew = markOurs((event, added) => {
    if (isOurs(added)) return;
    for (const listener of kept) {
      if (listener.isLastOf(event)) queueMicrotask(() => listener.moveToEnd());
    }
  });
  const listenForNew = (): void => {
    if (!process.listeners("newListener").includes(onNew)) process.on("newListener", onNew);
  };
  listenForNew();
  return () => {
    for (const step of undo) step();
    process.off("newListener", onNew);
  };
}
