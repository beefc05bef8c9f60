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
 * - After the last test of a file, the listeners are told, and the next immediate runs while the next
 *   file is collected.
 *
 * @module
 */

import { builtin } from "../node_api/builtins.ts";
import { timers } from "../web_api/timers.ts";

/** The part of `bun:test` that is used. */
interface BunTest {
  afterAll(hook: Hook): void;
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
const { setImmediate } = globalThis;

/** A hook. In a test of `node:test` the runner waits for ever if it does not call `done`. */
type Hook = (done: () => void) => void;

let isRunner: boolean | undefined;

/**
 * Whether this isolate runs tests of `bun test`. To load `bun:test` takes 0.3 ms and 2 MiB, so where
 * neither the file nor the environment looks like tests, it is not loaded.
 */
export function isTestRunner(): boolean {
  const { Bun, process } = globalThis as unknown as {
    Bun: { readonly main: string };
    process: { readonly env: Readonly<Record<string, string | undefined>> };
  };
  // Programs that are started by tests inherit `NODE_ENV`.
  return isRunner ??= TEST_FILE.test(Bun.main) ||
    process.env["NODE_ENV"] === "test" && askFor((done) => done()) !== "no tests";
}

/** Asks for a hook at the end of what runs now. Returns what runs, if that takes no hook. */
function askFor(hook: Hook): "taken" | "between files" | "a test without hooks" | "no tests" {
  try {
    builtin<BunTest>("bun:test").afterAll(hook);
    return "taken";
  } catch (error) {
    const { message } = error as Error;
    if (NO_TEST_RUNS.test(message)) return "between files";
    return TAKES_NO_HOOK.test(message) ? "a test without hooks" : "no tests";
  }
}

/** What is told of the files of tests. */
export interface TestFileListener {
  /** Called when all tests of a file have run. No code may follow. */
  ended(): void;
  /** Called when another file follows. */
  wentOn(): void;
}

const listeners = new Set<TestFileListener>();

/** Whether a hook, an immediate or a timer of ours is pending. */
let isPending = false;

/** Whether all tests of a file have run, and no other file is known to follow. */
let hasEnded = false;

/**
 * Tells a listener when the files of `bun test` end; elsewhere it is told nothing. Returns a function
 * that ends that. The last file that has only concurrent tests is not seen to end unless this is
 * called before they run, nor is, before Bun 1.3, a file in whose tests this is called.
 */
export function followTestFiles(listener: TestFileListener): () => void {
  if (!isTestRunner()) return () => {};
  listeners.add(listener);
  if (!isPending) ask();
  return () => void listeners.delete(listener);
}

function ask(): void {
  isPending = listeners.size > 0;
  if (!isPending) return;
  const answer = askFor(askNextTurn);
  if (answer !== "between files" && hasEnded) {
    hasEnded = false;
    for (const listener of listeners) listener.wentOn();
  }
  switch (answer) {
    case "between files":
      hasEnded = true;
      for (const listener of listeners) listener.ended();
      setImmediate(ask);
      break;
    case "a test without hooks":
      timers.after(RETRY_INTERVAL, ask);
  }
}

function askNextTurn(done: () => void): void {
  setImmediate(ask);
  done();
}
