import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { parse } from "../../../src/csv/parse.ts";
import { createMonitor } from "../../../src/recording/monitor.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";

/** A monitor of a fake process that records. */
function recording() {
  const runtime = new FakeRuntime();
  const monitor = createMonitor(() => runtime);
  monitor.start({ monitoringDir: "/data" });
  return { runtime, monitor };
}

describe("samples of outgoing requests", () => {
  it("are durations in the channel client, which is made with the first of them", async () => {
    const { runtime, monitor } = recording();
    assertEquals(monitor.status().channels["client"], undefined);
    const ids = [monitor.startOutgoingSample(), monitor.startOutgoingSample()] as const;
    runtime.timers.advance(1);
    monitor.stopOutgoingSample("b.example [GET]", ids[1]);
    runtime.timers.advance(1);
    monitor.stopOutgoingSample("a.example [GET]", ids[0]);
    monitor.stopOutgoingSample("a.example [GET]", ids[0]);
    await monitor.stop();
    const { channels, invalidSamples } = monitor.status();
    assertEquals([channels["client"]?.flushed, channels["duration"]?.flushed, invalidSamples], [2, 0, 1]);
    const rows = runtime.csvs("client", "/data").flatMap((text) => parse(text));
    assertEquals(rows.map(({ label, measurement }) => [label, measurement > 0]), [
      ["b.example [GET]", true],
      ["a.example [GET]", true],
    ]);
    assertMatch(runtime.csvs("client", "/data")[0]!, /,0\.\d{9},b\.example/);
  });

  it("cost nothing before start and after stop", async () => {
    const { monitor } = recording();
    await monitor.stop();
    assertEquals(monitor.startOutgoingSample(), 0);
    monitor.stopOutgoingSample("a.example [GET]", 0);
    monitor.countOtherHost(1);
    assertEquals(monitor.status().otherRequests, 0);
  });

  it("of further hosts are counted with other requests, and reported once", async () => {
    const { monitor } = recording();
    monitor.countOther(1_000);
    for (let i = 0; i < 3; i++) monitor.countOtherHost(200);
    const { otherRequests, errors, lastError } = monitor.status();
    assertEquals([otherRequests, errors, lastError?.code], [4, 2, "limit-exceeded"]);
    assertMatch(lastError!.message, /^Cannot label the outgoing request by its host: .* there are 200 hosts$/);
    await monitor.stop();
  });
});
