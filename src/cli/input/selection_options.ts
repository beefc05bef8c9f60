import type { Command } from "commander";
import type { Selection, TimeRange } from "../../analysis/frames/selection.ts";
import { parseTimeArgument, type TimeArgument, timepointOf } from "./time_argument.ts";
import type { TimeBounds } from "../../analysis/source/sources.ts";
import { repeated, wholeNumber } from "./option_values.ts";

/** What the user wants to see, as the options of several commands say it. */
export interface SelectionOptions {
  /** Patterns of labels with `*` and `?`; one of them has to match. */
  readonly label?: readonly string[];
  /** Process ids. */
  readonly pid?: readonly number[];
  /** The first moment. */
  readonly from?: TimeArgument;
  /** The first moment after it. */
  readonly to?: TimeArgument;
}

/** Adds `--label`, `--pid`, `--from` and `--to` to a command, whose action is given {@linkcode SelectionOptions}. */
export function addSelectionOptions(command: Command): Command {
  return addPidOption(addLabelOption(command))
    .option("--from <T>", "only from this time on", (text) => parseTimeArgument(text, "--from"))
    .option("--to <T>", "only before this time", (text) => parseTimeArgument(text, "--to"));
}

/** Adds `--label`: patterns. */
export function addLabelOption(command: Command): Command {
  const help = "only labels like this, with * and ?; may be repeated";
  return command.option("--label <PATTERN>", help, repeated((text) => text));
}

/** Adds `--pid`: process ids. */
export function addPidOption(command: Command): Command {
  return command.option("--pid <N>", "only this process; may be repeated", repeated(wholeNumber(0)));
}

/** The selection that the options stand for. The time of the recording is looked up where a moment is relative to it. */
export async function selectionOf(
  { label, pid, from, to }: SelectionOptions,
  rangeOfRecording: () => Promise<TimeRange | undefined>,
): Promise<Selection> {
  const isRelative = [from, to].some((moment) => moment !== undefined && !("epoch" in moment));
  const range = isRelative ? await rangeOfRecording() : undefined;
  const timepoint = (moment: TimeArgument): bigint => timepointOf(moment, range ?? { first: 0n, last: 0n });
  return {
    ...label === undefined ? {} : { labels: label },
    ...pid === undefined ? {} : { pids: pid },
    ...from === undefined ? {} : { from: timepoint(from) },
    ...to === undefined ? {} : { to: timepoint(to) },
  };
}

/**
 * The time outside of which files need not be read: never narrower than the selection, though the time range of the
 * recording is only estimated, and never wider than it is.
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
  // What is counted from the beginning needs the first row, what is counted from the end the last one.
  const first = isAfterFirst ? undefined : timepoint(from);
  const end = isBeforeLast ? undefined : timepoint(to);
  return { ...first === undefined ? {} : { from: first }, ...end === undefined ? {} : { to: end } };
}
