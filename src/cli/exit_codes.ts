/**
 * The exit codes of the commands: what each means, which error leads to which, and their help.
 *
 * @module
 */

import type { KymoErrorCode } from "../errors.ts";

/**
 * How a command ended, for its caller. An interrupted command ends by its signal, which a shell
 * shows as 130.
 */
export const exitCode = {
  /** All done, or nothing to do. */
  ok: 0,
  /** Something could not be read or written, is wrong, or has the verdict of `--fail-on`. */
  incomplete: 1,
  /**
   * Wrong usage, or nothing to answer from: what was named is missing, or has no observation that is
   * selected.
   */
  usage: 2,
  /** Another program does it already: nothing was done. */
  busy: 3,
} as const;

/** One of the exit codes. */
export type ExitCode = typeof exitCode[keyof typeof exitCode];

/**
 * The exit code for each kind of error: 2 if other arguments, or another package, would help, 1 for
 * all else.
 */
export const exitCodeOfError: Readonly<Record<KymoErrorCode, ExitCode>> = {
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
  0    success, also if there was nothing to do (recover, compact, prune)
  1    something could not be read or written (damaged rows, no permission, full
       disk, too little memory), a label has the verdict of --fail-on, or an
       environment variable is wrong
  2    wrong usage: wrong arguments, a file that is missing or exists already,
       a package that is not installed; and nothing to answer from: no
       observation was recorded there, or none is selected
  3    another program ships the same directory to the same database, or is the
       bridge of the directory
  130  interrupted`;
