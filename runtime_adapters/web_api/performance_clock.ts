import type { Clock } from "../../src/runtime.ts";
import { wallClock } from "./wall_clock.ts";

/** `performance.now()`, as ns since the isolate started. */
export function performanceClock(): Clock {
  return {
    name: "performance.now",
    now: () => Math.round(performance.now() * 1e6),
    epoch: wallClock(globalThis),
  };
}
