/**
 * Timers that fake timers of tests do not reach: a recording must be flushed, and `stop` must
 * resolve, while the time of a program stands still.
 *
 * Most fakes (sinon, vitest, jest, `@std/testing/time`) replace the global functions, so ours are
 * taken when this module is evaluated. Two reach those too: `bun:test`, and `node:test` on Deno.
 * Timers that exist when they are installed go on, but those that are made then stand still, and are
 * lost when real timers return. What they leave alone is the timeout of `Atomics.waitAsync`, which
 * has no fixed cost and keeps no program alive.
 *
 * Before Bun 1.4 its fake timers hold up every timer of the process until real timers return. There
 * only a delay of 0 passes.
 *
 * @module
 */

import type { Timers } from "../../src/runtime.ts";

/** What `setTimeout` returns: before Deno 2.8 a number. */
type Timer = number | { unref?(): void };

const { setTimeout, setInterval, clearTimeout, clearInterval, setImmediate, clearImmediate } = globalThis;

/** A wait without a thread; TypeScript declares it from ES2024 on. */
const { waitAsync } = Atomics as unknown as {
  waitAsync(memory: Int32Array, index: number, value: number, timeout: number): { readonly value: Promise<unknown> };
};

/** The prototype of real timers on Deno. The fake ones of `node:test` have another. */
const denoTimer: unknown = "Deno" in globalThis ? prototypeOfTimers() : undefined;

function prototypeOfTimers(): unknown {
  const timer = setTimeout(() => {});
  clearTimeout(timer);
  return Object.getPrototypeOf(timer);
}

/** The runtime's timers. */
export const timers: Timers = {
  every(interval: number, task: () => void): () => void {
    let cancel = (): void => {};
    // Under fakes it is made anew each time, so that it is a real interval again when they are gone.
    const renew = (): void => {
      const timer = realTimer(setInterval, interval, repeat);
      cancel = timer === undefined
        ? afterUnderFakes(interval, () => {
          renew();
          task();
        })
        : () => clearInterval(timer);
      if (timer !== undefined) unref(timer as unknown as Timer);
    };
    const repeat = (): void => {
      if (isMarked()) { // the next repetition would be among the faked timers
        cancel();
        renew();
      }
      task();
    };
    renew();
    return () => cancel();
  },
  after(delay: number, task: () => void): () => void {
    const timer = realTimer(setTimeout, delay, task);
    if (timer === undefined) return afterUnderFakes(delay, task);
    unref(timer as unknown as Timer);
    return () => clearTimeout(timer);
  },
  sleep(delay: number): Promise<void> {
    return new Promise((resolve) => {
      if (realTimer(setTimeout, delay, resolve) !== undefined) return;
      const stopKeepingAlive = keepAlive();
      afterUnderFakes(delay, () => {
        stopKeepingAlive();
        resolve();
      });
    });
  },
};

/** Lets the program end although the timer runs. */
function unref(timer: Timer): void {
  if (typeof timer === "object") return timer.unref?.();
  (globalThis as { Deno?: { unrefTimer(timer: number): void } }).Deno?.unrefTimer(timer);
}

/** Whether `bun:test` fakes the timers that are made now. It leaves `setImmediate` alone. */
function isMarked(): boolean {
  return (setTimeout as { readonly clock?: boolean }).clock === true;
}

/** Makes a timer; `undefined`, and none, if it would be a fake one. */
function realTimer(
  make: typeof setTimeout | typeof setInterval,
  delay: number,
  task: () => void,
): ReturnType<typeof setTimeout> | undefined {
  if (isMarked()) return undefined;
  const timer = make(task, delay) as ReturnType<typeof setTimeout>;
  if (denoTimer === undefined || Object.getPrototypeOf(timer) === denoTimer) return timer;
  clearTimeout(timer); // as clearInterval
  return undefined;
}

function afterUnderFakes(delay: number, task: () => void): () => void {
  if (delay <= 0 && isMarked()) {
    const immediate = setImmediate(task);
    return () => clearImmediate(immediate);
  }
  const memory = new Int32Array(new SharedArrayBuffer(4));
  let isCancelled = false;
  waitAsync(memory, 0, 0, Math.max(1, delay)).value.then(() => {
    if (!isCancelled) task();
  });
  return () => {
    isCancelled = true;
    Atomics.notify(memory, 0);
  };
}

/** Keeps the program alive, without a timer, until the returned function is called. */
function keepAlive(): () => void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {};
  return () => {
    port1.close();
    port2.close();
  };
}
