import type { Clock } from "../../src/runtime.ts";
import { runtimeEpoch } from "../web_api/wall_clock.ts";
import { CLOCK_REALTIME, clockMonotonic, clockThreadTime } from "./libc.ts";

const NANOSECONDS = 1_000_000_000;

/** clock_gettime(2) of the C library, as a runtime calls it. An address has the type `A`. */
export interface ClockCalls<A> {
  readonly clock_gettime: (clock: number, address: A) => unknown;
  /** The address of a buffer's bytes. */
  readonly addressOf: (buffer: ArrayBuffer) => A;
}

/**
 * The cheapest clock on Deno and Bun: clock_gettime(2) of the C library, always writing into the
 * same buffer; or the reason why there is none. The wall clock is that of the runtime by default,
 * which tools like faketime can set.
 */
export function libcClock<A>(
  platform: string,
  { clock_gettime: gettime, addressOf }: ClockCalls<A>,
  epoch: () => bigint = runtimeEpoch,
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
    epoch,
  };
}

/** The wall clock of the C library, ns since 1970. */
export function libcEpoch<A>({ clock_gettime, addressOf }: ClockCalls<A>): () => bigint {
  const time = new BigInt64Array(new ArrayBuffer(16));
  const address = addressOf(time.buffer);
  return () => {
    clock_gettime(CLOCK_REALTIME, address);
    return time[0]! * BigInt(NANOSECONDS) + time[1]!;
  };
}

/** The processor time that this thread has used, µs. */
export function libcThreadTime<A>(platform: string, { clock_gettime, addressOf }: ClockCalls<A>): () => number {
  const id = clockThreadTime(platform);
  const time = new Uint32Array(new ArrayBuffer(16));
  const address = addressOf(time.buffer);
  return () => {
    clock_gettime(id, address);
    return time[0]! * 1e6 + time[2]! / 1000;
  };
}
