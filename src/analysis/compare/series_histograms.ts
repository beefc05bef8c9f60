import { type Span, within } from "../../statistics/spans.ts";
import { readOffTimes } from "../frames/switches.ts";
import { literal } from "../duckdb/sql.ts";
import type { TelemetryFrame } from "../frames/telemetry_frame.ts";
import { BUCKETS, CELLS, TimedHistogram } from "./timed_histogram.ts";

/** The size, time range and quantiles of a series. */
export interface SeriesSpan {
  /** Observations other than NaN. */
  readonly count: number;
  /** First timepoint, ns since 1970. */
  readonly first: bigint;
  /** Last timepoint, ns since 1970. */
  readonly last: bigint;
  /**
   * Times from the first to the last timepoint in which it was not recorded, since recording was
   * off.
   */
  readonly off: readonly Span<bigint>[];
  readonly median: number;
  readonly p99: number;
}

/** Most pauses of a series that are left out of its time, the first ones. */
const MOST_PAUSES = 1_000;

/**
 * Reads the spans of all series of a frame, by label, in one scan, or two if recording was ever
 * off.
 */
export async function readSpans(frame: TelemetryFrame): Promise<Map<string, SeriesSpan>> {
  const table = await frame.sql(
    `SELECT Label, count(*) AS count, min(Timepoint) AS first, max(Timepoint) AS last,
      quantile_cont(Measurement, [0.5, 0.99]) AS quantiles
    FROM ${frame.relation} WHERE NOT isnan(Measurement) GROUP BY Label`,
  );
  const off = await readOffTimes(frame, frame.relation, await frame.pauses());
  return new Map(
    table.rows().map((row) => {
      const [label, first, last] = [row.Label as string, row.first as bigint, row.last as bigint];
      const [median, p99] = row.quantiles as [number, number];
      const pauses = within(off.get(label) ?? [], { from: first, to: last }).slice(0, MOST_PAUSES);
      return [label, { count: Number(row.count), first, last, off: pauses, median, p99 }];
    }),
  );
}

/**
 * Reads the histograms of some series of a frame, in the order of `labels`, in one scan. Their time
 * is that in which they were recorded: a pause is left out of it, and no time without samples.
 */
export async function readHistograms(
  frame: TelemetryFrame,
  spans: ReadonlyMap<string, SeriesSpan>,
  labels: readonly string[],
): Promise<TimedHistogram[]> {
  const series = labels.map((label, index) => {
    const { first, last, off } = spans.get(label)!;
    const width = (last - first - off.reduce((sum, { from, to }) => sum + (to - from), 0n)) / BigInt(CELLS) + 1n;
    return `(${literal(label)}, ${index}, '${first}'::BIGINT, '${width}'::BIGINT)`;
  });
  // Timepoints of a wrong clock may be farther apart than a BIGINT can hold.
  const isFar = labels.some((label) => spans.get(label)!.last - spans.get(label)!.first >= 2n ** 63n);
  const timepoint = isFar ? "Timepoint::HUGEINT" : "Timepoint";
  const pauses = labels.flatMap((label, index) => pausesInSql(spans.get(label)!, index));
  const lost = pauses.length === 0 ? "" : " - coalesce(lost + least(Timepoint, offTo) - offFrom, 0)";
  const { series: indices, cell, bucket, count } = (await frame.sql(
    `SELECT span.series AS series, ((${timepoint} - first${lost}) // width)::INTEGER AS cell,
      (${BUCKETS.indexInSql("Measurement")})::INTEGER AS bucket, count(*)::DOUBLE AS count
    FROM ${frame.relation} AS observation
    JOIN (VALUES ${series.join(", ")}) AS span(label, series, first, width) ON observation.Label = span.label
    ${pauses.length === 0 ? "" : joinInSql(pauses)}
    WHERE NOT isnan(Measurement)
    GROUP BY ALL ORDER BY series, cell, bucket`,
  )).columns() as Record<string, Int32Array | Float64Array>;
  let end = 0;
  return labels.map((_, index) => {
    const begin = end;
    while (indices![end] === index) end++;
    const part = (column: Int32Array | Float64Array): Int32Array | Float64Array => column.subarray(begin, end);
    return new TimedHistogram({ cells: part(cell!), buckets: part(bucket!), counts: part(count!) });
  });
}

/**
 * The pauses of a series as rows in SQL: its index, a pause, and the time that those before it
 * took.
 */
function pausesInSql({ off }: SeriesSpan, series: number): string[] {
  let lost = 0n;
  return off.map(({ from, to }) => {
    const row = `(${series}, '${from}'::BIGINT, '${to}'::BIGINT, '${lost}'::BIGINT)`;
    lost += to - from;
    return row;
  });
}

/** Joins the last pause before each row. */
function joinInSql(pauses: readonly string[]): string {
  return `ASOF LEFT JOIN (VALUES ${pauses.join(", ")}) AS pause(series, offFrom, offTo, lost)
    ON pause.series = span.series AND Timepoint >= offFrom`;
}
