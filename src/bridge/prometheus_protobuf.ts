/**
 * Metrics as Prometheus' protobuf format: the only one that can hold native histograms. A server asks for
 * it if it is to take these (`--enable-feature=native-histograms`).
 *
 * Field numbers are those of `io.prometheus.client` (client_model/io/prometheus/client/metrics.proto).
 *
 * @module
 */

import { denseBuckets, type DurationHistogram } from "./duration_histogram.ts";
import type { Attributes, Metric } from "./metric.ts";
import { ProtobufWriter } from "./protobuf.ts";
import { labelName } from "./prometheus_text.ts";

/** The value of `content-type`. */
export const PROTOBUF_CONTENT_TYPE =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

const TYPES = { counter: 0, gauge: 1, histogram: 4 } as const;

/** Whether a scraper takes this format. */
export function acceptsProtobuf(accept: string | undefined): boolean {
  return (accept ?? "").split(",").some((range) =>
    range.includes("application/vnd.google.protobuf") && range.includes("io.prometheus.client.MetricFamily") &&
    range.includes("delimited")
  );
}

/** The families, each with its length before it. Those without samples are left out. */
export function prometheusProtobuf(metrics: readonly Metric[]): Uint8Array<ArrayBuffer> {
  const stream = new ProtobufWriter();
  for (const metric of metrics) {
    if (metric.samples.length === 0) continue;
    const family = new ProtobufWriter().string(1, metric.name).string(2, metric.help).uint(3, TYPES[metric.type]);
    if (metric.type === "histogram") {
      for (const { attributes, value } of metric.samples) {
        family.message(4, (one) => labels(one, attributes).message(7, (histogram) => native(histogram, value)));
      }
    } else {
      const field = metric.type === "gauge" ? 2 : 3;
      for (const { attributes, value } of metric.samples) {
        family.message(4, (one) => labels(one, attributes).message(field, (holder) => holder.double(1, value)));
      }
    }
    stream.delimited(family);
  }
  return stream.bytes;
}

function labels(message: ProtobufWriter, attributes: Attributes): ProtobufWriter {
  for (const [name, value] of Object.entries(attributes)) {
    message.message(1, (label) => label.string(1, labelName(name)).string(2, value));
  }
  return message;
}

function native(message: ProtobufWriter, histogram: DurationHistogram): void {
  const { scale, offset, counts } = denseBuckets(histogram);
  message.uint(1, histogram.count).double(2, histogram.sum)
    .sint(5, scale).double(6, 0).uint(7, histogram.zero);
  // Without a span it would count as a classic histogram without buckets.
  // Bucket i of Prometheus ends where bucket i of OpenTelemetry begins.
  message.message(12, (span) => span.sint(1, counts.length === 0 ? 0 : offset + 1).uint(2, counts.length));
  message.packedSints(13, counts.map((count, place) => count - (counts[place - 1] ?? 0)));
}
