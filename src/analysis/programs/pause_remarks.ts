import { processKey } from "../../files/names.ts";
import type { SwitchScope } from "../../recording_switch.ts";
import { secondsIn, within, without } from "../../statistics/spans.ts";
import { lifeIn } from "./lived_time.ts";
import type { Pause, Pauses } from "./pauses.ts";
import { type Program, programNames } from "./program.ts";
import type { Remark, RemarkFormat } from "./remarks.ts";

/** Most remarks; the longest pauses come first. */
const MOST_REMARKS = 8;

/** Most exceptions that are named. */
const MOST_NAMED = 4;

/** What is remarked on: recording of something was off in a program. */
interface PausedPart {
  readonly program: Program;
  /** `recording`, `recording of channel sales`, or `recording of all but channel sales`. */
  readonly what: string;
  /** Its pauses that begin in the time in question. */
  readonly pauses: readonly Pause[];
  /** Seconds of them, and of the program's life, within that time. */
  readonly off: number;
  readonly lived: number;
}

/**
 * Remarks on programs whose recording was off: for how long of their time, how often, and whether
 * it still is. Pauses of a channel or of labels are told where not all was off.
 */
export function remarksOnPauses(
  programs: readonly Program[],
  pauses: Pauses,
  range: { readonly first: bigint; readonly last: bigint } | undefined,
  format: RemarkFormat,
): Remark[] {
  if (pauses.isEmpty || range === undefined) return [];
  const parts = programs.flatMap((program): PausedPart[] => {
    const all = program.pauses ?? [];
    const life = lifeIn(program, range);
    const part = (what: string, own: readonly Pause[]): PausedPart[] => {
      const shown = own.filter(({ from, to }) => from <= range.last && to > range.first);
      if (shown.length === 0) return [];
      const off = secondsIn(life.flatMap((span) => within(own, span)));
      return [{ program, what, pauses: shown, off, lived: secondsIn(life) }];
    };
    const narrow = pauses.narrow
      .flatMap((scope) => part(`recording of ${nameOf(scope)}`, without(pauses.ofScope(program, scope), all)));
    const { pauses: rest, exceptions } = pauses.ofRest(program);
    const but = exceptions.slice(0, MOST_NAMED).map(nameOf).join(", ") + (exceptions.length > MOST_NAMED ? ", …" : "");
    return [...part("recording", all), ...part(`recording of all but ${but}`, rest), ...narrow];
  });
  const names = programNames(programs);
  const told = parts.toSorted((one, other) => other.off - one.off).slice(0, MOST_REMARKS);
  return told.map(({ program, what, pauses: shown, ...times }, i): Remark => {
    const key = processKey(program);
    const [first, last] = [shown[0]!, shown.at(-1)!];
    const left = i === MOST_REMARKS - 1 ? parts.length - MOST_REMARKS : 0;
    const more = left > 0 ? `; so it was in ${left} more cases` : "";
    return {
      kind: "off",
      isBad: false,
      text: `${names.get(key) ?? key}: ${what} ${sentence(program, shown, times, range.last, format)}${more}`,
      processes: [key],
      from: first.from > range.first ? first.from : range.first,
      to: last.to < range.last ? last.to : range.last,
    };
  });
}

/** What a switch that is narrower than all switches, in words: `channel sales`, `labels a* in channel sales`. */
function nameOf({ channel, label }: SwitchScope): string {
  const ofLabel = label === undefined ? [] : [`labels ${label}`];
  const ofChannel = channel === undefined ? [] : [`channel ${channel}`];
  return [...ofLabel, ...ofChannel].join(" in ");
}

function sentence(
  { record, liveness }: Program,
  pauses: readonly Pause[],
  { off, lived }: Pick<PausedPart, "off" | "lived">,
  end: bigint,
  format: RemarkFormat,
): string {
  const last = pauses.at(-1)!;
  const isOpen = last.to > end;
  const until = record?.end !== undefined || liveness === "dead" ? " until its end" : "";
  const since = isOpen ? `since ${format.time(last.from)}${until}` : "";
  if (off === 0) return isOpen ? `has been off ${since}` : `was off from ${format.time(last.from)} on`;
  const often = pauses.length > 1 ? `, ${pauses.length} times` : "";
  const when = isOpen ? `${often}${often === "" ? ", " : ", the last time "}${since}` : often;
  return `was off for ${format.span(off)} of ${format.span(lived)}${when}`;
}
