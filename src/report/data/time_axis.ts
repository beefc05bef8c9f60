/**
 * The time axis of a report.
 *
 * @module
 */

import { KymoError } from "../../errors.ts";
import { Pauses } from "../../analysis/programs/pauses.ts";
import { parseProcessKey } from "../../files/names.ts";
import type { Source } from "./source.ts";

/** The time range that a report shows. */
export interface ShownTime {
  /** First timepoint, epoch ns. */
  readonly from: bigint;
  /** Last timepoint, epoch ns. */
  readonly to: bigint;
  /** Number of rows that are not shown, because they are far from all others. */
  readonly outside: number;
}

/** Bins of a time axis. */
export interface Bins {
  /** Width of each, ns. */
  readonly width: number;
  /** Number of bins. */
  readonly count: number;
}

/** Maximum number of bins: what a wide screen shows without zooming. */
export const MAX_BINS = 800;

/** Minimum number of bins, if there are enough rows: fewer would hide when something happened. */
export const MIN_BINS = 100;

/** Minimum number of rows per bin: fewer show little more than noise. */
const ROWS_PER_BIN = 32;

const SECOND = 1e9;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Widths of bins that are easy to read, ns, ascending. */
const niceWidths: readonly number[] = [
  ...Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat(),
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364, 1820, 3640, 18_200, 36_400].map((days) => days * DAY),
];

/** Returns the possible axes for `span` ns with this many rows, the finest first; at least one. */
export function possibleBins(span: number, rows: number): readonly Bins[] {
  const axes = niceWidths.map((width) => ({ width, count: Math.floor(span / width) + 1 }));
  const most = Math.min(MAX_BINS, Math.max(MIN_BINS, Math.floor(rows / ROWS_PER_BIN)));
  const fine = axes.filter(({ count }) => count <= most);
  const possible = fine.filter(({ count }) => count >= MIN_BINS / 2);
  return possible.length > 0 ? possible : fine.slice(0, 1);
}

/** Maximum difference of timepoints, ns: it must fit into 64 bits. */
const MAX_SPAN = 9e18;

/** Number of parts that the time is divided into, to find empty ones. */
const PARTS = 1_000;

/** A gap of more than this share of the time, … */
const GAP_SHARE = 0.9;

/** … with less than this share of the rows beyond it, is due to a wrong clock or a damaged file. */
const STRAY_SHARE = 0.001;

/**
 * A pause of recording up to this length explains a gap; a longer one may be due to a wrong clock,
 * too.
 */
const LONGEST_PAUSE = 100n * 86_400_000_000_000n;

/**
 * Reads the time range of the rows, without a few stray rows that would leave no room for the
 * others: those beyond a gap in which recording was not off. `undefined` if there are no rows.
 *
 * @throws {KymoError} `"invalid-argument"` if it is longer than 285 years.
 */
export async function readShownTime(source: Source, pauses = Pauses.none): Promise<ShownTime | undefined> {
  let outside = 0;
  let rest = source;
  for (;;) {
    const [range] = await rest.rows<{ first: bigint | null; last: bigint | null }>(
      `SELECT min(Timepoint) AS first, max(Timepoint) AS last FROM ${rest.relation}`,
    );
    if (range === undefined || range.first === null || range.last === null) return undefined;
    const { first, last } = range;
    const span = Math.max(1, Number(last - first));
    const parts = await rest.rows<{ part: number; rows: number }>(
      `SELECT least(floor((Timepoint::DOUBLE - ${first}::DOUBLE) / ${span}::DOUBLE * ${PARTS}), ${
        PARTS - 1
      }) AS part, ` +
        `count(*)::DOUBLE AS rows FROM ${rest.relation} GROUP BY part ORDER BY part`,
    );
    const at = (part: number): bigint => first + BigInt(Math.round(span / PARTS * part));
    const stray = findStrays(parts, (begin, end) => explains(pauses, at(begin), at(end)));
    if (stray === undefined) {
      if (span > MAX_SPAN) {
        throw new KymoError(
          "invalid-argument",
          `Cannot report: timepoints ${first} and ${last}: more than 285 years apart, select a shorter time`,
        );
      }
      return { from: first, to: last, outside };
    }
    outside += stray.rows;
    const edge = at(stray.edge);
    rest = rest.where(stray.before ? `Timepoint >= ${edge}` : `Timepoint < ${edge}`);
  }
}

/** A few rows on one side of a large gap. */
interface Strays {
  readonly rows: number;
  /** Whether they are before the gap. */
  readonly before: boolean;
  /** A part within the gap. */
  readonly edge: number;
}

/** Whether recording of a process was off from one time to another. */
function explains(pauses: Pauses, from: bigint, to: bigint): boolean {
  return to - from < LONGEST_PAUSE &&
    pauses.processes.some((key) =>
      pauses.of(parseProcessKey(key)).some((pause) => pause.from <= from && pause.to >= to)
    );
}

/**
 * Finds strays by the number of rows in each part of the time; parts without rows are left out.
 * `isPaused`: whether recording was off from one part to another.
 */
export function findStrays(
  parts: readonly { readonly part: number; readonly rows: number }[],
  isPaused: (from: number, to: number) => boolean = () => false,
): Strays | undefined {
  const total = parts.reduce((sum, { rows }) => sum + rows, 0);
  let before = 0;
  for (const [i, { part, rows }] of parts.entries()) {
    before += rows;
    const next = parts[i + 1]?.part ?? part;
    if (next - part <= GAP_SHARE * PARTS || isPaused(part + 1, next)) continue;
    if (before < STRAY_SHARE * total) return { rows: before, before: true, edge: next - 0.5 };
    if (total - before < STRAY_SHARE * total) return { rows: total - before, before: false, edge: part + 1.5 };
  }
  return undefined;
}
