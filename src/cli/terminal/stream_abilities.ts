import type { StreamAbilities } from "../context.ts";

/** A standard stream of the process, as far as it is asked. */
export interface StandardStream {
  /** Whether it is a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Width in columns; 0 or absent if nobody has set it. */
  readonly columns?: number | undefined;
  /** Height in lines; 0 or absent if nobody has set it. */
  readonly rows?: number | undefined;
}

/** What the decision needs to know of the process. It is asked for terminals only. */
export interface TerminalEnvironment {
  /** The environment variable `TERM`: what kind of terminal it is. */
  readonly term?: string | undefined;
  /** The environment variable `NO_COLOR`: no colours if it is not empty. */
  readonly noColor?: string | undefined;
  /** Whether this is Windows, where terminals obey escapes and `TERM` is not set. */
  readonly isWindows: boolean;
}

const PLAIN: StreamAbilities = { movesCursor: false, hasColors: false, columns: undefined, rows: undefined };

/** Kinds of terminals that obey no escapes: Emacs' shell, editors, terminals nobody has named. */
const DUMB: readonly string[] = ["", "dumb", "unknown"];

/**
 * What may be written to a stream. Files, pipes, dumb terminals and terminals without a size
 * (`docker run -t` without a client, `ssh -tt` from cron, CI) get all of the text and no escapes.
 * Call it each time: the user may change the size.
 */
export function streamAbilities(
  { isTTY, columns = 0, rows = 0 }: StandardStream,
  environment: TerminalEnvironment,
): StreamAbilities {
  if (isTTY !== true || !(columns > 0 && rows > 0)) return PLAIN;
  const { term = "", noColor = "", isWindows } = environment;
  if (!isWindows && DUMB.includes(term)) return PLAIN;
  return { movesCursor: true, hasColors: noColor === "", columns, rows };
}
