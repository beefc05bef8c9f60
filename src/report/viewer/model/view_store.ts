/**
 * The state of the page, kept in memory only.
 *
 * @module
 */

import type { Span } from "../../../statistics/spans.ts";
import type { ReportData } from "../../shared/report_data.ts";
import { type RecordedTimes, recordedTimes, type Recorder, secondsWithin } from "./recorded.ts";
import { type LinkedView, wholeView } from "./view_hash.ts";

/** Everything that the user can change. */
export interface State extends LinkedView {
  /** The time that a finding is about, which is marked on all charts; ns since the report's `from`. */
  readonly pointedOut: Span<number> | undefined;
  readonly dark: boolean;
}

/** Most sets of recorders whose times are kept: charts ask for the same ones again and again. */
const MOST_KNOWN = 1_000;

/** Fewest bins that are shown: one alone would be a single point of each line. */
export const FEWEST_BINS = 2;

type Listener = (state: State, before: State) => void;

/** Keeps the state, and notifies listeners of changes. */
export class ViewStore {
  #state: State;
  readonly #listeners = new Set<Listener>();
  readonly #recorded = new Map<string, RecordedTimes>();

  /** The report. */
  readonly data: ReportData;

  constructor(data: ReportData, dark: boolean) {
    this.data = data;
    this.#state = { ...wholeView(data), pointedOut: undefined, dark };
  }

  /** The current state. */
  get state(): State {
    return this.#state;
  }

  /** The number of bins of the whole report. */
  get bins(): number {
    return Math.max(1, this.data.bins.count);
  }

  /** Width of a bin, seconds. */
  get binSeconds(): number {
    return this.data.bins.width / 1e9;
  }

  /** Whether only a part of the time is shown. */
  get zoomed(): boolean {
    return this.#state.from > 0 || this.#state.to < this.bins;
  }

  /** Changes a part of the state. */
  set(change: Partial<State>): void {
    const before = this.#state;
    this.#state = { ...before, ...change };
    for (const listener of this.#listeners) listener(this.#state, before);
  }

  /** Whether fewer bins cannot be shown. */
  get atFinest(): boolean {
    return this.#state.to - this.#state.from <= Math.min(FEWEST_BINS, this.bins);
  }

  /** Shows the bins from `from` up to, but not including, `to`; at least {@linkcode FEWEST_BINS}. */
  zoom(from: number, to: number): void {
    const size = Math.min(this.bins, Math.max(FEWEST_BINS, Math.round(to - from)));
    const start = Math.min(this.bins - size, Math.max(0, Math.round(from)));
    if (start === this.#state.from && start + size === this.#state.to) return;
    this.set({ from: start, to: start + size });
  }

  /** Shows a time range, in seconds since the report's `from`. */
  zoomToSeconds(from: number, to: number): void {
    this.zoom(Math.floor(from / this.binSeconds), Math.ceil(to / this.binSeconds));
  }

  /** Shows the whole time, and points nothing out. */
  resetZoom(): void {
    if (this.#state.pointedOut !== undefined) this.set({ pointedOut: undefined });
    this.zoom(0, this.bins);
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

  /** Whether the time range or the processes shown differ from `before`. */
  selectionChanged(before: State): boolean {
    const { from, to, processes } = this.#state;
    return from !== before.from || to !== before.to || processes !== before.processes;
  }

  /** Whether charts look different from `before`. */
  chartsChanged(before: State): boolean {
    const { dark, pointedOut } = this.#state;
    return this.selectionChanged(before) || dark !== before.dark || pointedOut !== before.pointedOut;
  }

  /** Calls `listener` after each change. Returns a function that removes it. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
