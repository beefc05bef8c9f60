/**
 * The state of the page: what is looked at, and how. It is kept in memory only.
 *
 * @module
 */

import type { ReportData } from "../../shared/report_data.ts";
import type { Selection } from "./selection.ts";

/** All that the user can change. */
export interface State extends Selection {
  /** Shown labels contain this, whatever the case. */
  readonly labelText: string;
  /** Shown labels; all if empty. */
  readonly picked: ReadonlySet<string>;
  readonly dark: boolean;
}

type Listener = (state: State, before: State) => void;

/** Keeps the state, and tells of its changes. */
export class Store {
  #state: State;
  readonly #listeners = new Set<Listener>();

  /** The report. */
  readonly data: ReportData;

  constructor(data: ReportData, dark: boolean) {
    this.data = data;
    const pids = new Set(data.processes.map(({ pid }) => pid));
    this.#state = {
      from: 0,
      to: this.bins,
      pids,
      labelText: "",
      picked: new Set(),
      dark,
    };
  }

  /** What holds now. */
  get state(): State {
    return this.#state;
  }

  /** The number of bins of the whole report. */
  get bins(): number {
    return Math.max(1, this.data.bins.count);
  }

  /** Seconds in a bin. */
  get binSeconds(): number {
    return this.data.bins.width / 1e9;
  }

  /** Whether a part of the time is looked at. */
  get zoomed(): boolean {
    return this.#state.from > 0 || this.#state.to < this.bins;
  }

  /** Changes some of the state. */
  set(change: Partial<State>): void {
    const before = this.#state;
    this.#state = { ...before, ...change };
    for (const listener of this.#listeners) listener(this.#state, before);
  }

  /** Looks at the bins from one to behind another; as many as there are, and two at least. */
  zoom(from: number, to: number): void {
    const size = Math.min(this.bins, Math.max(2, Math.round(to - from)));
    const start = Math.min(this.bins - size, Math.max(0, Math.round(from)));
    if (start === this.#state.from && start + size === this.#state.to) return;
    this.set({ from: start, to: start + size });
  }

  /** Looks at a time, seconds since the beginning of the report. */
  zoomToSeconds(from: number, to: number): void {
    this.zoom(Math.floor(from / this.binSeconds), Math.ceil(to / this.binSeconds));
  }

  /** Looks at all of the time. */
  resetZoom(): void {
    this.zoom(0, this.bins);
  }

  /** Seconds that bins cover; the report may end within the last. */
  seconds(from: number, to: number): number {
    const end = Math.min(to * this.binSeconds, this.data.span / 1e9);
    return Math.max(end - from * this.binSeconds, this.binSeconds * 1e-3);
  }

  /** Whether a series is to be shown. */
  shows(label: string): boolean {
    const { labelText, picked } = this.#state;
    return (picked.size === 0 || picked.has(label)) &&
      label.toLowerCase().includes(labelText.toLowerCase());
  }

  /** That no label is shown, if so. */
  get noLabel(): string | undefined {
    const { labelText, picked } = this.#state;
    if (this.data.durations.some(({ label }) => this.shows(label))) return undefined;
    return `No label${picked.size === 0 ? "" : " that was picked"} contains “${labelText}”.`;
  }

  /** Whether another time or other processes are looked at than before. */
  looksElsewhere(before: State): boolean {
    const { from, to, pids } = this.#state;
    return from !== before.from || to !== before.to || pids !== before.pids;
  }

  /** Calls back after each change, until what this returns is called. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
