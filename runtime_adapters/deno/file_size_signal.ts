import { addOwnListener } from "./signals.ts";

/** Calls of {@linkcode holdFileSizeSignal} that were not given up. */
let holders = 0;
let removeListener = (): void => {};

/**
 * While it is held, a write beyond the limit of `ulimit -f` fails with EFBIG. Otherwise the system
 * kills Deno for it with SIGXFSZ, which other runtimes ignore. With a listener to the signal it does
 * not. Adding and removing one takes some 8 µs.
 *
 * Returns a function that gives it up; a second call of that does nothing.
 */
export function holdFileSizeSignal(): () => void {
  if (Deno.build.os === "windows") return () => {};
  if (holders++ === 0) removeListener = addOwnListener("SIGXFSZ", () => {});
  let isHeld = true;
  return () => {
    if (isHeld && --holders === 0) removeListener();
    isHeld = false;
  };
}
