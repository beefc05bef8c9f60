import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Agent } from "node:http";
import { gunzipSync } from "node:zlib";
import { BridgeProcess, kymo, sum } from "../../support/bridge/bridge_process.ts";
import { collector } from "../../support/bridge/collector.ts";
import { ask, open } from "../../support/process/http_client.ts";
import { decodeMetricsRequest } from "../../support/bridge/otlp_decoder.ts";
import { onlyOn, type RuntimeName } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { app, ports, preloaded } from "./preloaded.ts";

/** Requests by `route [VERB] outcome`, as a client or one of Kymo's ways out counts them. */
type Counts = Readonly<Record<string, number>>;

const CONNECTIONS = 8;

/** Sends all kinds of requests at once, and counts the answers. */
async function load(port: number, waiting: (times: number) => Promise<unknown>): Promise<Counts> {
  const counts: Record<string, number> = {};
  const count = (label: string): void => void (counts[label] = (counts[label] ?? 0) + 1);
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const outcome = (status = 0): string => status >= 500 ? "5xx" : status >= 400 ? "4xx" : "ok";
  const send = async (route: string, path: string, method = "GET"): Promise<void> => {
    const { status } = await ask(port, path, { method, agent, ...method === "POST" ? { body: "an order" } : {} });
    count(`${route} [${method}] ${outcome(status)}`);
  };
  const sent = Array.from({ length: 40 }, (_, i) => [
    send("/orders/:id", `/orders/${i}`),
    send("/text", `/text?page=${i}`),
    send("unmatched", `/wp-${(i * 7_919).toString(36)}/setup.php`),
    ...i % 4 === 0 ? [send("/echo", "/echo", "POST"), send("/bad", "/bad"), send("/failed", "/failed")] : [],
  ]);
  await Promise.all(sent.flat());
  const leaving = Array.from({ length: 3 }, () => open(port, "/waits"));
  await waiting(leaving.length);
  for (const { close } of leaving) {
    close();
    count("/waits [GET] aborted");
  }
  agent.destroy();
  return counts;
}

/** What `kymo summary` says. */
async function countsOfSummary(directory: string): Promise<Counts> {
  const { code, stdout, stderr } = await kymo("summary", directory, "--json");
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const { requests } = JSON.parse(stdout) as {
    readonly requests: readonly {
      readonly route: string;
      readonly requests: number;
      readonly failed: number;
      readonly byOutcome: Counts;
    }[];
  };
  return nonZero(requests.flatMap(({ route, requests, byOutcome }) => {
    const others = Object.entries(byOutcome);
    const ok = requests - others.reduce((sum, [, count]) => sum + count, 0);
    return [["ok", ok] as const, ...others].map(([outcome, count]) => [`${route} ${outcome}`, count] as const);
  }));
}

/** What Prometheus is told. */
function countsOfMetrics(text: string): Counts {
  const line = /^http_server_request_duration_seconds_count\{([^}]*)\} (\d+)$/gm;
  return nonZero([...text.matchAll(line)].map(([, labels = "", count]) => {
    const of = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? "";
    return [`${of("http_route")} [${of("http_request_method")}] ${of("outcome")}`, Number(count)];
  }));
}

/** What a collector is told. */
function countsOfPush(body: Uint8Array): Counts {
  const { points } = decodeMetricsRequest(gunzipSync(body)).metrics.get("http.server.request.duration")!;
  return nonZero(points.map(({ attributes, count = 0 }) => [
    `${attributes["http.route"]} [${attributes["http.request.method"]}] ${attributes["outcome"]}`,
    count,
  ]));
}

function nonZero(entries: readonly (readonly [label: string, count: number])[]): Counts {
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

const APPS: readonly (readonly [RuntimeName, name: string])[] = [
  ["deno", "deno_serve"],
  ["deno", "frameworks/express"],
  ["deno", "frameworks/fastify"],
  ["deno", "frameworks/koa"],
  ["deno", "frameworks/hono"],
  ["deno", "frameworks/h3"],
  ["deno", "frameworks/oak"],
  ["bun", "bun_serve"],
  ["bun", "frameworks/express"],
  ["bun", "frameworks/fastify"],
  ["bun", "frameworks/koa"],
  ["bun", "frameworks/hono"],
  ["bun", "frameworks/hono_export"],
  ["bun", "frameworks/h3"],
  ["bun", "frameworks/oak"],
  ["bun", "frameworks/elysia"],
];

describe("an unchanged program under a preload has the same counts in summary, Prometheus, OTLP and its client:", () => {
  for (const [runtime, name] of APPS) {
    const skip = onlyOn(runtime);
    it(`${name} on ${runtime}`, { skip }, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      await using program = preloaded(runtime, app(name), directory);
      const [port] = await ports(program);
      const counted = await load(port!, (times) => program.said(/waiting/g, times));
      await program.said(/gone/g, 3);
      program.kill("SIGTERM");
      await program.ended;

      assertEquals(await countsOfSummary(directory), counted);
      await using there = await collector([{ status: 200 }]);
      await using bridge = await BridgeProcess.start(directory, ["--otlp", there.url]);
      await bridge.until((values) => sum(values("http_server_request_duration_seconds_count")) >= sum(counted));
      assertEquals(countsOfMetrics(await bridge.scrape()), counted);
      assertEquals((await bridge.stop()).code, 0);
      assertEquals(countsOfPush(there.requests.at(-1)!.body), counted);
    });
  }
});
