import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { collector } from "../../support/bridge/collector.ts";
import { decodeMetricsRequest, partialSuccess } from "../../support/bridge/otlp_decoder.ts";
import { RUNTIMES } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { until } from "../../support/wait.ts";
import { BridgeProcess, sum, valuesIn } from "../../support/bridge/bridge_process.ts";
import { record } from "./recording.ts";

describe("kymo serve --otlp", () => {
  it("pushes what /metrics has, packed, again where the protocol lets it, and at its end", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await record(RUNTIMES[0]!, directory, {}, 3);
    await using there = await collector([
      { status: 503, headers: { "retry-after": "1" } },
      { status: 429 },
      { status: 200, body: partialSuccess(2, "too many labels") },
      { status: 400 },
      { status: 200 },
    ]);
    await using bridge = await BridgeProcess.start(directory, ["--otlp", there.url], {
      OTEL_METRIC_EXPORT_INTERVAL: "3000",
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=a%20b",
      OTEL_RESOURCE_ATTRIBUTES: "service.name=orders,zone=b",
    });
    const { hostname, port } = new URL(bridge.url);
    const slow = cutOff(hostname, Number(port), "GET /metrics HTTP/1.1\r\nhost: x\r\n"); // meanwhile
    await until(() => there.requests.length >= 3);
    const [first, second, third] = there.requests;
    assert(second!.at - first!.at >= 1_000, "it did not wait as long as it was asked to");
    const { request } = third!;
    assertEquals([request.method, request.url, request.headers["x-tenant"]], ["POST", "/v1/metrics", "a b"]);
    assertEquals([request.headers["content-type"], request.headers["content-encoding"]], [
      "application/x-protobuf",
      "gzip",
    ]);
    const { resource, metrics } = decodeMetricsRequest(gunzipSync(third!.body));
    assertEquals(resource, { "service.name": "orders", zone: "b" });
    const text = await bridge.scrape();
    const histogram = metrics.get("kymo.duration")!;
    assertEquals([histogram.kind, histogram.temporality], ["exponentialHistogram", 2]);
    const counts = Object.values(valuesIn(text, "kymo_duration_seconds_count"));
    assertEquals(histogram.points.map(({ count }) => count).sort(), counts.sort());
    const [requests] = metrics.get("http.server.request.duration")!.points;
    assertEquals([requests!.count, requests!.attributes], [3, {
      "http.route": "/orders/:id",
      "http.request.method": "GET",
      "outcome": "5xx",
      "error.type": "5xx",
    }]);
    assertEquals(
      sum(valuesIn(text, "kymo_rows_total")),
      metrics.get("kymo.rows")!.points.reduce((all, { asDouble }) => all + asDouble!, 0),
    );

    await until(() => there.requests.length >= 4); // the next is refused, and not repeated
    const pushes = "kymo_bridge_otlp_pushes_total";
    await bridge.until((values) => values(pushes)['{result="failed"}'] === 1);
    assertEquals(valuesIn(await bridge.scrape(), pushes)['{result="partial"}'], 1);
    assertEquals(sum(valuesIn(await bridge.scrape(), "kymo_bridge_otlp_rejected_points_total")), 2);
    assertEquals(await slow, true, "a client that is slow to ask is not cut off");
    const before = there.requests.length;
    const { code, stderr } = await bridge.stop();
    assertEquals(code, 0);
    assertMatch(stderr, /Cannot push: http:\S+\/v1\/metrics answered 503\n/);
    assertMatch(stderr, /Cannot push: the collector took a part only: too many labels\n/);
    assertEquals(there.requests.length, before + 1);
    const starts = there.requests.map(({ body }) =>
      decodeMetricsRequest(gunzipSync(body)).metrics.get("kymo.rows")!.points[0]!.startTimeUnixNano
    );
    assertEquals(new Set(starts).size, 1); // so that a push that is repeated is the same series
  });
});

/** Sends the beginning of a request; whether the connection is cut off. */
function cutOff(host: string, port: number, text: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write(text));
    const late = setTimeout(() => {
      socket.destroy();
      resolve(false);
    }, 15_000);
    socket.resume().on("error", () => {}).on("close", () => {
      clearTimeout(late);
      resolve(true);
    });
  });
}
