import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { HEADER } from "../../../src/csv/dialect.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { RecordedService } from "../../support/process/recorded_service.ts";
import { RUNTIMES } from "../../support/process/run.ts";
import { randomFrom } from "../../support/random.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { BridgeProcess, kymo, sum, valuesIn } from "../../support/bridge/bridge_process.ts";
import { record, ROWS_EACH } from "./recording.ts";

const service = fileURLToPath(new URL("./fixtures/service.ts", import.meta.url));

const isFull = process.env["KYMO_TEST_BRIDGE"] === "full";

/** The rows of a directory by label, as `kymo summary` counts them. */
async function summaryOf(directory: string): Promise<{ rows: number; durations: Record<string, number> }> {
  const { stdout, stderr } = await kymo("summary", directory, "--json");
  const { rows, durations } = JSON.parse(stdout || stderr);
  return {
    rows,
    durations: Object.fromEntries(durations.map((one: { label: string; count: number }) => [one.label, one.count])),
  };
}

describe("kymo serve", () => {
  it("counts HTTP requests as their client does, of a living service on each runtime", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const counts: Record<string, number> = {};
    for (const runtime of RUNTIMES) {
      const options = JSON.stringify({ monitoringDir: directory, name: "orders" });
      await using program = await RecordedService.start(runtime, service, [options]);
      await using bridge = await BridgeProcess.start(directory);
      const ask = async (path: string, labels: string): Promise<void> => {
        await (await fetch(`http://127.0.0.1:${program.greeting}${path}`)).text();
        counts[labels] = (counts[labels] ?? 0) + 1;
      };
      for (let i = 0; i < 20; i++) {
        await ask(`/orders/${i}`, '{http_route="/orders/:id",http_request_method="GET",outcome="ok"}');
        await ask(`/scan-${i}.php`, '{http_route="unmatched",http_request_method="GET",outcome="4xx"}');
        await ask("/fails", '{http_route="/fails",http_request_method="GET",outcome="5xx",error_type="5xx"}');
      }
      const name = "http_server_request_duration_seconds_count";
      await bridge.until((values) => sum(values(name)) >= sum(counts)); // before anything is flushed
      const text = await bridge.scrape();
      assertEquals(valuesIn(text, name), counts);
      assertEquals(valuesIn(text, "kymo_programs"), { '{state="recording"}': 1, '{state="off"}': 0 });
      await program.stop(60);
      assertEquals(await bridge.stop(), { code: 0, signal: null, stdout: "", stderr: `Metrics: ${bridge.url}\n` });
    }
    assertEquals(sum((await summaryOf(directory)).durations), sum(counts));
  });

  it("counts what kymo summary does, however often it and the programs are killed", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const random = randomFrom(1);
    let least = 0;
    await record(RUNTIMES[0]!, directory, {}, 1);
    for (let kill = 0; kill < shortOrFull(3, 60); kill++) {
      const options = { layout: kill % 2 === 0 ? "segments" : "append", memoryThreshold: 2 ** 14 };
      const recorded = record(RUNTIMES[kill % RUNTIMES.length]!, directory, options, 300, random(2) ? "stop" : "kill");
      await using bridge = await BridgeProcess.start(directory);
      const rows = sum(valuesIn(await bridge.scrape(), "kymo_rows_total"));
      assert(rows >= least, `${rows} rows, and ${least} before`);
      await sleep(random(150));
      least = sum(valuesIn(await bridge.scrape(), "kymo_rows_total"));
      if (kill % 2 === 0) await recorded;
      bridge.spawned.kill("SIGKILL");
      await recorded;
    }
    await using bridge = await BridgeProcess.start(directory); // which recovers what was left
    const text = await bridge.scrape();
    const { rows, durations } = await summaryOf(directory);
    assertEquals(sum(valuesIn(text, "kymo_rows_total")), rows);
    assertEquals(rows % ROWS_EACH, 0);
    const escaped = (label: string): string =>
      label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    const { "/orders/:id [GET] 5xx": requests, ...others } = durations;
    assertEquals(
      valuesIn(text.replaceAll("\r", "␍"), "kymo_duration_seconds_count"),
      Object.fromEntries(
        Object.entries(others).map(([label, count]) => [
          `{channel="duration",label="${escaped(label).replaceAll("\r", "␍")}"}`,
          count,
        ]),
      ),
    );
    assertEquals(sum(valuesIn(text, "http_server_request_duration_seconds_count")), requests);
  });

  it("counts rows that were compacted while it was not running, and those that were not, once", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const rowsOf = async (): Promise<number> => {
      await using bridge = await BridgeProcess.start(directory);
      const rows = sum(valuesIn(await bridge.scrape(), "kymo_rows_total"));
      assertEquals(valuesIn(await bridge.scrape(), "kymo_bridge_uncounted_files")['{reason="compacted"}'], 0);
      await bridge.stop();
      return rows;
    };
    await record(RUNTIMES[0]!, directory, {}, 2);
    assertEquals((await kymo("compact", directory, "--older", "0s")).code, 0);
    assertEquals(await rowsOf(), 2 * ROWS_EACH);
    await record(RUNTIMES.at(-1)!, directory, { memoryThreshold: 2 ** 14 }, 100);
    assertEquals(await rowsOf(), 102 * ROWS_EACH);
    await record(RUNTIMES[0]!, directory, {}, 5);
    await kymo("compact", directory, "--older", "0s");
    assertEquals(await rowsOf(), 107 * ROWS_EACH);
    assertEquals((await summaryOf(directory)).rows, 107 * ROWS_EACH);
  });

  it("counts rows that were to be removed while it was not running, by prune or ship", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await record(RUNTIMES[0]!, directory, {}, 2);
    const first = await BridgeProcess.start(directory);
    await first.stop();
    await record(RUNTIMES[0]!, directory, {}, 3);
    await record(RUNTIMES.at(-1)!, directory, {}, 4);
    const shipped = await kymo("ship", directory, "--to", `parquet:${scratch.at("store")}`, "--keep", "0s");
    assertEquals(shipped.code, 0, shipped.stderr);
    await sleep(1_100);
    const pruned = await kymo("prune", directory, "--max-age", "1s");
    assertEquals(pruned.code, 0, pruned.stderr);
    await using bridge = await BridgeProcess.start(directory);
    assertEquals(sum(valuesIn(await bridge.scrape(), "kymo_rows_total")), 9 * ROWS_EACH);
  });

  // Only `deno task test:bridge` has the time for it.
  (isFull ? it : () => {})(
    "cuts off who takes more than ten seconds to read, and answers others meanwhile",
    async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      mkdirSync(directory);
      const row = (_: unknown, i: number): string => `${1_796_000_000_000_000_000n + BigInt(i)},1,label ${i},7\r\n`;
      writeFileSync(
        join(directory, "duration.7-0000000a-000001.csv"),
        HEADER + Array.from({ length: 9_000 }, row).join(""),
      );
      await using bridge = await BridgeProcess.start(directory);
      const whole = (await bridge.scrape()).length;
      assert(whole > 10e6, `${whole} bytes`); // more than the buffers of the system take
      const { hostname, port } = new URL(bridge.url);
      const slow = connect({ host: hostname, port: Number(port) });
      let received = 0;
      slow.on("data", ({ length }) => received += length).on("error", () => {});
      slow.write("GET /metrics HTTP/1.1\r\nHost: kymo\r\n\r\n");
      slow.pause();
      const others: number[] = [];
      for (const end = Date.now() + 11_000; Date.now() < end; await sleep(1_000)) {
        others.push(
          (await bridge.scrape()).length,
        );
      }
      assert(others.every((length) => Math.abs(length - whole) < 100), others.join()); // the time of the last look differs
      const closed = new Promise((resolve) => slow.on("close", resolve));
      slow.resume();
      await closed;
      assert(received < whole - 1e6, `${received} bytes of ${whole}`);
    },
  );

  it("answers only who asks for /metrics, without a body", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await record(RUNTIMES[0]!, directory, {}, 1);
    await using bridge = await BridgeProcess.start(directory);
    assertMatch(bridge.url, /^http:\/\/127\.0\.0\.1:/);
    const status = async (path: string, init?: RequestInit): Promise<number> => {
      const response = await fetch(new URL(path, bridge.url), init);
      await response.text();
      return response.status;
    };
    assertEquals(await status("/metrics?x=1"), 200);
    assertEquals(await status("/metrics", { method: "HEAD" }), 200);
    assertEquals(await status("/"), 404);
    assertEquals(await status("/metrics/x"), 404);
    assertEquals(await status("/metrics", { method: "DELETE" }), 405);
    assertEquals(await status("/metrics", { method: "POST", body: "x" }), 405);
    const long = await status(`/metrics`, { headers: { x: "x".repeat(20_000) } }).catch(() => 431);
    assert([400, 431].includes(long), String(long));

    const open = await fetch(bridge.url, { headers: { accept: "application/openmetrics-text;version=1.0.0" } });
    assertMatch(open.headers.get("content-type")!, /^application\/openmetrics-text; version=1\.0\.0/);
    assertMatch(await open.text(), /\n# TYPE kymo_rows counter\n[^]*\nkymo_rows_total\{[^]*\n# EOF\n$/);
    const plain = await fetch(bridge.url);
    assertMatch(plain.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
    assertMatch(await plain.text(), /\n# TYPE kymo_rows_total counter\n/);

    const second = await kymo("serve", directory, "--metrics", "0");
    assertEquals([second.code, second.stdout], [3, ""]);
    assertMatch(second.stderr, /^Cannot serve: ".*": another program is its bridge\n$/);
  });

  it("says what is wrong with its arguments", async () => {
    using scratch = scratchDirectory();
    for (const args of [["nowhere"], [scratch.path, "--metrics", "x"], [scratch.path, "--otlp", "collector:4317"]]) {
      const { code, stderr } = await kymo("serve", ...args);
      assertEquals(code, 2, stderr);
      assertMatch(stderr, /^Cannot \w+[^\n]*: [^\n]*\n$/);
    }
  });
});
