import type { RowSource } from "../../analysis/live/row_source.ts";
import { parseSwitchLabel } from "../../recording_switch.ts";
import { CHANNELS, RUNTIME_SERIES, ValueKind } from "../../series.ts";
import { requestOf } from "../data/durations.ts";
import { kindOf, type QuantityKind, type Rate } from "../data/quantities.ts";
import { outgoingLabel } from "../data/source.ts";
import type { MarkData, QuantityData, RequestData } from "../shared/report_data.ts";
import { Counters } from "./counters.ts";
import type { LiveProgram, LivePrograms } from "./live_programs.ts";
import { LEVELS, SeriesCells } from "./series_cells.ts";

/** Most series of processes; rows of further ones are of {@linkcode REST}. */
export const MAX_SERIES = 6_000;

/** Label of what had no room. */
export const REST = "(all others)";

/**
 * Bytes that all cells may take; then the oldest are dropped sooner. Those of a day of ten programs with
 * 30 labels each, twice in each second, take 107 MiB, in a process of 236 MiB.
 */
export const MAX_BYTES: number = 112 * 2 ** 20;

/** Most marks that are shown, the latest. */
const MAX_MARKS = 500;

/** Larger values could make sums infinite. */
const LARGEST = 1e290;

/** A row that is later than now by more than this has a wrong timepoint, ns. */
const TOLERANCE = 60e9;

/** A series, and its cells by the index of the process. */
interface Series {
  /** Its number, in the order in which series were seen. */
  readonly id: number;
  /** Its label and channel as they were recorded. */
  readonly recorded: { readonly channel: string; readonly label: string };
  readonly processes: Map<number, SeriesCells>;
}

/** A series of durations. */
export interface DurationSeries extends Series {
  readonly label: string;
  readonly request?: RequestData;
}

/** A series of anything else. */
export interface QuantitySeries extends Series {
  readonly of: Pick<QuantityData, "label" | "channel" | "unit" | "kind">;
}

/** Takes a row of one source and label. */
type Taker = (value: number, time: number, weight: number) => void;

/** What is known of a source of rows. */
interface KnownSource {
  readonly program: LiveProgram;
  readonly counters: Counters;
  readonly takers: Map<string, Taker>;
}

const OF_PROCESS: ReadonlySet<string> = new Set(
  RUNTIME_SERIES.filter(({ scope }) => scope === "process").map(({ label }) => label),
);

/** All series that were recorded since following began, as cells. */
export class LiveSeries {
  /** Rows of the time since following began. */
  rows = 0;
  /** Rows of before it, which came late, and of the future: they are not shown. */
  outside = 0;
  /** Rows of labels for which there is no room. */
  others = 0;
  readonly durations: DurationSeries[] = [];
  readonly quantities: QuantitySeries[] = [];
  readonly #programs: LivePrograms;
  readonly #begin: number;
  readonly #wantsLabel: (label: string) => boolean;
  readonly #maxBytes: number;
  readonly #maxSeries: number;
  readonly #durations = new Map<string, DurationSeries>();
  readonly #quantities = new Map<string, QuantitySeries>();
  readonly #sources = new Map<RowSource, KnownSource>();
  #count = 0;
  #latest = TOLERANCE;
  #marks: MarkData[] = [];
  /** The part of the bins of each level that is kept. */
  #kept = 1;

  /**
   * None. `begin`: when following began, ns since the zero of times. `wantsLabel`: whether a label is
   * shown; the runtime and marks are in any case.
   */
  constructor(
    programs: LivePrograms,
    begin: number,
    wantsLabel: (label: string) => boolean,
    { maxBytes = MAX_BYTES, maxSeries = MAX_SERIES }: { readonly maxBytes?: number; readonly maxSeries?: number } = {},
  ) {
    this.#programs = programs;
    this.#begin = begin;
    this.#wantsLabel = wantsLabel;
    this.#maxBytes = maxBytes;
    this.#maxSeries = maxSeries;
  }

  /** What programs marked, in order of time. */
  get marks(): readonly MarkData[] {
    return this.#marks;
  }

  /** The part of the bins of each level that is kept: less than 1 if they took too much memory. */
  get kept(): number {
    return this.#kept;
  }

  /** Bytes that the cells take. */
  get bytes(): number {
    return this.#allCells().reduce((sum, cells) => sum + cells.bytes, 0);
  }

  /** Begins a look at `span` ns since the beginning. */
  beginLook(span: number): void {
    this.#latest = span + TOLERANCE;
  }

  /** Adds a row that was found since the last look, whose time is ns since the beginning. */
  add(source: RowSource, label: string, value: number, time: number, weight: number): void {
    const known = this.#sourceOf(source);
    if (time < this.#begin || time > this.#latest) {
      this.outside += weight;
      known.program.member.noteRow(Math.min(time, this.#begin - 1), 0);
      return;
    }
    this.rows += weight;
    known.program.member.noteRow(time, weight);
    let taker = known.takers.get(label);
    if (taker === undefined) {
      taker = this.#takerOf(source, label, known);
      if (known.takers.size < MAX_SERIES) known.takers.set(label, taker);
    }
    taker(value, time, weight);
  }

  /** Adds what was recorded before following began, which the first steps of counters begin with. */
  addBefore(source: RowSource, label: string, value: number, time: number): void {
    if (source.channel !== CHANNELS.runtime) return;
    if (parseSwitchLabel(label) !== undefined) this.#programs.noteSwitch(source, label, value, time);
    else if (isCounter(label)) this.#sourceOf(source).counters.add(label, time, value);
  }

  /** Ends a look at `span` ns since the beginning. */
  endLook(span: number): void {
    for (const { program, counters } of this.#sources.values()) {
      for (const { rate, time, increase, seconds } of counters.endLook()) {
        if (time >= 0) this.#cellsOfRate(rate, program).at(time).addStep(increase, seconds);
      }
    }
    const first = this.firstBins(span);
    const all = this.#allCells();
    for (const cells of all) cells.endLook(first);
    if (all.reduce((sum, cells) => sum + cells.bytes, 0) > this.#maxBytes) this.#kept *= 7 / 8;
    const oldest = LEVELS.at(-1)!.width * first.at(-1)!;
    if (this.#marks.length > 0) this.#marks = this.#marks.filter(({ at }) => at >= oldest);
  }

  /** The first bin of each level that is kept. */
  firstBins(span: number): number[] {
    return LEVELS.map(({ width, bins }) => Math.max(0, Math.floor(span / width) + 1 - Math.floor(bins * this.#kept)));
  }

  /** Every series of every process. */
  #allCells(): SeriesCells[] {
    return [...this.durations, ...this.quantities].flatMap(({ processes }) => [...processes.values()]);
  }

  #sourceOf(source: RowSource): KnownSource {
    let known = this.#sources.get(source);
    if (known === undefined) {
      known = { program: this.#programs.find(source), counters: new Counters(), takers: new Map() };
      this.#sources.set(source, known);
    }
    return known;
  }

  /** How rows of a label are taken. */
  #takerOf(source: RowSource, label: string, { program, counters }: KnownSource): Taker {
    const { channel, kind } = source;
    const isRuntime = channel === CHANNELS.runtime;
    if (isRuntime && parseSwitchLabel(label) !== undefined) {
      return (value, time) => {
        this.#programs.noteSwitch(source, label, value, time);
        counters.interrupt(time);
      };
    }
    if (channel === CHANNELS.mark) return (_, time) => this.#mark(label, time, program.index);
    if (isRuntime && isCounter(label)) {
      return (value, time) => {
        if (canBeAdded(value) && !this.#programs.isMixed(source) && !this.#isTold(source, label)) {
          counters.add(label, time, value);
        }
      };
    }
    if (!isRuntime && !this.#wantsLabel(label)) return () => {};
    if (kind === ValueKind.duration) {
      const { cells, isRest } = this.#durationsOf(channel, label, program.index);
      return (value, time, weight) => {
        if (canBeAdded(value)) cells.at(time).addDuration(value, weight);
        if (isRest) this.others += weight;
      };
    }
    const known = kindOf({ channel, label, isPython: false });
    const { cells, isRest } = this.#quantitiesOf(channel, { label, ...known as QuantityKind }, program.index);
    return (value, time, weight) => {
      if (isRest) this.others += weight;
      if (canBeAdded(value) && !(isRuntime && this.#isTold(source, label))) cells.at(time).addValue(value, weight);
    };
  }

  /** Whether the main thread tells what a worker measures of the whole process. */
  #isTold(source: RowSource, label: string): boolean {
    return OF_PROCESS.has(label) && this.#programs.isMeasuredElsewhere(source);
  }

  #mark(text: string, at: number, process: number): void {
    const place = this.#marks.findLastIndex((mark) => mark.at <= at) + 1;
    this.#marks = this.#marks.toSpliced(place, 0, { at: Math.round(at), text, process }).slice(-MAX_MARKS);
  }

  #durationsOf(channel: string, recorded: string, process: number): FoundCells {
    const key = JSON.stringify([channel, recorded]);
    let series = this.#durations.get(key);
    if (series === undefined) {
      if (this.#isFull && recorded !== REST) return { ...this.#durationsOf(channel, REST, process), isRest: true };
      const label = channel === CHANNELS.client ? outgoingLabel(recorded) : recorded;
      series = {
        id: this.durations.length,
        recorded: { channel, label: recorded },
        label,
        ...requestOf(label),
        processes: new Map(),
      };
      this.#durations.set(key, series);
      this.durations.push(series);
    }
    return this.#cellsIn(series, process, true) ?? this.#durationsOf(channel, REST, process);
  }

  #quantitiesOf(channel: string, of: Omit<QuantityData, "channel" | "processes">, process: number): FoundCells {
    const key = JSON.stringify([channel, of.label]);
    let series = this.#quantities.get(key);
    if (series === undefined) {
      if (this.#isFull && of.label !== REST) {
        return { ...this.#quantitiesOf(channel, { ...of, label: REST }, process), isRest: true };
      }
      series = {
        id: this.quantities.length,
        recorded: { channel, label: of.label },
        of: { ...of, channel },
        processes: new Map(),
      };
      this.#quantities.set(key, series);
      this.quantities.push(series);
    }
    return this.#cellsIn(series, process, false) ?? this.#quantitiesOf(channel, { ...of, label: REST }, process);
  }

  #cellsOfRate({ label, unit }: Rate, { index }: LiveProgram): SeriesCells {
    return this.#quantitiesOf(CHANNELS.runtime, { label, unit, kind: "level" }, index).cells;
  }

  /** The cells of a process; `undefined` if there is no room. */
  #cellsIn({ processes, recorded }: Series, process: number, isDuration: boolean): FoundCells | undefined {
    let cells = processes.get(process);
    if (cells === undefined) {
      if (this.#isFull && recorded.label !== REST) return undefined;
      processes.set(process, cells = new SeriesCells(isDuration));
      this.#count++;
    }
    return { cells, isRest: recorded.label === REST };
  }

  get #isFull(): boolean {
    return this.#count >= this.#maxSeries;
  }
}

/** Cells that were found, and whether they are those of what had no room. */
interface FoundCells {
  readonly cells: SeriesCells;
  readonly isRest: boolean;
}

function isCounter(label: string): boolean {
  return kindOf({ channel: CHANNELS.runtime, label, isPython: false }) === "counter";
}

function canBeAdded(value: number): boolean {
  return Math.abs(value) < LARGEST;
}
