/**
 * What is exported, in a form that Prometheus text, Prometheus protobuf and OTLP are all made of.
 *
 * @module
 */

import type { DurationHistogram } from "./duration_histogram.ts";

/** Attributes of OpenTelemetry, such as `http.route`; labels of Prometheus have `_` for dots. */
export type Attributes = Readonly<Record<string, string>>;

/** What a family of series is called, and what its values mean. */
export interface MetricKind {
  /** The name for Prometheus, with unit, and `_total` if it is a counter. */
  readonly name: string;
  /** The name for OpenTelemetry. */
  readonly otelName: string;
  /** Unit of UCUM, such as `s`, `By` or `{row}`. */
  readonly unit: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
}

/** A family with its series. No two of them have the same attributes. */
export type Metric =
  | MetricKind & {
    readonly type: "counter" | "gauge";
    readonly samples: readonly { readonly attributes: Attributes; readonly value: number }[];
  }
  | MetricKind & {
    readonly type: "histogram";
    readonly samples: readonly { readonly attributes: Attributes; readonly value: DurationHistogram }[];
  };

/** A family of numbers. */
export function numberMetric(
  kind: MetricKind,
  samples: readonly (readonly [attributes: Attributes, value: number])[],
): Metric {
  const type = kind.type === "counter" ? "counter" : "gauge";
  return { ...kind, type, samples: samples.map(([attributes, value]) => ({ attributes, value })) };
}
