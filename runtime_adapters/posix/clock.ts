import type { Clock } from "../../src/runtime.ts";
import { wallClock } from "../web_api/wall_clock.ts";
import { clockMonotonic } from "./libc.ts";

const NANOSECONDS = 1_000_000_000;

/**
 * The cheapest clock on both runtimes: clock_gettime(2) of the C library, always writing into the
 * same buffer.
 *
 * @param gettime The C function.
 * @param addressOf Returns the address of a buffer in the form that `gettime` takes.
 * @returns The clock, or the reason why there is none.
 */
export function libcClock<A>(
  platform: string,
  gettime: (clock: number, address: A) => unknown,
  addressOf: (buffer: ArrayBuffer) => A,
): Clock | string {
  const id = clockMonotonic(platform);
  // struct timespec: 64-bit seconds, 64-bit nanoseconds. The upper words stay 0: 2^32 s are 136
  // years of uptime.
  // With an explicit ArrayBuffer: the engine may move the bytes of a small typed array that was
  // made without.
  const time = new Uint32Array(new ArrayBuffer(16));
  const address = addressOf(time.buffer);
  if (gettime(id, address) !== 0) return "the C library has no monotonic clock";
  // The origin is now, so that a double stays exact however long the uptime, minus 1 s, so that no
  // time is 0.
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
