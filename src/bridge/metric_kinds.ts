/**
 * The names under which things are exported. Where the semantic conventions of OpenTelemetry (1.x) have
 * a name that means the same, it is theirs; all others begin with `kymo`.
 *
 * @module
 */

import { type FailedOutcome, parseRequestLabel, type RequestOutcome } from "../http/request_labels.ts";
import { CHANNELS, holdsDurations, SERIES } from "../series.ts";
import type { Attributes, MetricKind } from "./metric.ts";

const SECONDS = { unit: "s" } as const;
const BYTES = { unit: "By" } as const;

/** Durations of requests that a server answered, and of those that a program sent. */
export const SERVER_REQUESTS: MetricKind = {
  name: "http_server_request_duration_seconds",
  otelName: "http.server.request.duration",
  ...SECONDS,
  type: "histogram",
  help: "Duration of HTTP requests, until the body of the response was sent, by route, method and outcome.",
};
export const CLIENT_REQUESTS: MetricKind = {
  name: "http_client_request_duration_seconds",
  otelName: "http.client.request.duration",
  ...SECONDS,
  type: "histogram",
  help: "Duration of HTTP requests that programs sent, by host, method and outcome.",
};
/** All other durations. */
export const DURATIONS: MetricKind = {
  name: "kymo_duration_seconds",
  otelName: "kymo.duration",
  ...SECONDS,
  type: "histogram",
  help: "Durations by channel and label.",
};
export const GC_PAUSES: MetricKind = {
  name: "kymo_gc_pause_seconds",
  otelName: "kymo.gc.pause",
  ...SECONDS,
  type: "histogram",
  help: "Durations of garbage collections.",
};
export const LOOP_LAG: MetricKind = {
  name: "kymo_event_loop_lag_seconds",
  otelName: "kymo.event_loop.lag",
  ...SECONDS,
  type: "histogram",
  help: "Delays of a timer: the largest of each sampling interval, and each of at least 20 ms.",
};

/** What programs observe, by channel and label. */
export const OBSERVATIONS: MetricKind = {
  name: "kymo_observations_total",
  otelName: "kymo.observations",
  unit: "{observation}",
  type: "counter",
  help: "Numbers observed.",
};
export const OBSERVED_SUM: MetricKind = {
  name: "kymo_observed_cumulative",
  otelName: "kymo.observed.cumulative",
  unit: "1",
  type: "gauge",
  help: "Sum of the finite numbers observed; it may fall, since they may be negative.",
};
export const OBSERVED_LAST: MetricKind = {
  name: "kymo_observed_last",
  otelName: "kymo.observed.last",
  unit: "1",
  type: "gauge",
  help: "The number with the latest timepoint.",
};

/** Totals of processes; see `process_totals.ts`. */
export const CPU_TIME: MetricKind = {
  name: "process_cpu_seconds_total",
  otelName: "process.cpu.time",
  ...SECONDS,
  type: "counter",
  help: "CPU time of all programs, also of those that have ended.",
};
export const GC_COLLECTIONS: MetricKind = {
  name: "kymo_gc_collections_total",
  otelName: "kymo.gc.collections",
  unit: "{collection}",
  type: "counter",
  help: "Garbage collections.",
};
export const GC_FREED: MetricKind = {
  name: "kymo_gc_freed_bytes_total",
  otelName: "kymo.gc.freed",
  ...BYTES,
  type: "counter",
  help: "Bytes of heap that garbage collections have freed.",
};

/** Levels of programs that live, by the label of their series. */
export const LEVELS: ReadonlyMap<string, MetricKind> = new Map([
  [
    SERIES.rss,
    level("process_resident_memory_bytes", "process.memory.usage", "Resident memory of programs that live."),
  ],
  [
    SERIES.maxRss,
    level(
      "kymo_resident_memory_peak_bytes",
      "kymo.resident_memory.peak",
      "Largest resident memory of each program that lives, added up.",
    ),
  ],
  [SERIES.heapUsed, level("kymo_heap_used_bytes", "kymo.heap.used", "JavaScript heap in use of programs that live.")],
  [SERIES.heapTotal, level("kymo_heap_total_bytes", "kymo.heap.total", "JavaScript heap of programs that live.")],
  [
    SERIES.external,
    level(
      "kymo_external_memory_bytes",
      "kymo.external_memory",
      "Memory outside of the heap that objects hold, of programs that live.",
    ),
  ],
]);

function level(name: string, otelName: string, help: string): MetricKind {
  return { name, otelName, help, ...BYTES, type: "gauge" };
}

/** Kymo's own state. */
export const ROWS: MetricKind = own("kymo_rows_total", "kymo.rows", "counter", "{row}", "Rows counted, by channel.");
export const DROPPED: MetricKind = own(
  "kymo_dropped_total",
  "kymo.dropped",
  "counter",
  "{row}",
  "Rows that programs could not keep, as far as they have said so.",
);
export const ERRORS: MetricKind = own(
  "kymo_errors_total",
  "kymo.errors",
  "counter",
  "{error}",
  "Failures that programs have counted, as far as they have said so.",
);
export const PROGRAMS: MetricKind = own(
  "kymo_programs",
  "kymo.programs",
  "gauge",
  "{program}",
  "Isolates that are alive, by whether they record.",
);
export const FOLDED: MetricKind = own(
  "kymo_bridge_folded_rows_total",
  "kymo.bridge.folded_rows",
  "counter",
  "{row}",
  "Rows counted under the label other, since there are too many labels.",
);
export const UNCOUNTED: MetricKind = own(
  "kymo_bridge_uncounted_files",
  "kymo.bridge.uncounted_files",
  "gauge",
  "{file}",
  "Files in the directory whose rows are not counted, by reason.",
);
export const LAST_LOOK: MetricKind = own(
  "kymo_bridge_last_look_timestamp_seconds",
  "kymo.bridge.last_look",
  "gauge",
  "s",
  "When the directory was read last; the one to alert on.",
);
export const STATE_FAILURES: MetricKind = own(
  "kymo_bridge_failures_total",
  "kymo.bridge.failures",
  "counter",
  "{failure}",
  "Looks that failed, and states that could not be written, since the bridge began.",
);
export const PUSHES: MetricKind = own(
  "kymo_bridge_otlp_pushes_total",
  "kymo.bridge.otlp.pushes",
  "counter",
  "{push}",
  "Pushes over OTLP, by what became of them, since the bridge began.",
);
export const REJECTED_POINTS: MetricKind = own(
  "kymo_bridge_otlp_rejected_points_total",
  "kymo.bridge.otlp.rejected_points",
  "counter",
  "{point}",
  "Data points that the collector has refused, since the bridge began.",
);

function own(name: string, otelName: string, type: "counter" | "gauge", unit: string, help: string): MetricKind {
  return { name, otelName, type, unit, help };
}

/** Where the durations of a label go. */
export interface DurationPlace {
  readonly kind: MetricKind;
  readonly attributes: Attributes;
}

/** Methods that have no labels of their own are one for Kymo, and so for the conventions. */
const OTHER_METHODS: Readonly<Record<string, string>> = { OTHER: "_OTHER" };

/** Outcomes that are failures of the server; the client's own (4xx) are not, by the conventions. */
const SERVER_ERRORS: readonly RequestOutcome[] = ["5xx", "aborted", "threw"] satisfies FailedOutcome[];

/** The place of the durations with this label. */
export function placeOfDurations(channel: string, label: string): DurationPlace {
  const request = holdsDurations(channel) ? parseRequestLabel(label) : undefined;
  if (request === undefined) return { kind: DURATIONS, attributes: { channel, label } };
  const { route, verb, outcome } = request;
  const isClient = channel === CHANNELS.client;
  const isError = SERVER_ERRORS.includes(outcome) || isClient && outcome === "4xx";
  return {
    kind: isClient ? CLIENT_REQUESTS : SERVER_REQUESTS,
    attributes: {
      ...isClient ? addressOf(route) : { "http.route": route },
      "http.request.method": OTHER_METHODS[verb] ?? verb,
      outcome,
      ...isError ? { "error.type": outcome } : {},
    },
  };
}

/** Where requests go: a host, of `kymo load` with the path. */
function addressOf(route: string): Attributes {
  const [, host = route, path] = /^([^/]+)(\/.*)$/s.exec(route) ?? [];
  const [, address = host, port] = /^(.*):(\d+)$/.exec(host) ?? [];
  return {
    "server.address": address,
    ...port === undefined ? {} : { "server.port": port },
    ...path === undefined ? {} : { "url.template": path },
  };
}
