import type { Timers } from "../../src/runtime.ts";

/** What both runtimes return from `setTimeout` and `setInterval`. */
interface Timer {
  unref?(): void;
}

// Captured at import: a test of the application may install fake timers, and then nothing would be
// flushed.
const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;

/** The runtime's `setTimeout` and `setInterval`. */
export const timers: Timers = {
  every(interval: number, task: () => void): () => void {
    const timer = setInterval(task, interval);
    (timer as unknown as Timer).unref?.();
    return () => clearInterval(timer);
  },
  after(delay: number, task: () => void): () => void {
    const timer = setTimeout(task, delay);
    (timer as unknown as Timer).unref?.();
    return () => clearTimeout(timer);
  },
  sleep(delay: number): Promise<void> {
    return new Promise((resolve) => void setTimeout(resolve, delay));
  },
};
