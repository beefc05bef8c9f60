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
  readonly median: number;
  readonly p99: number;
}

/** Reads the spans of all series of a frame, by label, in one scan. */
export async function readSpans(frame: TelemetryFrame): Promise<Map<string, SeriesSpan>> {
  const table = await frame.sql(
    `SELECT Label, count(*) AS count, min(Timepoint) AS first, max(Timepoint) AS last,
      quantile_cont(Measurement, [0.5, 0.99]) AS quantiles
    FROM ${frame.relation} WHERE NOT isnan(Measurement) GROUP BY Label`,
  );
  return new Map(
    table.rows().map(({ Label, count, first, last, quantiles }) => {
      const [median, p99] = quantiles as [number, number];
      return [Label as string, { count: Number(count), first: first as bigint, last: last as bigint, median, p99 }];
    }),
  );
}

/** Reads the histograms of some series of a frame, in the order of `labels`, in one scan. */
export async function readHistograms(
  frame: TelemetryFrame,
  spans: ReadonlyMap<string, SeriesSpan>,
  labels: readonly string[],
): Promise<TimedHistogram[]> {
  const series = labels.map((label, index) => {
    const { first, last } = spans.get(label)!;
    const width = (last - first) / BigInt(CELLS) + 1n;
    return `(${literal(label)}, ${index}, '${first}'::BIGINT, '${width}'::BIGINT)`;
  });
  // Timepoints of a wrong clock may be farther apart than a BIGINT can hold.
  const isFar = labels.some((label) => spans.get(label)!.last - spans.get(label)!.first >= 2n ** 63n);
  const timepoint = isFar ? "Timepoint::HUGEINT" : "Timepoint";
  const { series: indices, cell, bucket, count } = (await frame.sql(
    `SELECT series, ((${timepoint} - first) // width)::INTEGER AS cell,
      (${BUCKETS.indexInSql("Measurement")})::INTEGER AS bucket, count(*)::DOUBLE AS count
    FROM ${frame.relation} AS observation
    JOIN (VALUES ${series.join(", ")}) AS span(label, series, first, width) ON observation.Label = span.label
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
