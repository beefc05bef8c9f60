/**
 * The view in the page's address, so that a link shows the same: what follows `#`, as
 * `time=2026-11-29T14:00:00Z/2026-11-29T14:05:00Z&find=orders&pick=…&process=4711-0a1b2c3d&label=…`.
 *
 * Times are absolute, and processes have their PID and isolate, so that a link means the same for
 * another report of the same recording, as far as that shows it.
 *
 * @module
 */

import type { ReportData } from "../../../shared/report_data.ts";
import type { Selection } from "../selection.ts";

/** The part of the state that is in the address. */
export interface LinkedView extends Selection {
  /** Labels must contain this text to be shown; case is ignored. */
  readonly labelText: string;
  /** Labels to be shown; all if empty. */
  readonly picked: ReadonlySet<string>;
  /** The label whose section was opened last. */
  readonly opened: string | undefined;
  /** Of a comparison: the verdict of the rows of its table; all if `undefined`. */
  readonly verdict?: string | undefined;
}

/** How a view is written in an address, and read from there. */
export interface ViewFormat {
  /** What follows `#`; empty for the whole. */
  readonly format: (view: LinkedView) => string;
  /** What is not understood is as in the whole. */
  readonly parse: (hash: string) => LinkedView;
}

/** The whole report. */
export function wholeView({ bins, processes }: ReportData): LinkedView {
  return {
    from: bins.first ?? 0,
    to: Math.max(1, bins.count),
    processes: new Set(processes.keys()),
    labelText: "",
    picked: new Set(),
    opened: undefined,
  };
}

/** The views of a report that is shown. */
export function viewsOf(store: { readonly data: ReportData }): ViewFormat {
  return {
    format: (view) => formatView(view, store.data),
    parse: (hash) => parseView(hash, store.data),
  };
}

/** What follows `#` in the address of a view; empty for the whole report. */
export function formatView(view: LinkedView, data: ReportData): string {
  const parameters = new URLSearchParams();
  const whole = wholeView(data);
  if (view.from !== whole.from || view.to !== whole.to) {
    parameters.set("time", [view.from, view.to].map((bin) => formatTime(timeOf(bin, data))).join("/"));
  }
  if (view.processes.size !== whole.processes.size) {
    // An empty value is none of them.
    const keys = [...new Set([...view.processes].map((process) => keyOf(data, process)))];
    for (const key of keys.length === 0 ? [""] : keys) parameters.append("process", key);
  }
  if (view.labelText !== "") parameters.set("find", view.labelText);
  for (const label of view.picked) parameters.append("pick", label);
  if (view.opened !== undefined) parameters.set("label", view.opened);
  return toHash(parameters);
}

/** What follows `#`: these may be in it, and are easier to read as they are. */
export function toHash(parameters: URLSearchParams): string {
  return parameters.toString().replaceAll("%2F", "/").replaceAll("%3A", ":");
}

/** The view of what follows `#`; what is not understood, or not in the report, is as in the whole. */
export function parseView(hash: string, data: ReportData): LinkedView {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const whole = wholeView(data);
  const [from, to] = (parameters.get("time") ?? "").split("/").map((time) => binAt(time, data));
  const isTime = from !== undefined && to !== undefined && from < to && to > whole.from && from < whole.to;
  const keys = new Set(parameters.getAll("process"));
  const processes = [...data.processes.keys()].filter((process) => keys.has(keyOf(data, process)));
  const labels = new Set(data.durations.map(({ label }) => label));
  const opened = parameters.get("label") ?? undefined;
  return {
    ...isTime ? { from: Math.max(whole.from, from), to: Math.min(whole.to, to) } : { from: whole.from, to: whole.to },
    // Of other programs than those of the report, nobody wants to see nothing.
    processes: processes.length > 0 || keys.has("") ? new Set(processes) : whole.processes,
    labelText: parameters.get("find") ?? "",
    picked: new Set(parameters.getAll("pick").filter((label) => labels.has(label))),
    opened: opened !== undefined && labels.has(opened) ? opened : undefined,
  };
}

function keyOf({ processes }: ReportData, process: number): string {
  const { pid, isolate } = processes[process]!;
  return isolate === "" ? `${pid}` : `${pid}-${isolate}`;
}

/** Epoch ns at which a bin begins. */
function timeOf(bin: number, { from, bins }: ReportData): bigint {
  return BigInt(from) + BigInt(Math.round(bin * bins.width));
}

const MILLISECOND = 1_000_000n;

/** ISO 8601, with as many decimals as there are. */
function formatTime(time: bigint): string {
  const whole = new Date(Number(time / MILLISECOND)).toISOString().slice(0, -1);
  return `${whole}${String(time % MILLISECOND).padStart(6, "0")}`.replace(/\.?0+$/, "") + "Z";
}

/** The bin that begins at a time; `undefined` of what is no time. */
function binAt(text: string, { from, bins }: ReportData): number | undefined {
  const [, second, fraction = ""] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  const ms = second === undefined ? NaN : Date.parse(`${second}Z`);
  if (Number.isNaN(ms)) return undefined;
  const time = BigInt(ms) * MILLISECOND + BigInt(fraction.padEnd(9, "0"));
  return Math.round(Number(time - BigInt(from)) / bins.width);
}
