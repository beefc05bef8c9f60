/**
 * Metrics as `ExportMetricsServiceRequest` of OpenTelemetry's protocol 1.x, and the answer to it.
 *
 * Everything is cumulative since the state of the bridge began, so that a push that is repeated says the
 * same, and one that is lost is made up for by the next.
 *
 * Field numbers are those of opentelemetry-proto (opentelemetry/proto/metrics/v1/metrics.proto).
 *
 * @module
 */

import { CLASSIC_BOUNDS, denseBuckets, type DurationHistogram } from "../duration_histogram.ts";
import type { Attributes, Metric } from "../metric.ts";
import { ProtobufWriter } from "../protobuf.ts";

/** `AGGREGATION_TEMPORALITY_CUMULATIVE` */
const CUMULATIVE = 2;

/** What surrounds the metrics. */
export interface MetricsRequestOptions {
  /** Attributes of what is measured, such as `service.name`. */
  readonly resource: Attributes;
  /** Kymo's version. */
  readonly version: string;
  /** When counting began, and now; ns since 1970. */
  readonly began: bigint;
  readonly now: bigint;
  readonly histograms: "exponential" | "classic";
}

/** The bytes of a request. Families without samples are left out. */
export function encodeMetricsRequest(
  metrics: readonly Metric[],
  { resource, version, began, now, histograms }: MetricsRequestOptions,
): Uint8Array<ArrayBuffer> {
  const times = (point: ProtobufWriter): ProtobufWriter => point.fixed64(2, began).fixed64(3, now);
  return new ProtobufWriter().message(1, (resourceMetrics) => {
    resourceMetrics.message(1, (message) => attributesIn(message, 1, resource));
    resourceMetrics.message(2, (scope) => {
      scope.message(1, (message) => message.string(1, "kymo").string(2, version));
      for (const metric of metrics) {
        if (metric.samples.length > 0) scope.message(2, (message) => oneMetric(message, metric, histograms, times));
      }
    });
  }).bytes;
}

function oneMetric(
  message: ProtobufWriter,
  metric: Metric,
  histograms: MetricsRequestOptions["histograms"],
  times: (point: ProtobufWriter) => ProtobufWriter,
): void {
  message.string(1, metric.otelName).string(2, metric.help).string(3, metric.unit);
  if (metric.type === "histogram") {
    const isExponential = histograms === "exponential";
    message.message(isExponential ? 10 : 9, (data) => {
      for (const { attributes, value } of metric.samples) {
        data.message(1, (point) => {
          attributesIn(point, isExponential ? 1 : 9, attributes);
          times(point).fixed64(4, BigInt(value.count)).double(5, value.sum);
          if (isExponential) exponential(point, value);
          else point.packedFixed64(6, value.classic).packedDoubles(7, CLASSIC_BOUNDS);
        });
      }
      data.uint(2, CUMULATIVE);
    });
    return;
  }
  message.message(metric.type === "counter" ? 7 : 5, (data) => {
    for (const { attributes, value } of metric.samples) {
      data.message(1, (point) => attributesIn(times(point).double(4, value), 7, attributes));
    }
    if (metric.type === "counter") data.uint(2, CUMULATIVE).uint(3, 1);
  });
}

function exponential(point: ProtobufWriter, histogram: DurationHistogram): void {
  const { scale, offset, counts } = denseBuckets(histogram);
  point.sint(6, scale).fixed64(7, BigInt(histogram.zero))
    .message(8, (buckets) => buckets.sint(1, offset).packedUints(2, counts));
}

function attributesIn(message: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const [key, text] of Object.entries(attributes)) {
    message.message(field, (pair) => pair.string(1, key).message(2, (value) => value.string(1, text)));
  }
}

/** What a collector did not take of a push that it took. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

/**
 * Reads `ExportMetricsServiceResponse`; `undefined` if all was taken, and for bytes that are none: they
 * came with a status of success.
 */
export function readMetricsResponse(bytes: Uint8Array): PartialSuccess | undefined {
  const partial = fieldsOf(bytes).get(1);
  if (!(partial instanceof Uint8Array)) return undefined;
  const fields = fieldsOf(partial);
  const [rejected, text] = [fields.get(1), fields.get(2)];
  const message = text instanceof Uint8Array ? new TextDecoder().decode(text.subarray(0, MAX_MESSAGE)) : "";
  const count = typeof rejected === "number" ? rejected : 0;
  return count === 0 && message === "" ? undefined : { rejected: count, message };
}

const MAX_MESSAGE = 500;

/** The last value of each field of a message, as far as it can be read. */
function fieldsOf(bytes: Uint8Array): ReadonlyMap<number, number | Uint8Array> {
  const fields = new Map<number, number | Uint8Array>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const type = tag % 8;
    if (type === 0) fields.set(field, varint());
    else if (type === 2) {
      const length = varint();
      fields.set(field, bytes.subarray(at, at + length));
      at += length;
    } else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else break;
  }
  return fields;
}
