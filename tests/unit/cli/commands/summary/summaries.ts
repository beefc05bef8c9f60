import type { RuntimeSummary } from "../../../../../src/analysis/summary/runtime_summary.ts";
import { Pauses } from "../../../../../src/analysis/programs/pauses.ts";
import { NO_MARKS } from "../../../../../src/analysis/summary/marks.ts";
import type { SeriesSummary, Summary } from "../../../../../src/analysis/summary/summary.ts";
import type { SummaryLook } from "../../../../../src/cli/commands/summary/text.ts";

/** The time of the recordings of these tests: 10 s. */
const first = 1_700_000_000_000_000_000n;
const last = first + 10_000_000_000n;

/** A series of durations with these properties. */
export function seriesOf(properties: Partial<SeriesSummary>): SeriesSummary {
  return {
    channel: "duration",
    label: "work",
    rows: 1_000,
    count: 1_000,
    sum: 12,
    mean: 0.012,
    min: 0.001,
    max: 1.5,
    quantiles: [0.5, 0.9, 0.99, 0.999].map((q) => ({ q, value: q / 128 })),
    first,
    last,
    counts: [0, 500, 500],
    ...properties,
  };
}

/** A series of the runtime with these properties. */
export function runtimeOf(properties: Partial<RuntimeSummary>): RuntimeSummary {
  return {
    label: "rss",
    unit: "bytes",
    kind: "level",
    pid: 1,
    isolate: "",
    rows: 11,
    count: 11,
    first,
    last,
    mean: 2e6,
    min: 1e6,
    max: 3e6,
    sum: 22e6,
    latest: 2.5e6,
    ...properties,
  };
}

/** A summary with these properties, by default without series. */
export function summaryOf(properties: Partial<Summary>): Summary {
  return {
    rows: 1_000,
    range: { first, last },
    processes: [{ pid: 1, isolate: "" }],
    bins: { from: first, width: 2n ** 32n, length: 3 },
    durations: [],
    quantities: [],
    runtime: [],
    marks: NO_MARKS,
    pauses: Pauses.none,
    ...properties,
  };
}

/** An unlimited terminal without colours. */
export const look: SummaryLook = {
  sources: ["_monitoring"],
  reading: { files: 2, spools: 0, databases: 0, unread: 0, problems: [], copies: [], gone: [] },
  sort: "total",
  columns: [],
  byProcess: false,
  programs: [],
  remarks: [],
  top: 100,
  hasColors: false,
};
