/**
 * A database that `kymo ship` has filled, as the analysis sees it.
 *
 * @module
 */

import type { ProgramRecords } from "../programs/program_records.ts";
import type { FetchedRows } from "./fetched_rows.ts";

/** Which rows of a store are meant: those that meet all conditions. */
export interface StoredSelection {
  /** Earliest timepoint, inclusive, ns since 1970. */
  readonly from?: bigint;
  /** End, exclusive, ns since 1970. */
  readonly to?: bigint;
  /** Patterns of names of services, one of which must match. */
  readonly program?: readonly string[];
  /** Patterns of labels, one of which must match. */
  readonly labels?: readonly string[];
  /**
   * Which rows of the channel `runtime` are meant: all of them, whatever their labels; those with such
   * labels; or none. Those that say when recording was off are always meant.
   */
  readonly runtime?: "all" | "selected" | "switches";
  readonly pids?: readonly number[];
  readonly isolates?: readonly string[];
  readonly channels?: readonly string[];
}

/** The selection as it is, or with the labels that it leaves out, too. */
export function ofLabels({ labels, ...others }: StoredSelection, of: "all" | "selected"): StoredSelection {
  return labels === undefined || of === "all" ? others : { ...others, labels };
}

/** The rows of a store that a selection means, all as they were at one moment. Methods throw `StoreError`. */
export interface Store {
  /** Its address for people: without user and password. */
  readonly name: string;
  /** Reads the rows. */
  fetch(into: FetchedRows): Promise<void>;
  /** The time range of the rows; `undefined` if there are none. Moves nothing else. */
  range(): Promise<{ readonly first: bigint; readonly last: bigint } | undefined>;
  /**
   * The records of programs: of those with these isolates, and of up to 1,000 others that lived in the
   * time of the selection.
   */
  records(isolates: readonly string[]): Promise<ProgramRecords>;
  /** What the rows of the channels but `runtime` come to, computed by the store; absent if it cannot. */
  readonly series?: StoredSeries;
  /** Disconnects. Does not throw. */
  close(): Promise<void>;
}

/** The rows of all channels but `runtime`, of which a store moves only what they come to. */
export interface StoredSeries {
  /** The channels, sorted. */
  channels(): Promise<readonly string[]>;
  /** When each process recorded its first row. With all labels, also those that are not selected. */
  firstRows(labels: "all" | "selected"): Promise<readonly FirstRow[]>;
  /** Statistics of each series of a channel, ascending by label (and process). */
  describe(channel: string, query: SeriesQuery): Promise<readonly DescribedSeries[]>;
}

/** The first row of a process. */
export interface FirstRow {
  readonly pid: number;
  readonly isolate: string;
  readonly first: bigint;
}

/** What is asked of the series of a channel. */
export interface SeriesQuery {
  /** Whether each process is a series. */
  readonly byProcess: boolean;
  /** Whether the latest measurement of each is wanted, too: for that all are sorted. */
  readonly withLatest: boolean;
  /** Each from 0 to 1. */
  readonly quantiles: readonly number[];
  /** Equal parts of time whose rows are counted; the first and last count what lies outside, too. */
  readonly bins: { readonly from: bigint; readonly width: bigint; readonly length: number };
}

/** What the rows of a series come to. Only `rows` and `counts` include those of NaN. */
export interface DescribedSeries {
  readonly label: string;
  /** Only of one process. */
  readonly pid?: number;
  readonly isolate?: string;
  readonly rows: number;
  readonly count: number;
  readonly sum: number;
  /** NaN without rows other than NaN, as `max` and the quantiles. */
  readonly min: number;
  readonly max: number;
  /** By the rule of `statistics/quantiles.ts`. */
  readonly quantiles: readonly number[];
  /** The measurement with the latest timepoint; NaN if it was not asked for. */
  readonly latest: number;
  readonly first: bigint;
  readonly last: bigint;
  /** The indices of the bins that have rows, ascending, and how many, as texts with spaces between. */
  readonly bins: string;
  readonly counts: string;
}
