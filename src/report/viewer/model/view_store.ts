/**
 * The state of the page, kept in memory only.
 *
 * @module
 */

import type { Span } from "../../../statistics/spans.ts";
import type { DurationData, QuantityData, ReportData } from "../../shared/report_data.ts";
import { type SelectedStatistics, statisticsOf } from "./duration_view.ts";
import { type RecordedTimes, recordedTimes, type Recorder, secondsWithin } from "./recorded.ts";
import { type LinkedView, wholeView } from "./address/view_hash.ts";

/** Everything that the user can change. */
export interface State extends LinkedView {
  /** The time that a finding is about, which is marked on all charts; ns since the report's `from`. */
  readonly pointedOut: Span<number> | undefined;
  readonly dark: boolean;
  /** The report. */
  readonly data: ReportData;
  /** Of a page that is live: whether the time shown ends now. */
  readonly follows: boolean;
}

/** Most sets of recorders whose times are kept: charts ask for the same ones again and again. */
const MOST_KNOWN = 1_000;

/** Fewest bins that are shown: one alone would be a single point of each line. */
export const FEWEST_BINS = 2;

/** Statistics, and the part shown that they are of. */
interface KnownStatistics extends Pick<State, "from" | "to" | "processes"> {
  readonly statistics: SelectedStatistics | undefined;
}

type Listener = (state: State, before: State) => void;

/** Keeps the state, and notifies listeners of changes. */
export class ViewStore {
  #state: State;
  readonly #listeners = new Set<Listener>();
  readonly #recorded = new Map<string, RecordedTimes>();
  /** The listeners that are being added, while something collects them. */
  #collected: Listener[] | undefined;
  readonly #statistics = new WeakMap<DurationData, KnownStatistics>();

  /** Whether the report goes on. */
  readonly isLive: boolean;

  constructor(data: ReportData, dark: boolean, { isLive = false }: { readonly isLive?: boolean } = {}) {
    this.isLive = isLive;
    this.#state = { ...wholeView(data), pointedOut: undefined, dark, data, follows: isLive };
  }

  /** The report. */
  get data(): ReportData {
    return this.#state.data;
  }

  /** The current state. */
  get state(): State {
    return this.#state;
  }

  /** The end of the bins of the whole report. */
  get bins(): number {
    return Math.max(1, this.data.bins.count);
  }

  /** The first bin of the whole report. */
  get first(): number {
    return this.data.bins.first ?? 0;
  }

  /** Width of a bin, seconds. */
  get binSeconds(): number {
    return this.data.bins.width / 1e9;
  }

  /** Whether only a part of the time is shown. */
  get zoomed(): boolean {
    return this.#state.from > this.first || this.#state.to < this.bins;
  }

  /** Changes a part of the state. */
  set(change: Partial<State>): void {
    const before = this.#state;
    this.#state = { ...before, ...change };
    for (const listener of this.#listeners) listener(this.#state, before);
  }

  /** Whether fewer bins cannot be shown. */
  get atFinest(): boolean {
    return this.#state.to - this.#state.from <= Math.min(FEWEST_BINS, this.bins - this.first);
  }

  /**
   * Shows the bins from `from` up to, but not including, `to`; at least {@linkcode FEWEST_BINS}.
   * `follows`: whether the time shown ends now from then on.
   */
  zoom(from: number, to: number, follows = false): void {
    const { first } = this;
    const size = Math.min(this.bins - first, Math.max(FEWEST_BINS, Math.round(to - from)));
    const start = Math.min(this.bins - size, Math.max(first, Math.round(from)));
    const isSame = start === this.#state.from && start + size === this.#state.to;
    if (isSame && follows === this.#state.follows) return;
    this.set({ from: start, to: start + size, follows });
  }

  /** Shows the time up to now, as much of it as is shown, and goes on with it; or stops that. */
  follow(follows: boolean): void {
    const { from, to } = this.#state;
    if (follows) this.zoom(this.bins - (to - from), this.bins, true);
    else this.set({ follows });
  }

  /** Shows newer data of a page that is live. Processes that are new are shown if all were. */
  update(data: ReportData): void {
    const { from, to, follows, processes } = this.#state;
    const { zoomed, data: { processes: before, bins: { width } } } = this;
    const [first, end] = [data.bins.first ?? 0, Math.max(1, data.bins.count)];
    const isOther = width !== data.bins.width;
    const shown = isOther || follows && !zoomed
      ? { from: first, to: end }
      : follows
      ? { from: Math.max(first, end - (to - from)), to: end }
      : {};
    const lines = new Set([...processes].map((process) => before[process]?.line));
    const isNewShown = (process: number): boolean =>
      processes.size === before.length || lines.has(data.processes[process]?.line);
    const added = [...data.processes.keys()].slice(before.length).filter(isNewShown);
    this.#recorded.clear();
    this.set({ data, ...shown, ...added.length > 0 && { processes: new Set([...processes, ...added]) } });
  }

  /** Shows a time range, in seconds since the report's `from`. */
  zoomToSeconds(from: number, to: number): void {
    this.zoom(Math.floor(from / this.binSeconds), Math.ceil(to / this.binSeconds));
  }

  /** Shows the whole time, and points nothing out. */
  resetZoom(): void {
    if (this.#state.pointedOut !== undefined) this.set({ pointedOut: undefined });
    this.zoom(this.first, this.bins, this.isLive);
  }

  /** Returns the seconds that bins cover; the report may end within the last bin. */
  seconds(from: number, to: number): number {
    const end = Math.min(to * this.binSeconds, this.data.span / 1e9);
    return Math.max(end - from * this.binSeconds, this.binSeconds * 1e-3);
  }

  /** Seconds in which at least one of some recorders recorded, in bins `from` to `to`; never 0. */
  recordedSeconds(recorders: readonly Recorder[], from: number, to: number): number {
    const { recorded } = this.recordedTimes(recorders);
    return Math.max(secondsWithin(recorded, from, to, this.data.bins.width), this.binSeconds * 1e-3);
  }

  /** When at least one of some recorders lived, and recorded. */
  recordedTimes(recorders: readonly Recorder[]): RecordedTimes {
    const key = recorders.map(({ process, pauses = "" }) => `${process} ${pauses}`).join(",");
    const known = this.#recorded.get(key) ?? recordedTimes(this.data, recorders);
    if (this.#recorded.size >= MOST_KNOWN) this.#recorded.clear();
    this.#recorded.set(key, known);
    return known;
  }

  /** The statistics of a series in the part shown; `undefined` if there is nothing in it. */
  statisticsOf(data: DurationData): SelectedStatistics | undefined {
    const { from, to, processes } = this.#state;
    const known = this.#statistics.get(data);
    if (known?.from === from && known.to === to && known.processes === processes) return known.statistics;
    // What is live has no exact quantiles of its whole time.
    const statistics = statisticsOf(data, this.#state, this.isLive ? Infinity : this.bins);
    this.#statistics.set(data, { from, to, processes, statistics });
    return statistics;
  }

  /** A series of durations as it is now: in a page that is live another object than before. */
  latest(series: DurationData): DurationData {
    return this.isLive ? this.data.durations.find(({ label }) => label === series.label) ?? series : series;
  }

  /** The same of another series. */
  latestQuantity(series: QuantityData): QuantityData {
    const isIt = ({ label, channel }: QuantityData): boolean => label === series.label && channel === series.channel;
    return this.isLive ? this.data.quantities.find(isIt) ?? series : series;
  }

  /** The processes of a line. */
  processesOf(line: number): number[] {
    return [...this.data.processes.keys()].filter((process) => this.data.processes[process]?.line === line);
  }

  /** The line of a process. */
  lineOf(process: number): number {
    return this.data.processes[process]?.line ?? 0;
  }

  /** Whether a series is shown. */
  shows(label: string): boolean {
    const { labelText, picked } = this.#state;
    return (picked.size === 0 || picked.has(label)) &&
      label.toLowerCase().includes(labelText.toLowerCase());
  }

  /** A sentence that says that no label is shown; `undefined` if some are. */
  get noLabelReason(): string | undefined {
    const { labelText, picked } = this.#state;
    if (this.data.durations.some(({ label }) => this.shows(label))) return undefined;
    return `No label${picked.size === 0 ? "" : " that was picked"} contains “${labelText}”.`;
  }

  /** Whether the time range or the processes shown, or the data, differ from `before`. */
  selectionChanged(before: State): boolean {
    const { from, to, processes, data } = this.#state;
    return from !== before.from || to !== before.to || processes !== before.processes || data !== before.data;
  }

  /** Whether charts look different from `before`. */
  chartsChanged(before: State): boolean {
    const { dark, pointedOut } = this.#state;
    return this.selectionChanged(before) || dark !== before.dark || pointedOut !== before.pointedOut;
  }

  /** Calls `listener` after each change. Returns a function that removes it. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#collected?.push(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `make`, and returns its result, and a function that removes the listeners it has added. */
  collect<Result>(make: () => Result): { readonly result: Result; readonly forget: () => void } {
    const outer = this.#collected;
    const own: Listener[] = this.#collected = [];
    try {
      return { result: make(), forget: () => own.forEach((listener) => this.#listeners.delete(listener)) };
    } finally {
      this.#collected = outer;
    }
  }
}
