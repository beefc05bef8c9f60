/**
 * When recording was off, as a report shows it: each list of pauses once, which processes and
 * series name by its index.
 *
 * @module
 */

import type { Pauses, RecordedSeries } from "../../analysis/programs/pauses.ts";
import type { ProcessId } from "../../files/names.ts";
import { type Span, unionOf, within, without } from "../../statistics/spans.ts";
import type { LivesData, PauseData } from "../shared/report_data.ts";
import type { ShownTime } from "./time_axis.ts";

/** Most pauses of all lists together that are shown one by one. */
const MAX_PAUSES = 4_000;

/** Fewest pauses of a list that are shown one by one, however many lists there are. */
const FEWEST_PAUSES = 20;

/** Most lists; of further ones the pauses of the process are shown. */
const MAX_LISTS = 1_000;

/**
 * Returns when recording was off in a process of the report, or a series of it, in ns since the
 * report's `from`: the times in which it lived and nothing of it was recorded.
 */
export type OffTimes = (process: number, series?: RecordedSeries) => readonly Span<number>[];

/** The times in which at least one of some processes lived, and none of them recorded. */
export function offTimesOf(
  members: readonly (ProcessId & { readonly lives: readonly LivesData[] })[],
  { from, to, pauses }: ShownTime & { readonly pauses: Pauses },
  series: RecordedSeries | undefined,
): Span<number>[] {
  if (pauses.isEmpty) return [];
  const shown = { from, to: to + 1n };
  const times = members.map((member) => ({
    lives: member.lives.map(({ start, end }) => ({ from: start, to: end })),
    off: within(pauses.of(member, series), shown).map((pause) => ({
      from: Number(pause.from - from),
      to: Number(pause.to - from),
    })),
  }));
  const lived = times.flatMap(({ lives }) => lives);
  return without(lived, times.flatMap(({ lives, off }) => without(lives, off)));
}

/** Collects the lists of pauses of a report. */
export class PauseLists {
  readonly #offTimes: OffTimes;
  readonly #lists: (readonly Span<number>[])[] = [];
  readonly #indices = new Map<string, number>();

  constructor(offTimes: OffTimes) {
    this.#offTimes = offTimes;
  }

  /** The list of a process; absent if it has no pauses. */
  ofProcess(process: number): { readonly pauses?: number } {
    const off = this.#offTimes(process);
    const index = off.length === 0 ? undefined : this.#indexOf(off);
    return index === undefined ? {} : { pauses: index };
  }

  /** The list of a series in a process; absent if it has the pauses of the process. */
  ofSeries(process: number, series: RecordedSeries): { readonly pauses?: number } {
    const [own, off] = [this.#offTimes(process), this.#offTimes(process, series)];
    const index = keyOf(own) === keyOf(off) ? undefined : this.#indexOf(off);
    return index === undefined ? {} : { pauses: index };
  }

  /**
   * All lists. Where there are too many pauses, many short ones are joined: see {@linkcode joined}.
   */
  all(span: number): PauseData[] {
    const count = this.#lists.reduce((sum, { length }) => sum + length, 0);
    const most = count <= MAX_PAUSES ? Infinity : Math.max(FEWEST_PAUSES, Math.floor(MAX_PAUSES / this.#lists.length));
    return this.#lists.map((list) =>
      (list.length <= most ? list : joined(list, Math.ceil(span / most))).flatMap(
        ({ from, to }) => [Math.round(from), Math.round(to)],
      )
    );
  }

  #indexOf(off: readonly Span<number>[]): number | undefined {
    const key = keyOf(off);
    const known = this.#indices.get(key);
    if (known !== undefined || this.#lists.length === MAX_LISTS) return known;
    this.#indices.set(key, this.#lists.length);
    return this.#lists.push(off) - 1;
  }
}

function keyOf(off: readonly Span<number>[]): string {
  return off.map(({ from, to }) => `${from} ${to}`).join(",");
}

/**
 * The pauses of each part of the time, `width` ns long, as one pause at its beginning: as long as
 * they are together, so that rates over whole parts stay exact.
 */
export function joined(pauses: readonly Span<number>[], width: number): Span<number>[] {
  const lengths = new Map<number, number>();
  for (const { from, to } of pauses) {
    for (let start = Math.floor(from / width) * width; start < to; start += width) {
      const length = Math.min(to, start + width) - Math.max(from, start);
      lengths.set(start, (lengths.get(start) ?? 0) + length);
    }
  }
  return unionOf(Array.from(lengths, ([start, length]) => ({ from: start, to: start + length })));
}
