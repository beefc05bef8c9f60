import { isolateGlobals } from "../../default_runtime.ts";

// Taken when this module is evaluated: a test of the application may install fake timers.
const { setImmediate } = isolateGlobals as { readonly setImmediate: (task: () => void) => unknown };

/** Counts the turns of the event loop in which it is asked, and calls back at their ends. */
export class EventLoopTurns {
  #callbacks: (() => void)[] = [];
  #isScheduled = false;
  #count = 0;

  /**
   * A number that stays the same until the end of this turn, and differs afterwards.
   */
  get current(): number {
    this.#schedule();
    return this.#count;
  }

  /** Calls back once, at the end of this turn. */
  atEnd(callback: () => void): void {
    this.#callbacks.push(callback);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#count++;
      const callbacks = this.#callbacks;
      this.#callbacks = [];
      for (const callback of callbacks) callback();
    });
  }
}
