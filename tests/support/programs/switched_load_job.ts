import { observe, start, status, stop, time } from "../../../mod.ts";

/** How an isolate records. */
export interface SwitchedLoad {
  readonly monitoringDir: string;
  /** ms for which it keeps the event loop busy at a time. */
  readonly busy: number;
  /** ms between ten numbers and the next ten. */
  readonly pause: number;
}

/** Sets an end to the load, which resolves with what `status()` says then. */
export interface RunningLoad {
  readonly end: () => Promise<unknown>;
}

/** Records all the time: the numbers from 1 on as `load`, and as many durations. */
export function runLoad({ monitoringDir, busy, pause: between }: SwitchedLoad): RunningLoad {
  start({ monitoringDir, memoryThreshold: 2 ** 14, name: "load" });
  let value = 0;
  const timer = setInterval(() => {
    for (const until = performance.now() + busy; performance.now() < until;) {
      for (let i = 0; i < 10; i++) {
        using _ = time("work");
        observe("load", ++value);
      }
      pause(between);
    }
  }, 2);
  return {
    end: async () => {
      clearInterval(timer);
      await stop();
      const { recorded, flushed, buffered, dropped, errors, invalidSamples } = status();
      return { recorded, flushed, buffered, dropped, errors, invalidSamples };
    },
  };
}

/** Blocks the thread for some ms, so that several programs have room on few cores. */
function pause(duration: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, duration);
}
