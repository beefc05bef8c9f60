/**
 * When recording was off: from the rows that say so (see `recording_switch.ts`), the times in which
 * a process, or a series of it, was not recorded. Nothing is known of what happened in them: they
 * are neither quiet, nor is the program dead.
 *
 * @module
 */

import { type ProcessId, processKey } from "../../files/names.ts";
import {
  covers,
  narrowness,
  parseSwitchLabel,
  RecordingSwitch,
  switchLabel,
  type SwitchScope,
} from "../../recording_switch.ts";
import { without } from "../../statistics/spans.ts";

/** A time in which recording was off, ns since 1970. */
export interface Pause {
  /** When it was switched off; {@linkcode EVER} if that was before the rows that were read. */
  readonly from: bigint;
  /** When it was switched on again; {@linkcode FOREVER} if no row says so. */
  readonly to: bigint;
}

/** The end of a pause that never ended: the latest timepoint there is. */
export const FOREVER: bigint = 2n ** 63n - 1n;

/**
 * The beginning of a pause that began before the rows that were read: the earliest timepoint there
 * is.
 */
export const EVER: bigint = -(2n ** 63n);

/** What is recorded under a label in a channel. */
export interface RecordedSeries {
  /** Its channel. */
  readonly channel: string;
  /** Its label. */
  readonly label: string;
}

/** A row that switches. */
export interface SwitchRow extends ProcessId {
  readonly timepoint: bigint;
  readonly label: string;
  readonly value: number;
}

/** What may tell more about the state of processes than the rows that switch. */
export interface SwitchContext {
  /** Keys of processes that were off before their first switch if that switches everything on. */
  readonly beganOff?: ReadonlySet<string>;
  /**
   * When programs began whose rows have a PID only: they begin switched on, whatever a program
   * before them with that PID was.
   */
  readonly starts?: readonly { readonly pid: number; readonly started: bigint }[];
}

/**
 * Scopes of a recording that count, the first ones. A program has a few; the rest is not meant
 * well.
 */
const MAX_SCOPES = 256;

/** A program that begins switched off says so within this time of its start, ns: clocks differ. */
const START_TOLERANCE = 100_000_000n;

/** A switch of a process. */
interface Switched {
  readonly at: bigint;
  readonly scope: SwitchScope;
  readonly isOn: boolean;
}

/** The switches of one process, in order, and what follows from them. */
interface ProcessSwitches {
  readonly switches: readonly Switched[];
  /** Pauses by the scopes that cover a series. */
  readonly known: Map<string, readonly Pause[]>;
}

/** When recording was off, of all processes of a recording. */
export class Pauses {
  /** Nothing was ever switched. */
  static readonly none: Pauses = new Pauses([]);

  readonly #processes = new Map<string, ProcessSwitches>();
  /** The scopes that are narrower than all. */
  readonly #narrow: readonly SwitchScope[];

  /** From the rows that switch, in any order. Others are ignored, and values but 0 and 1. */
  constructor(rows: Iterable<SwitchRow>, { beganOff = new Set(), starts = [] }: SwitchContext = {}) {
    const scopes = new Map<string, SwitchScope>();
    const byProcess = new Map<string, Switched[]>();
    for (const { pid, isolate, timepoint: at, label, value } of rows) {
      if (value !== RecordingSwitch.off && value !== RecordingSwitch.on) continue;
      const scope = scopes.get(label) ?? (scopes.size < MAX_SCOPES ? parseSwitchLabel(label) : undefined);
      if (scope === undefined) continue;
      scopes.set(label, scope);
      const key = processKey({ pid, isolate });
      const one = { at, scope, isOn: value === RecordingSwitch.on };
      const known = byProcess.get(key);
      if (known === undefined) byProcess.set(key, [one]);
      else known.push(one);
    }
    const all: SwitchScope = {};
    for (const [key, switches] of byProcess) {
      switches.sort(inOrder);
      const first = switches.find(({ scope }) => narrowness(scope) === 0);
      if (first?.isOn && beganOff.has(key)) switches.unshift({ at: EVER, scope: all, isOn: false });
      const begun = starts.filter(({ pid }) => key === processKey({ pid, isolate: "" }));
      for (const { started } of begun) switches.push({ at: started - START_TOLERANCE, scope: all, isOn: true });
      if (begun.length > 0) switches.sort(inOrder);
      this.#processes.set(key, { switches, known: new Map() });
    }
    this.#narrow = [...scopes.values()].filter((scope) => narrowness(scope) > 0);
  }

  /** Whether nothing was ever switched. */
  get isEmpty(): boolean {
    return this.#processes.size === 0;
  }

  /** The processes that were switched, by their keys. */
  get processes(): readonly string[] {
    return [...this.#processes.keys()];
  }

  /** The scopes that are narrower than all, and that any process was switched in. */
  get narrow(): readonly SwitchScope[] {
    return this.#narrow;
  }

  /**
   * The pauses of a process, in order and apart from each other: those of a series of it, or else
   * the times in which nothing of it was recorded at all.
   */
  of(process: ProcessId, series?: RecordedSeries): readonly Pause[] {
    const found = this.#processes.get(processKey(process));
    if (found === undefined) return [];
    const coverage = series === undefined ? "all" : this.coverageOf(series);
    let pauses = found.known.get(coverage);
    if (pauses === undefined) {
      pauses = series === undefined
        ? pausesOfAll(found.switches)
        : pausesOf(found.switches.filter(({ scope }) => covers(scope, series)));
      found.known.set(coverage, pauses);
    }
    return pauses;
  }

  /**
   * The times in which just this channel or these labels were switched off, and not everything: a
   * switch of everything ends them.
   */
  ofScope(process: ProcessId, scope: SwitchScope): readonly Pause[] {
    const key = switchLabel(scope);
    const own = this.#switchesOf(process)
      .filter((one) => narrowness(one.scope) === 0 || switchLabel(one.scope) === key);
    return pausesOf(own.map(({ at, scope, isOn }) => ({ at, isOn: isOn || narrowness(scope) === 0 })));
  }

  /** The times in which everything was off but for exceptions, and all that was such an exception. */
  ofRest(process: ProcessId): { readonly pauses: readonly Pause[]; readonly exceptions: readonly SwitchScope[] } {
    const exceptions = new Map<string, SwitchScope>();
    const general: Switched[] = [];
    for (const one of this.#switchesOf(process)) {
      if (narrowness(one.scope) === 0) general.push(one);
      else if (one.isOn && general.at(-1)?.isOn === false) exceptions.set(switchLabel(one.scope), one.scope);
    }
    if (exceptions.size === 0) return { pauses: [], exceptions: [] };
    return { pauses: without(pausesOf(general), this.of(process)), exceptions: [...exceptions.values()] };
  }

  #switchesOf(process: ProcessId): readonly Switched[] {
    return this.#processes.get(processKey(process))?.switches ?? [];
  }

  /**
   * Which of the narrower scopes cover a series: equal for series that have the same pauses, and
   * empty for those that have the pauses of everything.
   */
  coverageOf(series: RecordedSeries): string {
    let coverage = "";
    for (const [i, scope] of this.#narrow.entries()) if (covers(scope, series)) coverage += `${i} `;
    return coverage;
  }
}

/**
 * By time; at one time what covers more comes first, and on before off, since the last one counts.
 */
function inOrder(one: Switched, other: Switched): number {
  if (one.at !== other.at) return one.at < other.at ? -1 : 1;
  return narrowness(one.scope) - narrowness(other.scope) || Number(other.isOn) - Number(one.isOn);
}

/** The pauses that some switches make. */
function pausesOf(switches: readonly { readonly at: bigint; readonly isOn: boolean }[]): Pause[] {
  const pauses: { from: bigint; to: bigint }[] = [];
  const add = (from: bigint, to: bigint): void => {
    const last = pauses.at(-1);
    // Of switches of one moment the last one counts.
    if (last?.to === from) last.to = to;
    else if (from < to) pauses.push({ from, to });
  };
  let from: bigint | undefined;
  for (const { at, isOn } of switches) {
    if (!isOn) from ??= at;
    else if (from !== undefined) {
      add(from, at);
      from = undefined;
    }
  }
  if (from !== undefined) add(from, FOREVER);
  return pauses;
}

/** The pauses of a process: everything is off, and nothing narrower was switched on since. */
function pausesOfAll(switches: readonly Switched[]): Pause[] {
  const on = new Set<SwitchScope>();
  let isAllOn = true;
  return pausesOf(switches.map(({ at, scope, isOn }) => {
    if (narrowness(scope) === 0) {
      isAllOn = isOn;
      on.clear();
    } else if (isOn) on.add(scope);
    else on.delete(scope);
    return { at, isOn: isAllOn || on.size > 0 };
  }));
}
