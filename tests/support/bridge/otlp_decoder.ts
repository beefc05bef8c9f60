import protobuf from "protobufjs";

/** The messages of opentelemetry-proto that carry metrics, with their public field numbers. */
const SCHEMA = `
syntax = "proto3";
message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; string schema_url = 3; }
message InstrumentationScope { string name = 1; string version = 2; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; } }
message Metric {
  string name = 1; string description = 2; string unit = 3;
  oneof data {
    Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; ExponentialHistogram exponential_histogram = 10;
  }
}
message Gauge { repeated NumberDataPoint data_points = 1; }
message Sum { repeated NumberDataPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Histogram { repeated HistogramDataPoint data_points = 1; int32 aggregation_temporality = 2; }
message ExponentialHistogram {
  repeated ExponentialHistogramDataPoint data_points = 1; int32 aggregation_temporality = 2;
}
message NumberDataPoint {
  fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; repeated KeyValue attributes = 7;
  oneof value { double as_double = 4; sfixed64 as_int = 6; }
}
message HistogramDataPoint {
  fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; double sum = 5;
  repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; repeated KeyValue attributes = 9;
}
message ExponentialHistogramDataPoint {
  repeated KeyValue attributes = 1; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4;
  double sum = 5; sint32 scale = 6; fixed64 zero_count = 7; Buckets positive = 8; Buckets negative = 9;
  message Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; }
}
message ExportMetricsServiceResponse { ExportMetricsPartialSuccess partial_success = 1; }
message ExportMetricsPartialSuccess { int64 rejected_data_points = 1; string error_message = 2; }
`;

const { root } = protobuf.parse(SCHEMA);
const Request = root.lookupType("ExportMetricsServiceRequest");
const Response = root.lookupType("ExportMetricsServiceResponse");

/** A data point; whole numbers of 64 bits are numbers. */
export interface DecodedPoint {
  readonly attributes: Readonly<Record<string, string>>;
  readonly startTimeUnixNano: string;
  readonly asDouble?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly scale?: number;
  readonly zeroCount?: number;
  readonly positive?: { readonly offset: number; readonly bucketCounts: readonly number[] };
  readonly bucketCounts?: readonly number[];
  readonly explicitBounds?: readonly number[];
}

/** A metric with the kind of its data. */
export interface DecodedMetric {
  readonly kind: string;
  readonly unit: string;
  readonly temporality: number;
  readonly isMonotonic: boolean;
  readonly points: readonly DecodedPoint[];
}

// deno-lint-ignore no-explicit-any -- what protobufjs returns has no types
type Decoded = any;

/** The metrics of a request by name, and the attributes of its only resource. */
export function decodeMetricsRequest(bytes: Uint8Array): {
  readonly resource: Readonly<Record<string, string>>;
  readonly metrics: ReadonlyMap<string, DecodedMetric>;
} {
  const request: Decoded = Request.toObject(Request.decode(bytes), { longs: String, defaults: false });
  const [only] = request.resourceMetrics;
  const metrics = new Map<string, DecodedMetric>();
  for (const metric of only.scopeMetrics[0].metrics) {
    if (metrics.has(metric.name)) throw new Error(`${metric.name} comes twice`);
    const [kind, data]: [string, Decoded] = Object.entries(metric).find(([, value]) => typeof value === "object") as [
      string,
      Decoded,
    ];
    metrics.set(metric.name, {
      kind,
      unit: metric.unit,
      temporality: data.aggregationTemporality ?? 0,
      isMonotonic: data.isMonotonic ?? false,
      points: data.dataPoints.map(pointOf),
    });
  }
  return { resource: attributesOf(only.resource.attributes), metrics };
}

function pointOf({ attributes, count, zeroCount, positive, bucketCounts, ...rest }: Decoded): DecodedPoint {
  return {
    ...rest,
    attributes: attributesOf(attributes ?? []),
    ...count === undefined ? {} : { count: Number(count) },
    ...zeroCount === undefined ? {} : { zeroCount: Number(zeroCount) },
    ...bucketCounts === undefined ? {} : { bucketCounts: bucketCounts.map(Number) },
    ...positive === undefined ? {} : {
      positive: { offset: positive.offset ?? 0, bucketCounts: (positive.bucketCounts ?? []).map(Number) },
    },
  };
}

function attributesOf(attributes: Decoded): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }: Decoded) => [key, value.stringValue]));
}

/** An answer that takes a part only. */
export function partialSuccess(rejectedDataPoints: number, errorMessage: string): Uint8Array {
  return Response.encode(Response.create({ partialSuccess: { rejectedDataPoints, errorMessage } })).finish();
}
