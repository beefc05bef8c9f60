/**
 * What the command line asks of the world. The entry fills it in from the runtime, tests from fakes.
 *
 * @module
 */

import type { recover } from "../recording/default_monitor.ts";
import type { Runtime } from "../runtime.ts";

/** A stream that text is written to. */
export interface Output {
  /** Whether somebody looks at it: a terminal, not a file or a pipe. */
  readonly isTerminal: boolean;
  /** Whether it may bear colours. */
  readonly hasColors: boolean;
  /** Width in characters; `undefined` where that is unknown. */
  readonly columns: number | undefined;
  /** Height in lines; `undefined` where that is unknown. */
  readonly rows: number | undefined;
  /** Whether nobody reads it any more. */
  readonly isGone: boolean;
  /** Writes text as it is. */
  write(text: string): void;
}

/** All that a command may ask for. */
export interface CliContext {
  /** The version of Kymo. */
  readonly version: string;
  /** Where results go. */
  readonly stdout: Output;
  /** Where errors and progress go. */
  readonly stderr: Output;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** What a path leads to. Throws `KymoError` if that cannot be found out. */
  look(path: string): "directory" | "nothing" | "something else";
  /** Publishes what dead programs left in a monitoring directory. */
  readonly recover: typeof recover;
  /** Files, clock and timers of the runtime. */
  readonly runtime: Runtime;
  /** Writes a text to a file, in place of what is there: whole or not at all, unless it is a device or a pipe. Throws `KymoError` if that cannot be done. */
  writeFile(path: string, text: string): void;
  /** Calls `listener`, once, instead of ending the program, when the user interrupts it. Returns how to take that back. */
  onInterrupt(listener: () => void): () => void;
  /** Calls `listener` with the keys that are pressed, which do not show then. Returns how to take that back. Absent if there is no keyboard. */
  onKeys?(listener: (keys: string) => void): () => void;
}
