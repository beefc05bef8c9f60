/** What is told of many measurements. */
export interface Statistics {
  /** How many. */
  readonly count: number;
  /** Their sum. */
  readonly total: number;
  /** Their mean. */
  readonly mean: number;
  /** Half are not above it. */
  readonly p50: number;
  /** 95 in 100 are not above it. */
  readonly p95: number;
  /** 99 in 100 are not above it. */
  readonly p99: number;
  /** The largest. */
  readonly max: number;
}

/** Describes at least one measurement. Quantiles are by nearest rank, so each is a measurement that was made. */
export function describe(measurements: readonly number[]): Statistics {
  const sorted = Float64Array.from(measurements).sort();
  const count = sorted.length;
  const total = sorted.reduce((sum, value) => sum + value, 0);
  const quantile = (q: number) => sorted[Math.max(0, Math.ceil(q * count) - 1)]!;
  return {
    count,
    total,
    mean: total / count,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
    max: quantile(1),
  };
}
