import type { Timers } from "../../src/runtime.ts";

/** What `setTimeout` and `setInterval` return: before Deno 2.8 a number. */
type Timer = number | { unref?(): void };

/** Lets the program end although the timer runs. */
function unref(timer: Timer): void {
  if (typeof timer === "object") return timer.unref?.();
  (globalThis as { Deno?: { unrefTimer(timer: number): void } }).Deno?.unrefTimer(timer);
}

// Captured at import: a test of the application may install fake timers, and then nothing would be
// flushed.
const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;

/** The runtime's `setTimeout` and `setInterval`. */
export const timers: Timers = {
  every(interval: number, task: () => void): () => void {
    const timer = setInterval(task, interval);
    unref(timer as unknown as Timer);
    return () => clearInterval(timer);
  },
  after(delay: number, task: () => void): () => void {
    const timer = setTimeout(task, delay);
    unref(timer as unknown as Timer);
    return () => clearTimeout(timer);
  },
  sleep(delay: number): Promise<void> {
    return new Promise((resolve) => void setTimeout(resolve, delay));
  },
};
