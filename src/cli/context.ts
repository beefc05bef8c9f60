/**
 * What commands get from outside, and how they end. The entry (`main.ts`) fills in the runtime's
 * parts, tests use fakes.
 *
 * @module
 */

import type { KymoErrorCode } from "../errors.ts";
import type { recover } from "../recording/recover.ts";
import type { Runtime } from "../runtime.ts";

/** A stream that text is written to. */
export interface Output {
  /** Whether it is a terminal, not a file or a pipe. */
  readonly isTerminal: boolean;
  /** Whether colours may be written. */
  readonly hasColors: boolean;
  /** Width in columns; `undefined` if unknown. */
  readonly columns: number | undefined;
  /** Height in lines; `undefined` if unknown. */
  readonly rows: number | undefined;
  /** Whether its reader has closed it. */
  readonly isGone: boolean;
  /** Writes text as it is. */
  write(text: string): void;
}

/** What commands use of the process, the runtime and the recorder. */
export interface CliContext {
  /** The version of Kymo. */
  readonly version: string;
  /** For results. */
  readonly stdout: Output;
  /** For errors and progress. */
  readonly stderr: Output;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** The kind of file at a path. Throws `KymoError` if the path cannot be examined. */
  look(path: string): "directory" | "nothing" | "something else";
  /** Publishes the rows that dead programs left in a monitoring directory. */
  readonly recover: typeof recover;
  /** Files, clock and timers of the runtime. */
  readonly runtime: Runtime;
  /**
   * Writes text to a file, which then has the whole text or is as it was; a device or a pipe is
   * written directly. Throws `KymoError` if it fails.
   */
  writeFile(path: string, text: string): void;
  /**
   * Calls `listener` once on SIGINT, which then does not end the program. Returns a function that
   * removes the listener.
   */
  onInterrupt(listener: () => void): () => void;
  /**
   * Calls `listener` with the keys pressed, which are not echoed. Returns a function that restores
   * the terminal. Absent without a keyboard.
   */
  onKeys?(listener: (keys: string) => void): () => void;
}

/**
 * How a command ended, for its caller. An interrupted command ends by its signal, which a shell
 * shows as 130.
 */
export const exitCode = {
  /** All done, or nothing to do. */
  ok: 0,
  /** Something could not be read or written, or the result is one that `--fail-on` names. */
  incomplete: 1,
  /** The arguments are wrong: nothing was done. */
  usage: 2,
} as const;

/** One of the exit codes. */
export type ExitCode = typeof exitCode[keyof typeof exitCode];

/**
 * The exit code for each kind of error: 2 if other arguments, or another package, would help, 1 for
 * all else.
 */
export const exitCodes: Readonly<Record<KymoErrorCode, ExitCode>> = {
  "invalid-argument": exitCode.usage,
  "invalid-state": exitCode.usage,
  "limit-exceeded": exitCode.usage,
  "not-found": exitCode.usage,
  "already-exists": exitCode.usage,
  "unsupported": exitCode.usage,
  "missing-package": exitCode.usage,
  "query-failed": exitCode.incomplete,
  "sampler-failed": exitCode.incomplete,
  "profiler-failed": exitCode.incomplete,
  "permission-denied": exitCode.incomplete,
  "io": exitCode.incomplete,
  "invalid-data": exitCode.incomplete,
  "out-of-memory": exitCode.incomplete,
};

/** The exit codes, for `--help`. */
export const exitCodeHelp = `
Exit codes:
  0    success, also if there was nothing to do
  1    something could not be read or written (damaged rows, no permission, full
       disk, too little memory), or a label has the verdict of --fail-on
  2    wrong usage: wrong arguments, a file that is missing or exists already,
       a package that is not installed
  130  interrupted`;
