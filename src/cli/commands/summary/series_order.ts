import type { SeriesSummary } from "../../../analysis/summary/summary.ts";
import { KymoError, quote } from "../../../errors.ts";
import { parseQuantile, quantileName } from "../../../statistics/quantiles.ts";

/**
 * What series are ordered by: a number, the largest first, or the label. A quantile has the name of
 * its column.
 */
export type SortKey = "total" | "count" | "mean" | "max" | "label" | `p${string}`;

/** The keys that are not quantiles. */
const keys: readonly string[] = ["total", "count", "mean", "max", "label"];

/** Parses quantiles such as `0.5,0.99` or `p50,p99`; ascending, each once. */
export function parseQuantiles(text: string): number[] {
  const quantiles = text.split(",").map((part) => {
    const q = parseQuantile(part.trim());
    if (q !== undefined) return q;
    throw new KymoError(
      "invalid-argument",
      `Cannot summarize: --quantiles must be a list such as 0.5,0.99 or p50,p99: ${quote(text)}`,
    );
  });
  return [...new Set(quantiles)].sort((one, other) => one - other);
}

/** Parses the order of series; `quantiles` are those of the summary. */
export function parseSortKey(text: string, quantiles: readonly number[]): SortKey {
  const names = [...keys.slice(0, 3), ...quantiles.map(quantileName), ...keys.slice(3)];
  if (names.includes(text)) return text as SortKey;
  throw new KymoError(
    "invalid-argument",
    `Cannot summarize: --sort must be one of ${names.join(", ")}: ${quote(text)}`,
  );
}

/** Series in an order; NaN last. */
export function sorted(series: readonly SeriesSummary[], key: SortKey): SeriesSummary[] {
  if (key === "label") return [...series];
  return series.toSorted((one, other) => {
    const [a, b] = [valueOf(one, key), valueOf(other, key)];
    return a === b || Number.isNaN(a) && Number.isNaN(b)
      ? 0
      : Number.isNaN(a)
      ? 1
      : Number.isNaN(b)
      ? -1
      : b > a
      ? 1
      : -1;
  });
}

function valueOf(series: SeriesSummary, key: Exclude<SortKey, "label">): number {
  if (key === "total") return series.sum;
  if (key === "count" || key === "mean" || key === "max") return series[key];
  return series.quantiles.find(({ q }) => quantileName(q) === key)?.value ?? NaN;
}
