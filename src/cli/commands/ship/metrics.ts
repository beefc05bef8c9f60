import type { Metric } from "../../../bridge/metric.ts";
import type { LaneStatus } from "../../../ship/shipping_status.ts";
import { NANOSECONDS_PER_SECOND } from "../../../series.ts";

interface ShipMetric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: (
    lane: LaneStatus,
  ) => readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
}

const STATES = ["idle", "shipping", "waiting", "blocked"] as const;

function one(value: (lane: LaneStatus) => number): ShipMetric["samples"] {
  return (lane) => [[{}, value(lane)]];
}

const METRICS: readonly ShipMetric[] = [
  {
    name: "kymo_ship_rows_total",
    type: "counter",
    help: "Rows read from files, by what became of them.",
    samples: ({ rows: { shipped, already, quarantined } }) =>
      Object.entries({ shipped, already, quarantined }).map(([result, value]) => [{ result }, value]),
  },
  {
    name: "kymo_ship_pending_rows",
    type: "gauge",
    help: "Rows read from files that are not in the store yet.",
    samples: one(({ rows }) => rows.pending),
  },
  {
    name: "kymo_ship_bytes_total",
    type: "counter",
    help: "Bytes of files shipped.",
    samples: one(({ bytes }) => bytes),
  },
  {
    name: "kymo_ship_files_total",
    type: "counter",
    help: "Files that are in the store.",
    samples: one(({ files }) => files),
  },
  {
    name: "kymo_ship_batches_total",
    type: "counter",
    help: "Transactions committed.",
    samples: one(({ batches }) => batches),
  },
  {
    name: "kymo_ship_retries_total",
    type: "counter",
    help: "Attempts that failed.",
    samples: one(({ retries }) => retries),
  },
  {
    name: "kymo_ship_oldest_unshipped_seconds",
    type: "gauge",
    help: "Age of the oldest file that is not in the store; the one to alert on.",
    samples: one(({ oldestUnshippedSeconds }) => oldestUnshippedSeconds),
  },
  {
    name: "kymo_ship_newest_shipped_timestamp_seconds",
    type: "gauge",
    help: "When the latest row that was shipped was recorded.",
    samples: one(({ newestShipped }) => Number(newestShipped) / NANOSECONDS_PER_SECOND),
  },
  {
    name: "kymo_ship_waiting_files",
    type: "gauge",
    help: "Files that are not in the store.",
    samples: one(({ waitingFiles }) => waitingFiles),
  },
  {
    name: "kymo_ship_quarantined_pieces",
    type: "gauge",
    help: "Parts of files that the store has refused.",
    samples: one(({ quarantinedPieces }) => quarantinedPieces),
  },
  {
    name: "kymo_ship_refused_files",
    type: "gauge",
    help: "Files that are not shipped, such as renamed ones.",
    samples: one(({ refused }) => refused.length),
  },
  {
    name: "kymo_ship_vanished_files_total",
    type: "counter",
    help: "Files that others removed before they were shipped.",
    samples: one(({ vanishedFiles }) => vanishedFiles),
  },
  {
    name: "kymo_ship_damaged_total",
    type: "counter",
    help: "Places in files where there should be rows, and is something else.",
    samples: one(({ damaged }) => damaged),
  },
  {
    name: "kymo_ship_files_let_go_total",
    type: "counter",
    help: "Files removed or archived after they were shipped.",
    samples: one(({ filesLetGo }) => filesLetGo),
  },
  {
    name: "kymo_ship_let_go_failures_total",
    type: "counter",
    help: "Failed attempts to remove or archive a file.",
    samples: one(({ letGoFailures }) => letGoFailures),
  },
  {
    name: "kymo_ship_state",
    type: "gauge",
    help: "1 for the state that it is in: waiting for the store, or blocked until somebody mends it.",
    samples: ({ state }) => STATES.map((one) => [{ state: one }, one === state ? 1 : 0]),
  },
];

/** What the lanes have done. */
export function metricsOf(lanes: readonly LaneStatus[]): Metric[] {
  return METRICS.map(({ name, type, help, samples }) => ({
    name,
    otelName: name,
    unit: "",
    type,
    help,
    samples: lanes.flatMap((lane) =>
      samples(lane).map(([labels, value]) => ({
        attributes: { directory: lane.directory, target: lane.target, ...labels },
        value,
      }))
    ),
  }));
}
