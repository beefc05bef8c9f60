/** How a command ended, as its caller sees it. */
export const exitCode = {
  /** All is well, also where there was nothing to do. */
  ok: 0,
  /** Something could not be done, or was damaged. */
  incomplete: 1,
  /** The command line was wrong, and nothing was done. */
  usage: 2,
} as const;

/** One of the exit codes. */
export type ExitCode = typeof exitCode[keyof typeof exitCode];

/** The exit codes, for `--help`. An interrupted command is killed by its signal; 130 is how a shell tells that. */
export const exitCodeHelp = `
Exit codes:
  0    all is well, also if there was nothing to do
  1    something could not be done, or was damaged
  2    wrong usage
  130  interrupted`;
