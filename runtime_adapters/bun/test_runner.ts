/**
 * The end of `bun test`: it runs no `exit` listeners (since Bun 1.4 it does if a test has used
 * `node:test`), so a recording without `stop` would leave its rows in buffers.
 *
 * What the runner does run, on every version, is one turn of the event loop after the last test of
 * a file. Then its `afterAll` throws in a way of its own. So an immediate is pending whenever that
 * may come next, and asks:
 *
 * - While tests are collected or run, `afterAll` takes a hook, which runs when the file, the test or
 *   the hook is over that is running now, and makes the next immediate.
 * - After the last test of a file, the listener is called, and the next immediate runs while the
 *   next file is collected.
 *
 * @module
 */

import { builtin } from "../node_api/builtins.ts";

/** The part of `bun:test` that is used. */
interface BunTest {
  afterAll(hook: (done: () => void) => void): void;
}

/** How `afterAll` says that all tests of a file have run. */
const NO_TEST_RUNS = /after the test run has completed/;

/**
 * How `afterAll` says that it takes no hook now: in concurrent tests, and before Bun 1.3 in every
 * test.
 */
const TAKES_NO_HOOK = /inside a (concurrent )?test/;

/** How the files of tests are called, unless `bun test` is given their paths. */
const TEST_FILE = /[._](test|spec)\.[cm]?[jt]sx?$/;

/** ms until it asks again where no hook is taken. */
const RETRY_INTERVAL = 10;

// Taken when this module is evaluated: a test of the application may install fake timers.
const { setTimeout, setImmediate } = globalThis;

/**
 * Whether this program may be `bun test`. It is no proof, but costs nothing: to load `bun:test`
 * takes 0.3 ms and 2 MiB.
 */
export function mayBeTestRunner(): boolean {
  const { Bun, process } = globalThis as unknown as {
    Bun: { readonly main: string };
    process: { readonly env: Readonly<Record<string, string | undefined>> };
  };
  return process.env["NODE_ENV"] === "test" || TEST_FILE.test(Bun.main);
}

const listeners = new Set<() => void>();

/** Whether a hook, an immediate or a timer of ours is pending. */
let isPending = false;

/**
 * Calls a listener each time all tests of a file have run, in `bun test`; elsewhere never. Returns a
 * function that ends that. The last file that has only concurrent tests is not seen to end unless
 * this is called before they run, nor is, before Bun 1.3, a file in whose tests this is called.
 */
export function onEndOfTests(listener: () => void): () => void {
  if (!mayBeTestRunner()) return () => {};
  listeners.add(listener);
  if (!isPending) ask();
  return () => void listeners.delete(listener);
}

function ask(): void {
  isPending = listeners.size > 0;
  if (!isPending) return;
  try {
    builtin<BunTest>("bun:test").afterAll(hook);
  } catch (error) {
    const { message } = error as Error;
    if (NO_TEST_RUNS.test(message)) {
      for (const listener of listeners) listener();
      setImmediate(ask);
    } else if (TAKES_NO_HOOK.test(message)) setTimeout(ask, RETRY_INTERVAL).unref();
    // Otherwise no tests are run here.
  }
}

// In a test of `node:test` the runner waits for `done` for ever if a hook does not call it.
function hook(done: () => void): void {
  setImmediate(ask);
  done();
}
