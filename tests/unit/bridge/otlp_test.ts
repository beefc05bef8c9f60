import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import generated from "@opentelemetry/otlp-transformer/build/src/generated/root.js";
import { CLASSIC_BOUNDS, DurationHistogram } from "../../../src/bridge/duration_histogram.ts";
import type { Metric } from "../../../src/bridge/metric.ts";
import { DROPPED, PROGRAMS, SERVER_REQUESTS } from "../../../src/bridge/metric_kinds.ts";
import { numberMetric } from "../../../src/bridge/metric.ts";
import { encodeMetricsRequest, readMetricsResponse } from "../../../src/bridge/otlp/metrics_request.ts";
import { otlpOptions } from "../../../src/bridge/otlp/otlp_options.ts";
import { KymoError } from "../../../src/errors.ts";
import { decodeMetricsRequest, partialSuccess } from "../../support/bridge/otlp_decoder.ts";

// deno-lint-ignore no-explicit-any -- its types do not say what is in it
const official = generated as any;

function histogramOf(values: readonly number[]): DurationHistogram {
  const histogram = new DurationHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

const VALUES = [0, 1e-9, 0.001, 0.5, 1, 1, 300];
const ATTRIBUTES = { "http.route": '/é/"🎈', "http.request.method": "GET", "outcome": "ok" };
const METRICS: readonly Metric[] = [
  { ...SERVER_REQUESTS, type: "histogram", samples: [{ attributes: ATTRIBUTES, value: histogramOf(VALUES) }] },
  numberMetric(DROPPED, [[{}, 2 ** 40]]),
  numberMetric(PROGRAMS, [[{ state: "recording" }, 3], [{ state: "off" }, 0]]),
  numberMetric(DROPPED, []),
];
const OPTIONS = {
  resource: { "service.name": "kymo" },
  version: "1.2.3",
  began: 1_700_000_000_000_000_001n,
  now: 1_700_000_001_000_000_002n,
};

describe("the request of OTLP", () => {
  it("is what protobufjs reads with the public field numbers", () => {
    const { resource, metrics } = decodeMetricsRequest(
      encodeMetricsRequest(METRICS, { ...OPTIONS, histograms: "exponential" }),
    );
    assertEquals(resource, { "service.name": "kymo" });
    assertEquals([...metrics.keys()], ["http.server.request.duration", "kymo.dropped", "kymo.programs"]);
    const requests = metrics.get("http.server.request.duration")!;
    assertEquals([requests.kind, requests.unit, requests.temporality], ["exponentialHistogram", "s", 2]);
    const [point] = requests.points;
    assertEquals(point!.attributes, ATTRIBUTES);
    assertEquals([point!.count, point!.zeroCount, point!.startTimeUnixNano], [7, 1, String(OPTIONS.began)]);
    assertEquals(point!.sum, VALUES.reduce((sum, value) => sum + value, 0));
    const { offset, bucketCounts } = point!.positive!;
    assert(bucketCounts.length <= 160);
    // Each value is in the bucket that holds it, by the definition of the scale.
    const base = 2 ** (2 ** -point!.scale!);
    for (const value of VALUES.filter((value) => value > 0)) {
      const holds = bucketCounts.findIndex((count, i) =>
        count > 0 && value > base ** (offset + i) * (1 - 1e-12) && value <= base ** (offset + i + 1) * (1 + 1e-12)
      );
      assert(holds >= 0, `no bucket has ${value}`);
    }
    assertEquals(bucketCounts.reduce((sum, count) => sum + count), 6);
    const dropped = metrics.get("kymo.dropped")!;
    assertEquals([dropped.kind, dropped.temporality, dropped.isMonotonic, dropped.points[0]!.asDouble], [
      "sum",
      2,
      true,
      2 ** 40,
    ]);
    assertEquals(
      metrics.get("kymo.programs")!.points.map(({ attributes, asDouble }) => [attributes["state"], asDouble]),
      [
        ["recording", 3],
        ["off", 0],
      ],
    );
  });

  it("has classic histograms if it is told so", () => {
    const { metrics } = decodeMetricsRequest(encodeMetricsRequest(METRICS, { ...OPTIONS, histograms: "classic" }));
    const { kind, points: [point] } = metrics.get("http.server.request.duration")!;
    assertEquals([kind, point!.explicitBounds], ["histogram", CLASSIC_BOUNDS]);
    const counts = CLASSIC_BOUNDS.map((bound, i) =>
      VALUES.filter((value) => value <= bound && value > (CLASSIC_BOUNDS[i - 1] ?? -1)).length
    );
    assertEquals(point!.bucketCounts, [...counts, 1]);
  });

  it("is the same to the generated decoder of OpenTelemetry's own package", () => {
    for (const histograms of ["exponential", "classic"] as const) {
      const bytes = encodeMetricsRequest(METRICS, { ...OPTIONS, histograms });
      const type = official.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
      const theirs = type.decode(bytes);
      assertEquals(type.verify(theirs), null);
      // What they write of what they have read is what we wrote, in their order of fields.
      const again = decodeMetricsRequest(type.encode(theirs).finish());
      assertEquals(again, decodeMetricsRequest(bytes));
    }
  });

  it("is answered with what the collector did not take", () => {
    assertEquals(readMetricsResponse(new Uint8Array()), undefined);
    assertEquals(readMetricsResponse(partialSuccess(3, "too old")), { rejected: 3, message: "too old" });
    assertEquals(readMetricsResponse(partialSuccess(0, "")), undefined);
    assertEquals(readMetricsResponse(new TextEncoder().encode("not protobuf at all")), undefined);
  });
});

describe("a histogram of durations", () => {
  it("counts a bound to the bucket that it ends", () => {
    for (const [i, bound] of CLASSIC_BOUNDS.entries()) {
      assertEquals(histogramOf([bound]).classic.indexOf(1), i);
      assertEquals(histogramOf([bound * 1.000001]).classic.indexOf(1), i + 1);
    }
    assertEquals([...histogramOf([1, 2, 1.0001]).buckets], [[-1, 1], [15, 1], [0, 1]]);
  });

  it("takes what is no duration for 0 s, so that no sum falls", () => {
    const { count, sum, zero } = histogramOf([-1, NaN, Infinity, 2]);
    assertEquals([count, sum, zero], [4, 2, 3]);
  });

  it("has one sum, in whatever order the values come, since one that falls would count as a restart", () => {
    const values = Array.from({ length: 500 }, (_, i) => Number((i * 0.734_567_891).toFixed(9)));
    const { sum } = histogramOf(values);
    assertEquals(histogramOf(values.toReversed()).sum, sum);
    assertEquals(sum, 91_637.344_402_25);
  });

  it("is stored and read again as it is", () => {
    const histogram = histogramOf(VALUES);
    assertEquals(DurationHistogram.of(JSON.parse(JSON.stringify(histogram.stored))), histogram);
    for (const wrong of [null, {}, { ...histogram.stored, classic: [1] }, { ...histogram.stored, count: -1 }]) {
      assertEquals(DurationHistogram.of(wrong), undefined);
    }
  });
});

describe("the options of OTLP", () => {
  const options = (variables: Record<string, string>, url?: string) =>
    otlpOptions({ url, service: "kymo" }, { get: (name) => variables[name] });

  it("are none without an address", () => assertEquals(options({}), undefined));

  it("take the address from the argument or the environment, with the path that belongs to it", () => {
    assertEquals(options({}, "http://a:4318")?.url, "http://a:4318/v1/metrics");
    assertEquals(options({}, "http://a:4318/otlp/")?.url, "http://a:4318/otlp/");
    assertEquals(options({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://a/otlp/" })?.url, "http://a/otlp/v1/metrics");
    const both = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a", OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://b/x" };
    assertEquals(options(both)?.url, "http://b/x");
    assertEquals(options(both, "http://c")?.url, "http://c/v1/metrics");
  });

  it("take all else from the environment", () => {
    assertEquals(
      options({
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://a",
        OTEL_EXPORTER_OTLP_HEADERS: "x-a=1, authorization=Basic%20abc",
        OTEL_EXPORTER_OTLP_TIMEOUT: "5",
        OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: "7",
        OTEL_EXPORTER_OTLP_COMPRESSION: "none",
        OTEL_METRIC_EXPORT_INTERVAL: "1000",
        OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: "explicit_bucket_histogram",
        OTEL_RESOURCE_ATTRIBUTES: "zone=b,service.name=x",
        OTEL_SERVICE_NAME: "orders",
      }),
      {
        url: "http://a/v1/metrics",
        headers: { "x-a": "1", "authorization": "Basic abc" },
        timeout: 7,
        interval: 1_000,
        compression: "none",
        histograms: "classic",
        resource: { "zone": "b", "service.name": "orders" },
      },
    );
  });

  it("refuse what is wrong or not supported, without quoting headers", () => {
    const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a" };
    for (
      const wrong of [
        { OTEL_EXPORTER_OTLP_ENDPOINT: "a:4317" },
        { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
        { ...ENDPOINT, OTEL_EXPORTER_OTLP_COMPRESSION: "zstd" },
        { ...ENDPOINT, OTEL_EXPORTER_OTLP_TIMEOUT: "1s" },
        { ...ENDPOINT, OTEL_EXPORTER_OTLP_CERTIFICATE: "/x.pem" },
        { ...ENDPOINT, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta" },
        { ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: "secret" },
      ]
    ) {
      const error = assertThrows(() => options(wrong), KymoError);
      assertEquals(error.code, "invalid-argument");
      assert(!error.message.includes("secret"), error.message);
    }
  });
});
