/**
 * What the page of `kymo live` is sent: first all there is, then each second what has changed. Times
 * are ns since `from`, as in a report, and the oldest bins are dropped as time goes on.
 *
 * @module
 */

import type { PackedBuckets } from "./packed_buckets.ts";
import type { DurationCells, LineData, MarkData, PauseData, ProcessData, QuantityCells } from "./report_data.ts";
import type { QuantityData, RequestData } from "./report_data.ts";

/** What does not change while the page is open. */
export interface LiveHead {
  /** What is followed, such as the monitoring directory. */
  readonly title: string;
  /** Version of Kymo. */
  readonly kymo: string;
  /** When following began: epoch ns, as a decimal string. */
  readonly from: string;
  /** The widths of bins that the page can ask for, the finest first. */
  readonly levels: readonly string[];
  /** The one that it has asked for. */
  readonly level: string;
}

/** Bins of a time axis of which the oldest are not kept. */
export interface LiveBins {
  /** Width of each, ns. */
  readonly width: number;
  /** The bin after the last, which may be partly in the future. */
  readonly count: number;
  /** The first bin that is kept; those before it may be dropped. */
  readonly first: number;
}

/** A message to the page. Lists that have not changed since the message before are absent. */
export interface LiveMessage {
  /** Only of a message that stands for all there is, and replaces what the page has. */
  readonly head?: LiveHead;
  /** Time from the beginning up to now, ns. */
  readonly span: number;
  /** Observations since the beginning. */
  readonly rows: number;
  readonly bins: LiveBins;
  readonly processes?: readonly ProcessData[];
  readonly lines?: readonly LineData[];
  readonly marks?: readonly MarkData[];
  /** When recording was off, and which series have other pauses than their process. */
  readonly pauses?: LivePauses;
  /** What cannot be shown and why, one sentence each. */
  readonly problems?: readonly string[];
  /** New series, and cells that are new or have changed. Each cell is whole. */
  readonly durations: readonly LiveDurations[];
  readonly quantities: readonly LiveQuantities[];
}

/** The lists of pauses, and the series that have another one than their process. */
export interface LivePauses {
  readonly lists: readonly PauseData[];
  readonly durations: readonly PausedSeries[];
  readonly quantities: readonly PausedSeries[];
}

/** The index of a list of pauses of a series in a process. */
export type PausedSeries = readonly [series: number, process: number, pauses: number];

/** Cells of a series of durations. */
export interface LiveDurations {
  /** Number of the series; its label is in the first message about it only. */
  readonly id: number;
  readonly label?: string;
  readonly request?: RequestData;
  readonly processes: readonly { readonly process: number; readonly cells: DurationCells<PackedBuckets> }[];
}

/** Cells of another series. */
export interface LiveQuantities {
  /** Number of the series; what it is stands in the first message about it only. */
  readonly id: number;
  readonly series?: Pick<QuantityData, "label" | "channel" | "unit" | "kind">;
  readonly processes: readonly QuantityCells[];
}
