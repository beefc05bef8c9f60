/**
 * Options that several commands share, and the values of options.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from "commander";
import type { Selection, TimeRange } from "../../analysis/frames/selection.ts";
import type { TimeBounds } from "../../analysis/source/time_window.ts";
import { formatSpan } from "../../display/numbers.ts";
import { isWholeNumber } from "../../options.ts";
import { parseTimeLength, TIME_UNITS } from "../../quantities.ts";
import { NANOSECONDS_PER_MS } from "../../series.ts";
import { PASSWORD_FILE_HELP } from "./store_password.ts";
import { parseTimeArgument, type TimeArgument, timepointOf } from "./time_argument.ts";

/** Returns a parser of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const check = isWholeNumber(least, most);
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    const wrong = check(value);
    if (wrong === undefined) return value;
    throw new InvalidArgumentError(`It ${wrong}.`);
  };
}

/** Returns a parser that collects the values of a repeated option. */
export function repeated<Value>(parse: (text: string) => Value): (text: string, values?: readonly Value[]) => Value[] {
  return (text, values = []) => [...values, parse(text)];
}

/**
 * Returns a parser of lengths of time of at least a millisecond and at most `most` ms, such as `10m`.
 * It returns ms.
 */
export function timeLength(most: number): (text: string) => number {
  return (text) => {
    const length = parseTimeLength(text);
    const ms = length === undefined ? NaN : Number(length) / NANOSECONDS_PER_MS;
    if (ms >= 1 && ms <= most) return Math.round(ms);
    const longest = formatSpan(most / 1_000, { space: " " });
    throw new InvalidArgumentError(
      `It must be more than 0 and at most ${longest}, with a unit (${TIME_UNITS}), such as 30s or 10m.`,
    );
  };
}

/** What `DIR` may be, of commands that take one. */
export const SOURCE_HELP = "a monitoring directory, CSV file, pattern of files, or address of a database";

/** What `DIR` may be, of commands that take several. */
export const SOURCES_HELP = "monitoring directories, CSV files, patterns of files, or addresses of databases";

/** The options that select observations. */
export interface SelectionOptions {
  /** Patterns of labels with `*` and `?`, one of which must match. */
  readonly label?: readonly string[];
  /** Process ids. */
  readonly pid?: readonly number[];
  /** Isolates, as in file names. */
  readonly isolate?: readonly string[];
  /** The first time. */
  readonly from?: TimeArgument;
  /** The end: the first time that no longer belongs. */
  readonly to?: TimeArgument;
  /** Patterns of names of services. */
  readonly program?: readonly string[];
  /** The file with the password of a database. */
  readonly passwordFile?: string;
}

/**
 * Adds the options that select observations to a command that takes directories and addresses of
 * databases. Its action receives {@linkcode SelectionOptions}.
 */
export function addSelectionOptions(command: Command): Command {
  return addProgramOption(addIsolateOption(addPidOption(addLabelOption(command))))
    .option("--from <T>", "only observations from this time on", (text) => parseTimeArgument(text, "--from"))
    .option("--to <T>", "only observations before this time", (text) => parseTimeArgument(text, "--to"))
    .option("--password-file <FILE>", PASSWORD_FILE_HELP);
}

/** Adds `--program` to a command. */
export function addProgramOption(command: Command): Command {
  const help = "only programs with such a name: * is any text, ? any character; may be repeated";
  return command.option("--program <PATTERN>", help, repeated((text) => text));
}

/** Adds `--label` to a command. */
export function addLabelOption(command: Command): Command {
  const help = "only labels that match: * is any text, ? any character; may be repeated";
  return command.option("--label <PATTERN>", help, repeated((text) => text));
}

/** Adds `--pid` to a command. */
export function addPidOption(command: Command): Command {
  return command.option("--pid <N>", "only processes of this PID; may be repeated", repeated(wholeNumber(0)));
}

/** Adds `--isolate` to a command: PIDs repeat in containers, over time, and among workers. */
export function addIsolateOption(command: Command): Command {
  return command.option(
    "--isolate <HEX>",
    "only this isolate, as in file names; may be repeated",
    repeated((text) => {
      if (/^[0-9a-f]{8}$/.test(text)) return text;
      throw new InvalidArgumentError("It must be 8 hexadecimal digits, as in file names.");
    }),
  );
}

/**
 * The selection that options describe. `rangeOfRecording` is called only if a time is relative to
 * the recording.
 */
export async function selectionOf(
  { label, pid, isolate, from, to }: SelectionOptions,
  rangeOfRecording: () => Promise<TimeRange | undefined>,
): Promise<Selection> {
  const isRelative = [from, to].some((time) => time !== undefined && !("epoch" in time));
  const range = isRelative ? await rangeOfRecording() : undefined;
  const timepoint = (time: TimeArgument): bigint => timepointOf(time, range ?? { first: 0n, last: 0n });
  return {
    ...label === undefined ? {} : { labels: label },
    ...pid === undefined ? {} : { pids: pid },
    ...isolate === undefined ? {} : { isolates: isolate },
    ...from === undefined ? {} : { from: timepoint(from) },
    ...to === undefined ? {} : { to: timepoint(to) },
  };
}

/** Options whose times are timepoints; `rangeOfRecording` is called only if one is relative. */
export async function settleTimes<Options extends SelectionOptions>(
  options: Options,
  rangeOfRecording: () => Promise<TimeRange | undefined>,
): Promise<Options> {
  const { from, to } = await selectionOf(options, rangeOfRecording);
  return {
    ...options,
    ...from !== undefined && { from: { epoch: from } },
    ...to !== undefined && { to: { epoch: to } },
  };
}

/**
 * The time outside of which files need not be read. `estimate` returns the time range of the
 * recording. The estimate can be too small, never too large. So the bounds may be too wide, never
 * too narrow.
 */
export function boundsOf(
  { from, to }: Pick<SelectionOptions, "from" | "to">,
  estimate: () => TimeRange | undefined,
): TimeBounds {
  const times = [from, to].filter((time) => time !== undefined);
  const isAfterFirst = times.some((time) => "afterFirst" in time);
  const isBeforeLast = times.some((time) => "beforeLast" in time);
  const range = isAfterFirst || isBeforeLast ? estimate() : undefined;
  const timepoint = (time: TimeArgument | undefined): bigint | undefined => {
    if (time === undefined || !("epoch" in time) && range === undefined) return undefined;
    return timepointOf(time, range ?? { first: 0n, last: 0n });
  };
  // A time relative to the beginning needs the first row, one relative to the end the last row.
  const first = isAfterFirst ? undefined : timepoint(from);
  const end = isBeforeLast ? undefined : timepoint(to);
  return { ...first === undefined ? {} : { from: first }, ...end === undefined ? {} : { to: end } };
}
