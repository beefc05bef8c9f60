/**
 * Where metrics are pushed and how: from the arguments, and from the environment variables that
 * OpenTelemetry has defined for its exporters. Those for metrics alone come before those for all signals.
 *
 * @module
 */

import { KymoError, quote } from "../../errors.ts";
import type { Environment } from "../../runtime.ts";
import type { Attributes } from "../metric.ts";

/** How metrics are pushed. */
export interface OtlpOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** ms that an attempt may take. */
  readonly timeout: number;
  /** ms between two pushes. */
  readonly interval: number;
  readonly compression: "gzip" | "none";
  readonly histograms: "exponential" | "classic";
  readonly resource: Attributes;
}

/** What the arguments say. */
export interface OtlpArguments {
  /** The address of the collector, with or without the path. */
  readonly url?: string | undefined;
  readonly histograms?: "exponential" | "classic" | undefined;
  /** What the resource is called if the environment says nothing. */
  readonly service: string;
}

const PATH = "/v1/metrics";
const TIMEOUT = 10_000;
const INTERVAL = 60_000;

/** Names of variables after `OTEL_EXPORTER_OTLP_`. */
type Variable = "ENDPOINT" | "HEADERS" | "TIMEOUT" | "COMPRESSION" | "PROTOCOL" | "CERTIFICATE" | "CLIENT_KEY";

/**
 * The options; `undefined` if neither the arguments nor the environment have an address.
 *
 * @throws {KymoError} `"invalid-argument"` if something is wrong, or is not supported.
 */
export function otlpOptions(given: OtlpArguments, environment: Pick<Environment, "get">): OtlpOptions | undefined {
  const variable = (name: string): string | undefined => environment.get(name) || undefined;
  const exporter = (name: Variable): readonly [name: string, value: string] | undefined => {
    for (const full of [`OTEL_EXPORTER_OTLP_METRICS_${name}`, `OTEL_EXPORTER_OTLP_${name}`]) {
      const value = variable(full);
      if (value !== undefined) return [full, value];
    }
    return undefined;
  };
  const url = urlOf(given.url, exporter("ENDPOINT"));
  if (url === undefined) return undefined;
  const [protocolName, protocol] = exporter("PROTOCOL") ?? ["", "http/protobuf"];
  if (protocol !== "http/protobuf") throw wrong(protocolName, protocol, "only http/protobuf is spoken");
  const certificate = exporter("CERTIFICATE") ?? exporter("CLIENT_KEY");
  if (certificate !== undefined) {
    throw wrong(...certificate, "certificates are those of the runtime, such as DENO_CERT and NODE_EXTRA_CA_CERTS");
  }
  const [compressionName, compression] = exporter("COMPRESSION") ?? ["", "gzip"];
  if (compression !== "gzip" && compression !== "none") throw wrong(compressionName, compression, "not gzip or none");
  const temporality = variable(TEMPORALITY);
  if (temporality !== undefined && temporality.toLowerCase() !== "cumulative") {
    throw wrong(TEMPORALITY, temporality, "sums are cumulative, so that nothing is lost with a push");
  }
  return {
    url,
    headers: headersOf(exporter("HEADERS")),
    timeout: milliseconds(exporter("TIMEOUT"), TIMEOUT),
    interval: milliseconds(named(INTERVAL_NAME, variable(INTERVAL_NAME)), INTERVAL),
    compression,
    histograms: given.histograms ?? histogramsOf(variable(AGGREGATION)),
    resource: resourceOf(variable("OTEL_RESOURCE_ATTRIBUTES"), variable("OTEL_SERVICE_NAME"), given.service),
  };
}

const TEMPORALITY = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
const AGGREGATION = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
const INTERVAL_NAME = "OTEL_METRIC_EXPORT_INTERVAL";

function named(name: string, value: string | undefined): readonly [string, string] | undefined {
  return value === undefined ? undefined : [name, value];
}

function wrong(name: string, value: string, reason: string): KymoError {
  return new KymoError("invalid-argument", `Cannot push: ${name}: ${quote(value)}: ${reason}`);
}

/** The path belongs to the variable for metrics alone; to the others it is added. */
function urlOf(given: string | undefined, fromEnvironment: readonly [string, string] | undefined): string | undefined {
  const [name, text] = given === undefined ? fromEnvironment ?? [] : ["--otlp", given];
  if (name === undefined || text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw wrong(name, text, "not an address such as http://host:4318");
  }
  const isWhole = name.includes("_METRICS_") || given !== undefined && url.pathname !== "/";
  if (!isWhole) url.pathname = url.pathname.replace(/\/+$/, "") + PATH;
  return url.href;
}

function headersOf(given: readonly [string, string] | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  if (given === undefined) return headers;
  // What is wrong is not quoted: it may be a secret.
  const invalid = (): KymoError => new KymoError("invalid-argument", `Cannot push: ${given[0]}: not name=value,…`);
  for (const pair of pairsIn(given[1])) {
    if (pair === undefined) throw invalid();
    const [name, value] = pair;
    try {
      new Headers([[name, headers[name] = decodeURIComponent(value)]]);
    } catch {
      throw invalid();
    }
  }
  return headers;
}

/** The pairs of `name=value,…`, as they are written; `undefined` for what is none. */
function pairsIn(text: string): (readonly [name: string, value: string] | undefined)[] {
  return text.split(",").filter((pair) => pair.trim() !== "").map((pair) => {
    const [, name, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    return name === undefined || value === undefined ? undefined : [name, value];
  });
}

/** `OTEL_SERVICE_NAME` comes before the attribute of that name. */
function resourceOf(attributes: string | undefined, service: string | undefined, otherwise: string): Attributes {
  const resource: Record<string, string> = {};
  for (const pair of pairsIn(attributes ?? "")) {
    if (pair === undefined) continue;
    const [name, value] = pair;
    try {
      resource[name] = decodeURIComponent(value);
    } catch {
      resource[name] = value;
    }
  }
  return service === undefined ? { "service.name": otherwise, ...resource } : { ...resource, "service.name": service };
}

function milliseconds(given: readonly [string, string] | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  const [name, text] = given;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) throw wrong(name, text, "not a number of milliseconds");
  return Number(text);
}

function histogramsOf(aggregation: string | undefined): OtlpOptions["histograms"] {
  if (aggregation === undefined) return "exponential";
  const name = aggregation.toLowerCase();
  if (name === "base2_exponential_bucket_histogram") return "exponential";
  if (name === "explicit_bucket_histogram") return "classic";
  throw wrong(AGGREGATION, aggregation, "not base2_exponential_bucket_histogram or explicit_bucket_histogram");
}
