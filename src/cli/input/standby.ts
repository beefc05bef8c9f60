import { KymoError } from "../../errors.ts";
import { sleepUnless } from "../../runtime.ts";
import type { CliContext } from "../context.ts";
import { writeError } from "../terminal/style.ts";

/** ms between two attempts to take a lock that another program holds. */
const STANDBY_INTERVAL = 1_000;

/**
 * What `open` returns once it can take its locks. If another program holds one: with `standby` it waits for that
 * program's end, or returns `undefined` if the signal is given first; without, it returns the error.
 */
export async function openOrStandBy<T>(
  open: () => T,
  { standby, signal }: { readonly standby: boolean; readonly signal: AbortSignal },
  { runtime, stderr }: CliContext,
): Promise<T | KymoError | undefined> {
  for (let isTold = false; !signal.aborted; isTold = true) {
    try {
      return open();
    } catch (error) {
      if (!(error instanceof KymoError && error.code === "invalid-state")) throw error;
      if (!standby) return error;
      if (!isTold) writeError(stderr, `${error.message}; waiting for its end`);
      await sleepUnless(runtime.timers, STANDBY_INTERVAL, signal);
    }
  }
  return undefined;
}
