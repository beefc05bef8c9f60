import type { Room } from "../../control/retention/room.ts";
import type { Clock } from "../../runtime.ts";
import { NANOSECONDS_PER_MS } from "../../series.ts";

/** How long a program that ends waits for a lock, ms; then it writes a separate file. */
const EXIT_LOCK_PATIENCE = 50;

/**
 * How long a call that has to write a segment waits for room, ms. Others hold that lock for less than
 * a millisecond, unless they wait for a processor, which they get meanwhile.
 */
const ROOM_PATIENCE = 250;

/** Reading of the clock until which a program that ends at `now` waits for locks. */
export function exitLockDeadline(now: number): number {
  return now + EXIT_LOCK_PATIENCE * NANOSECONDS_PER_MS;
}

/** Blocks until there is room for the next file, but not for long. */
export function waitForRoom(room: Room, clock: Clock): void {
  const deadline = clock.now() + ROOM_PATIENCE * NANOSECONDS_PER_MS;
  while (!room.settle(true) && clock.now() < deadline) pause(1);
}

/** Blocks the thread for `duration` ms. */
export function pause(duration: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, duration);
}
