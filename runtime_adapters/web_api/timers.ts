import type { Timers } from "../../src/runtime.ts";

/** What a timer is on both runtimes. */
interface Timer {
  unref?(): void;
}

// As they are now: a test of the application may put fake ones in their place, by which nothing would ever be written.
const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;

/** `setTimeout` and `setInterval`, as both runtimes have them. */
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
