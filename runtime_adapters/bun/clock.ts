import type { Clock } from "../../src/runtime.ts";
import { wallClock } from "../web_api/epoch.ts";

/** `Bun.nanoseconds()`: ns since the process began, the cheapest clock that Bun has. */
export function bunClock(bun: { nanoseconds(): number }): Clock {
  return { name: "Bun.nanoseconds", now: bun.nanoseconds, epoch: wallClock(globalThis) };
}
