/**
 * What `kymo live` shows: follows a monitoring directory from outside, look by look, and tells pages
 * what there is and what has changed.
 *
 * @module
 */

import { LiveDirectory, type LookResult } from "../../analysis/live/live_directory.ts";
import { RowAttribution } from "../../analysis/live/row_attribution.ts";
import type { RowSink } from "../../analysis/live/row_source.ts";
import { counted, formatPercent } from "../../display/numbers.ts";
import type { ProcessId } from "../../files/names.ts";
import type { Clock, Memory, Runtime } from "../../runtime.ts";
import type { LiveHead } from "../shared/live_data.ts";
import {
  changedMessage,
  type Fineness,
  finenessOf,
  type LookedAt,
  MOST_NUMBERS,
  type Sent,
  wholeMessage,
} from "./live_messages.ts";
import { LivePrograms } from "./live_programs.ts";
import { LiveSeries, REST } from "./live_series.ts";
import { LEVELS } from "./series_cells.ts";

/** Options of a live report. */
export interface LiveReportOptions {
  /** Name of what is followed, such as the monitoring directory. */
  readonly title: string;
  /** Version of Kymo. */
  readonly kymo: string;
  /** Whether a label is shown; the runtime's series and marks are in any case. */
  readonly wantsLabel?: (label: string) => boolean;
  /** Whether a process is shown, by its id and the names of the programs that it may be. */
  readonly wantsProcess?: (id: ProcessId, names: readonly string[]) => boolean;
  /** Limit of the bytes that cells take. */
  readonly maxBytes?: number;
  /** Limit of the series of processes. */
  readonly maxSeries?: number;
  /** Limit of the numbers that a page is sent at first. */
  readonly mostNumbers?: number;
}

/** Looks after which garbage is collected: what is read leaves much, and a runtime lets it lie. */
const LOOKS_OF_GARBAGE = 60;

/** A page that is shown. */
export interface LivePage {
  readonly fineness: Fineness;
  readonly sent: Sent;
}

/** A report of what programs record from now on. */
export class LiveReport {
  readonly #options: LiveReportOptions;
  readonly #clock: Clock;
  readonly #collect: Memory["collect"];
  readonly #directory: LiveDirectory;
  readonly #attribution: RowAttribution;
  readonly #series: LiveSeries;
  readonly #programs: LivePrograms;
  readonly #missed = { segments: 0, looks: 0 };
  #looked: LookedAt;
  #looks = 0;

  /** Attaches to a directory, which need not exist yet. */
  constructor(runtime: Runtime, path: string, options: LiveReportOptions) {
    this.#options = options;
    this.#clock = runtime.clock;
    this.#collect = runtime.memory.collect;
    const began = runtime.clock.epoch();
    const before: Parameters<RowSink>[] = [];
    this.#directory = new LiveDirectory(runtime, path, (...row) => {
      if (row[0].channel === "runtime") before.push(row);
    });
    this.#attribution = new RowAttribution(this.#directory.records, this.#directory.base);
    const begin = Math.max(0, Number(began - this.#directory.base));
    this.#programs = new LivePrograms(this.#directory, begin, (id) => this.#wants(id));
    this.#series = new LiveSeries(this.#programs, begin, options.wantsLabel ?? (() => true), options);
    const addBefore: RowSink = (given, label, value, time) => {
      const source = this.#attribution.sourceOf(given, time);
      if (this.#wants(source)) this.#series.addBefore(source, label, value, time);
    };
    this.#directory.readSwitches(addBefore);
    for (const row of before) addBefore(...row);
    this.#looked = this.#end({ sampled: false, missed: 0, unreadable: this.#directory.unreadable });
  }

  /** Reads what was recorded since the last look. */
  look(): void {
    if (++this.#looks % LOOKS_OF_GARBAGE === 0) this.#collect?.();
    this.#series.beginLook(this.#span);
    const wanted = new Map<object, boolean>();
    const found = this.#directory.look((given, label, value, time, weight) => {
      const source = this.#attribution.sourceOf(given, time);
      let isWanted = wanted.get(source);
      if (isWanted === undefined) wanted.set(source, isWanted = this.#wants(source));
      if (isWanted) this.#series.add(source, label, value, time, weight);
    });
    this.#looked = this.#end(found);
  }

  /** Bytes that the cells take. */
  get bytes(): number {
    return this.#series.bytes;
  }

  /** All there is, for a page of this level; the page then is told what changes. */
  open(level: string): { readonly page: LivePage; readonly text: string } {
    const at = Math.max(0, LEVELS.findIndex(({ name }) => name === level));
    const fineness = finenessOf(this.#series, at, this.#options.mostNumbers);
    const head: LiveHead = {
      title: this.#options.title,
      kymo: this.#options.kymo,
      from: String(this.#directory.base),
      levels: LEVELS.map(({ name }) => name),
      level: LEVELS[at]!.name,
    };
    this.#collect?.();
    const { text, sent } = wholeMessage(this.#looked, fineness, head);
    return { page: { fineness, sent }, text };
  }

  /** What has changed for a page with the last look; `undefined` if it has to be opened anew. */
  changes({ fineness, sent }: LivePage): string | undefined {
    const { mostNumbers = MOST_NUMBERS } = this.#options;
    // Twice as much as it may be sent at first, so that this is rare.
    if (finenessOf(this.#series, fineness.level, 2 * mostNumbers).size > fineness.size) return undefined;
    return JSON.stringify(changedMessage(this.#looked, fineness, sent));
  }

  get #span(): number {
    return Math.max(0, Number(this.#clock.epoch() - this.#directory.base));
  }

  #end(found: LookResult): LookedAt {
    const span = this.#span;
    this.#series.endLook(span);
    this.#missed.segments += found.missed;
    if (found.sampled) this.#missed.looks++;
    const programs = this.#programs.endLook(span);
    return { span, series: this.#series, programs, problems: this.#problems(found) };
  }

  #problems({ unreadable }: LookResult): string[] {
    const { outside, others, kept } = this.#series;
    const { segments, looks } = this.#missed;
    const rows = (count: number): string => counted(Math.round(count), "row");
    return [
      ...this.#directory.exists ? [] : ["The monitoring directory does not exist yet"],
      ...unreadable.filter(({ pid, isolate = "" }) => pid === undefined || this.#wants({ pid, isolate }))
        .map(({ path, reason }) => `${path}: ${reason}`),
      ...segments === 0
        ? []
        : [`The files of ${counted(segments, "segment")} were moved or deleted before they could be read`],
      ...looks === 0
        ? []
        : [`There was too much to read ${looks === 1 ? "once" : `${looks} times`}: what is shown of it is estimated`],
      ...outside === 0
        ? []
        : [`${rows(outside)} with timepoints before the beginning, or in the future, are not shown`],
      ...others === 0 ? [] : [`${rows(others)} are shown as “${REST}”: there are too many labels`],
      ...kept === 1
        ? []
        : [`Only ${formatPercent(kept, { trim: true })} of the time is kept: there is too much for the memory`],
    ];
  }

  #wants({ pid, isolate }: ProcessId): boolean {
    const { wantsProcess } = this.#options;
    if (wantsProcess === undefined) return true;
    const { records } = this.#directory;
    const known = isolate === "" ? records.ofPid(pid) : [records.get({ pid, isolate }) ?? []].flat();
    return wantsProcess({ pid, isolate }, known.map(({ name }) => name));
  }
}
