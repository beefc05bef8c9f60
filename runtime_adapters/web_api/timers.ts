/**
 * Timers that fake timers of tests do not reach: a recording must be flushed, and `stop` must
 * resolve, while the time of a program stands still.
 *
 * Most fakes (sinon, vitest, jest, `@std/testing/time`, `node:test`) replace the global functions,
 * so ours are taken when this module is evaluated. `bun:test` fakes timers below them, and marks
 * `setTimeout` meanwhile. Timers that exist by then go on, but those that are made then stand still
 * and are lost when real timers return. What it leaves alone is `setImmediate` and the timeout of
 * `Atomics.waitAsync`, which has no fixed cost and keeps no program alive.
 *
 * Before Bun 1.4 its fake timers stop every real timer of the process until real timers return.
 * There only a delay of 0 passes.
 *
 * @module
 */

import type { Timers } from "../../src/runtime.ts";

/** What `setTimeout` returns: before Deno 2.8 a number. */
type Timer = number | { unref?(): void };

const { setTimeout, clearTimeout, setImmediate, clearImmediate } = globalThis;

/** A wait without a thread; TypeScript has no declaration of it before ES2024. */
const { waitAsync } = Atomics as unknown as {
  waitAsync(memory: Int32Array, index: number, value: number, timeout: number): { readonly value: Promise<unknown> };
};

/** The runtime's timers. */
export const timers: Timers = {
  every(interval: number, task: () => void): () => void {
    // Not `setInterval`: an interval that repeats while timers are faked is lost.
    let cancel = (): void => {};
    const next = (): void => {
      cancel = timers.after(interval, () => {
        next();
        task();
      });
    };
    next();
    return () => cancel();
  },
  after(delay: number, task: () => void): () => void {
    if (areFaked()) return afterUnderFakes(delay, task);
    const timer = setTimeout(task, delay);
    unref(timer as unknown as Timer);
    return () => clearTimeout(timer);
  },
  sleep(delay: number): Promise<void> {
    return new Promise((resolve) => {
      if (areFaked()) afterUnderFakes(delay, resolve);
      else setTimeout(resolve, delay);
    });
  },
};

/** Lets the program end although the timer runs. */
function unref(timer: Timer): void {
  if (typeof timer === "object") return timer.unref?.();
  (globalThis as { Deno?: { unrefTimer(timer: number): void } }).Deno?.unrefTimer(timer);
}

/** Whether `bun:test` fakes the timers that are made now. */
function areFaked(): boolean {
  return (setTimeout as { readonly clock?: boolean }).clock === true;
}

function afterUnderFakes(delay: number, task: () => void): () => void {
  if (delay <= 0) {
    const immediate = setImmediate(task);
    return () => clearImmediate(immediate);
  }
  const memory = new Int32Array(new SharedArrayBuffer(4));
  let isCancelled = false;
  waitAsync(memory, 0, 0, delay).value.then(() => {
    if (!isCancelled) task();
  });
  return () => {
    isCancelled = true;
    Atomics.notify(memory, 0);
  };
}
