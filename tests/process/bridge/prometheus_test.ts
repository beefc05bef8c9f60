import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { RUNTIMES, spawnCommand, type Spawned } from "../../support/process/run.ts";
import { missing } from "../../support/process/system_tools.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { BridgeProcess } from "../../support/bridge/bridge_process.ts";
import { record } from "./recording.ts";

/** Whether all databases are tried, as `deno task test:bridge` does; the gate tries Prometheus alone. */
const isFull = process.env["KYMO_TEST_BRIDGE"] === "full";

/** A database that scrapes the bridge four times a second, and answers queries. */
class Database implements AsyncDisposable {
  readonly #spawned: Spawned;
  readonly #url: string;

  constructor(command: readonly string[], url: string) {
    this.#spawned = spawnCommand(command);
    this.#url = url;
  }

  /** The results of a query, once there are any: their labels, and their values. Throws after 20 s. */
  async query(query: string): Promise<{ readonly metric: Record<string, string>; readonly value: [number, string] }[]> {
    let last: unknown;
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(100)) {
      try {
        const response = await fetch(`${this.#url}/api/v1/query?query=${encodeURIComponent(query)}`);
        // deno-lint-ignore no-explicit-any -- on Bun it is unknown
        const { data } = await response.json() as any;
        if (data.result.length > 0) return data.result;
      } catch (error) {
        last = error; // it has not begun to listen
      }
    }
    this.#spawned.kill("SIGKILL");
    throw new Error(`${query}: nothing: ${last}: ${(await this.#spawned.ended).stderr.slice(-2_000)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#spawned.kill("SIGKILL");
    await this.#spawned.ended;
  }
}

/** A port that is free now. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function scrapeConfig(path: string, target: string): void {
  writeFileSync(
    path,
    `global: { scrape_interval: 250ms, scrape_timeout: 250ms }
scrape_configs: [{ job_name: kymo, static_configs: [{ targets: ["${new URL(target).host}"] }] }]\n`,
  );
}

async function prometheus(
  scratch: { at(name: string): string },
  name: string,
  target: string,
  flags: readonly string[],
): Promise<Database> {
  const port = await freePort();
  scrapeConfig(scratch.at(`${name}.yml`), target);
  const command = [
    "prometheus",
    `--config.file=${scratch.at(`${name}.yml`)}`,
    `--storage.tsdb.path=${scratch.at(name)}`,
    `--web.listen-address=127.0.0.1:${port}`,
    ...flags,
  ];
  return new Database(command, `http://127.0.0.1:${port}`);
}

async function victoriaMetrics(scratch: { at(name: string): string }, target: string): Promise<Database> {
  const port = await freePort();
  scrapeConfig(scratch.at("victoria.yml"), target);
  const command = [
    "victoria-metrics",
    `-promscrape.config=${scratch.at("victoria.yml")}`,
    `-storageDataPath=${scratch.at("victoria")}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    "-search.latencyOffset=0s",
    "-search.disableCache",
  ];
  return new Database(command, `http://127.0.0.1:${port}`);
}

describe("the metrics of kymo serve", () => {
  it("pass promtool, and databases that scrape them answer with them", {
    skip: missing("prometheus", "promtool", ...isFull ? ["victoria-metrics"] : []),
  }, async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    for (const runtime of RUNTIMES) await record(runtime, directory, { withRuntime: true, name: "orders" }, 7);
    const expected = 7 * RUNTIMES.length;
    await using bridge = await BridgeProcess.start(directory, ["--histograms", "exponential"]);
    const { status, stderr, stdout } = spawnSync("promtool", ["check", "metrics"], {
      input: await bridge.scrape(),
      encoding: "utf8",
    });
    assertEquals([status, stderr, stdout], [0, "", ""]);

    // Each asks for another format: OpenMetrics, plain text, and protobuf with native histograms.
    await using open = await prometheus(scratch, "open", bridge.url, []);
    const name = "http_server_request_duration_seconds";
    await using stack = new AsyncDisposableStack();
    const others = isFull ? [stack.use(await victoriaMetrics(scratch, bridge.url))] : [];
    for (const database of [open, ...others]) {
      const [requests] = await database.query(`${name}_count{outcome="5xx"}`);
      const { http_route: route, http_request_method: method, error_type: error } = requests!.metric;
      assertEquals([requests!.value[1], route, method, error], [String(expected), "/orders/:id", "GET", "5xx"]);
      const [all] = await database.query(`${name}_bucket{le="+Inf"}`);
      assertEquals(all!.value[1], String(expected));
      const [quantile] = await database.query(`histogram_quantile(0.5, ${name}_bucket)`);
      assert(Number(quantile!.value[1]) > 0);
      // Labels come back as they were recorded.
      const labels = (await database.query("kymo_duration_seconds_count")).map(({ metric }) => metric["label"] ?? "");
      assertEquals(
        labels.sort(),
        ["", "\n\\.\n", '"', "\\.", "\\N", 'a,"b"', "line\r\nfeed", "plain", "été 🎈"].sort(),
      );
    }
    if (!isFull) return;
    const flags = ["--enable-feature=native-histograms"];
    await using native = await prometheus(scratch, "native", bridge.url, flags);
    const [counted] = await native.query(`histogram_count(${name})`);
    assertEquals(counted!.value[1], String(expected));
    const [median] = await native.query(`histogram_quantile(0.5, ${name})`);
    assert(Number(median!.value[1]) > 0 && Number(median!.value[1]) < 1);
    const [cpu] = await native.query("sum(process_cpu_seconds_total)");
    assert(Number(cpu!.value[1]) > 0);
  });
});
