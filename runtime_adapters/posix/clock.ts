import type { Clock } from "../../src/runtime.ts";
import { wallClock } from "../web_api/epoch.ts";
import { clockMonotonic } from "./libc.ts";

const NANOSECONDS = 1_000_000_000;

/**
 * The cheapest clock on both runtimes: clock_gettime(2) of the C library, told where to write its answer once and for all.
 *
 * Returns why it cannot be had, if the C function fails.
 *
 * @param gettime The C function.
 * @param addressOf Where the bytes of a buffer are, as the C function wants to be told.
 */
export function libcClock<A>(
  platform: string,
  gettime: (clock: number, address: A) => unknown,
  addressOf: (buffer: ArrayBuffer) => A,
): Clock | string {
  const id = clockMonotonic(platform);
  // struct timespec: 64-bit seconds, 64-bit nanoseconds; their upper words are 0 (the uptime of a machine fits in 136 years).
  const time = new Uint32Array(new ArrayBuffer(16)); // of its own: the memory of a small array alone may be moved
  const address = addressOf(time.buffer);
  if (gettime(id, address) !== 0) return "the C library has no monotonic clock";
  // Counted from about now, so that a long uptime does not use up the digits of a double; from a second before, so that no time is 0.
  const zero = time[0]! - 1;
  return {
    name: "clock_gettime",
    now: () => {
      gettime(id, address);
      return (time[0]! - zero) * NANOSECONDS + time[2]!;
    },
    epoch: wallClock(globalThis),
  };
}
