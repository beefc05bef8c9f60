import type { Clock } from "../../src/runtime.ts";
import { runtimeEpoch } from "./wall_clock.ts";

// Taken when this module is evaluated: a test of the application may replace it. Absent where only
// ECMAScript is.
const now = globalThis.performance?.now.bind(performance);

/** `performance.now()`, as ns since the isolate started. */
export function performanceClock(): Clock {
  return {
    name: "performance.now",
    now: () => Math.round(now() * 1e6),
    epoch: runtimeEpoch,
  };
}
