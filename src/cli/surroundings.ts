/**
 * What the command line asks of the world. The entry fills it in from the runtime, tests from fakes.
 *
 * @module
 */

import type { recover } from "../monitor/default_monitor.ts";

/** A stream that text is written to. */
export interface Output {
  /** Whether somebody looks at it: a terminal, not a file or a pipe. */
  readonly isTerminal: boolean;
  /** Whether it may bear colours. */
  readonly hasColors: boolean;
  /** Width in characters; `undefined` where that is unknown. */
  readonly columns: number | undefined;
  /** Writes text as it is. */
  write(text: string): void;
}

/** All that a command may ask for. */
export interface Surroundings {
  /** The version of Kymo. */
  readonly version: string;
  /** Where results go. */
  readonly stdout: Output;
  /** Where errors and progress go. */
  readonly stderr: Output;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** What a path leads to. Throws `StorageError` if that cannot be found out. */
  look(path: string): "directory" | "nothing" | "something else";
  /** Publishes what dead programs left in a monitoring directory. */
  readonly recover: typeof recover;
}
