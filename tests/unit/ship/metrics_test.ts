import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { metricsOf } from "../../../src/cli/commands/ship/metrics.ts";
import { prometheusText } from "../../../src/bridge/prometheus_text.ts";
import type { LaneStatus } from "../../../src/ship/shipping_status.ts";
import { parsePrometheusText } from "../../support/stores/prometheus_text.ts";

const lane = (directory: string): LaneStatus => ({
  directory,
  target: "postgres://db/telemetry",
  guarantee: "exactly once",
  at: 1_700_000_000_000_000_000n,
  state: "blocked",
  isRunning: true,
  error: "x",
  rows: { read: 10, shipped: 4, already: 3, quarantined: 2, pending: 1 },
  files: 5,
  bytes: 1e21,
  batches: 6,
  waitingFiles: 7,
  oldestUnshippedSeconds: 1.5,
  newestShipped: 1_700_000_000_500_000_000n,
  retries: 8,
  quarantinedPieces: 9,
  damaged: 10,
  vanishedFiles: 11,
  filesLetGo: 12,
  letGoFailures: 13,
  refused: [],
});

const text = (lanes: readonly LaneStatus[]): string => prometheusText(metricsOf(lanes), "prometheus");

describe("the metrics of kymo ship", () => {
  it("are what Prometheus reads, whatever directories are called", () => {
    const metrics = parsePrometheusText(text([lane("/a"), lane('/b"\\\n{}')]));
    const at = (directory: string, more = ""): string =>
      `directory="${directory}",target="postgres://db/telemetry"${more}`;
    for (const directory of ["/a", '/b\\"\\\\\\n{}']) {
      const value = (name: string, more = ""): number | undefined => metrics.get(name)?.get(at(directory, more));
      assertEquals(value("kymo_ship_rows_total", ',result="shipped"'), 4);
      assertEquals(value("kymo_ship_pending_rows"), 1);
      assertEquals(value("kymo_ship_bytes_total"), 1e21);
      assertEquals(value("kymo_ship_oldest_unshipped_seconds"), 1.5);
      assertEquals(
        ["idle", "shipping", "waiting", "blocked"].map((state) => value("kymo_ship_state", `,state="${state}"`)),
        [
          0,
          0,
          0,
          1,
        ],
      );
    }
  });

  it("are there without a value before anything is shipped", () => {
    assertEquals(
      [...parsePrometheusText(text([])).values()].map(({ size }) => size).every((n) => n === 0),
      true,
    );
  });
});
