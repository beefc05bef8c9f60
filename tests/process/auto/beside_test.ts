import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Buffer } from "node:buffer";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { sum } from "../../support/bridge/bridge_process.ts";
import { ask } from "../../support/process/http_client.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { commandOf, spawnCommand, type Spawned, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { app, disposable, ports, preloadedCommand } from "./preloaded.ts";
import { sentryPackage } from "./sentry_package.ts";

const onDeno = thisRuntime === "deno" ? false : "only on Deno";

/** Whether Sentry's packages are installed and tried, as `deno task test:bridge` does. */
const isFull = process.env["KYMO_TEST_BRIDGE"] === "full";

/** A server that takes what is sent to it. */
interface Receiver extends Disposable {
  readonly port: number;
  /** The bodies by path, as text. */
  readonly received: { readonly path: string; readonly text: string }[];
}

async function receiver(): Promise<Receiver> {
  const received: { path: string; text: string }[] = [];
  const server: Server = createServer((incoming, response) => {
    const chunks: Uint8Array[] = [];
    incoming.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
      const bytes = Buffer.concat(chunks);
      const text = (incoming.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString();
      received.push({ path: incoming.url ?? "", text });
      response.setHeader("content-type", "application/json").end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received,
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("beside Deno's own OpenTelemetry", () => {
  const spansOf = ({ received }: Receiver): number =>
    received.filter(({ path }) => path === "/v1/traces").reduce(
      (all, { text }) => all + text.split('"spanId"').length - 1,
      0,
    );

  it("a program is recorded, and exports as many spans as without", { skip: onDeno }, async () => {
    using scratch = scratchDirectory();
    using bare = await receiver();
    using preloading = await receiver();
    const env = { OTEL_DENO: "true", OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", KYMO_DIR: scratch.at("rows") };
    const run = (command: string[], { port }: Receiver): Spawned =>
      spawnCommand(command, { env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` } });
    const file = app("asks_itself");
    for (
      const ended of [run(commandOf("deno", file, ["0"]), bare), run(preloadedCommand("deno", file, ["0"]), preloading)]
    ) {
      const { code, stdout, stderr } = await ended.ended;
      assertEquals({ code, stdout, stderr }, { code: 0, stdout: "own\nnode\n", stderr: "" });
    }
    assertEquals(countByLabel(scratch.at("rows"), "duration"), { "/text [GET]": 2 });
    assert(spansOf(bare) > 0, "there are no spans");
    assertEquals(spansOf(preloading), spansOf(bare));
  });
});

/** What Sentry is told: how many errors and requests of each name, which its package for Bun tells as spans. */
function eventsOf({ received }: Receiver): Record<string, number> {
  const events: Record<string, number> = {};
  const count = (name: string): void => void (events[name] = (events[name] ?? 0) + 1);
  for (const line of received.flatMap(({ text }) => text.split("\n"))) {
    if (!line.startsWith("{")) continue;
    const { type, transaction, exception, items = [] } = JSON.parse(line);
    if (exception !== undefined) count(`error ${exception.values[0].value}`);
    else if (type === "transaction" && transaction !== undefined) count(`request ${transaction}`);
    for (const { is_segment: isRequest, name } of items) if (isRequest === true) count(`request ${name}`);
  }
  return events;
}

/** Asks for all that the applications answer, and returns what Kymo must have recorded. */
async function askAll(port: number, { throws }: { readonly throws: boolean }): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const send = async (label: string, path: string, expected: number, method = "GET"): Promise<void> => {
    const { status } = await ask(port, path, { method, ...method === "POST" ? { body: "an order" } : {} });
    assertEquals(status, expected, path);
    counts[label] = (counts[label] ?? 0) + 1;
  };
  for (let i = 0; i < 5; i++) {
    await send("/orders/:id [GET]", `/orders/${i}`, 200);
    await send("/text [GET]", "/text", 200);
    await send("/echo [POST]", "/echo", 200, "POST");
    await send("unmatched [GET] 4xx", `/scan-${i}.php`, 404);
    await send("/failed [GET] 5xx", "/failed", 503);
    if (throws) await send("/throws [GET] threw", "/throws", 500);
  }
  return counts;
}

if (isFull) {
  describe("beside Sentry, which is started", () => {
    const sentry = fileURLToPath(new URL("./start_sentry.ts", import.meta.url));
    const own = thisRuntime === "deno" ? "deno_serve" : "bun_serve";

    /** Loads Sentry before or after Kymo, or without it. */
    const commandWith = (name: string, order: "before Kymo" | "after Kymo" | "alone"): string[] => {
      const flags = thisRuntime === "deno" ? [`--preload=${sentry}`] : ["--preload", sentry];
      const command = order === "alone" ? commandOf(thisRuntime, app(name)) : preloadedCommand(thisRuntime, app(name));
      const at = order === "before Kymo"
        ? command.findIndex((word) => word.startsWith("--preload"))
        : command.lastIndexOf(app(name));
      return command.toSpliced(at, 0, ...flags);
    };

    for (const name of [own, "node_http", "frameworks/express"]) {
      for (const order of ["before Kymo", "after Kymo"] as const) {
        it(`${order}, ${name} has the counts of its client, and Sentry has its own`, async () => {
          using scratch = scratchDirectory();
          /** Runs it, and returns what was asked and what Sentry was told. */
          const run = async (command: readonly string[], events: number) => {
            using there = await receiver();
            const env = {
              SENTRY_PACKAGE: sentryPackage(),
              SENTRY_DSN: `http://public@127.0.0.1:${there.port}/1`,
              KYMO_DIR: scratch.at("rows"),
            };
            await using program = disposable(spawnCommand(command, { env }));
            const [port = 0] = await ports(program);
            const asked = await askAll(port, { throws: name === own });
            for (const end = Date.now() + 10_000; Date.now() < end && sum(eventsOf(there)) < events;) await sleep(50);
            await sleep(500); // for what would be too much
            program.kill("SIGTERM");
            const { signal, stderr } = await program.ended;
            return { asked, events: eventsOf(there), signal, stderr };
          };
          const alone = await run(commandWith(name, "alone"), 25);
          assert(sum(alone.events) >= 25, JSON.stringify(alone.events));
          const both = await run(commandWith(name, order), sum(alone.events));
          assertEquals(both, alone);
          assertEquals(countByLabel(scratch.at("rows"), "duration"), both.asked);
        });
      }
    }
  });
}
