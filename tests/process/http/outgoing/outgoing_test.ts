import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { commandOf, onlyOn, type RuntimeName, RUNTIMES, spawnCommand } from "../../../support/process/run.ts";
import { countByLabel, readRows } from "../../../support/process/recorded_rows.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const untimedProgram = path("client_program.ts");
const timedProgram = path("timed_program.ts");
const preload = path("../../../../src/auto/mod.ts");

/** How each runtime loads a module before a program. */
const PRELOADING: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: [`--preload=${preload}`],
  bun: ["--preload", preload],
  node: ["--import", preload],
};

/** Answers each request, and counts it by its host, method and outcome. */
class Upstream implements AsyncDisposable {
  readonly counts: Record<string, number> = {};
  readonly #server = createServer((request: IncomingMessage, response: ServerResponse) =>
    answer(this.counts, request, response)
  );

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** Answers a request as its path says, and counts it. */
function answer(
  counts: Record<string, number>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const [route = ""] = request.url!.split("?");
  const statuses: Record<string, number> = { "/missing": 404, "/fails": 500, "/redirect": 302, "/empty": 204 };
  const status = statuses[route] ?? 200;
  const outcome = { "/hangs": " aborted", "/reset": " threw" }[route] ??
    (status < 400 ? "" : status < 500 ? " 4xx" : " 5xx");
  // The runtime follows redirects, and tries again after some failures, within one request.
  const isPart = route === "/redirect" || request.headers["x-again"] !== undefined;
  const label = `${request.headers.host} [${request.method}]${outcome}`;
  if (!isPart) counts[label] = (counts[label] ?? 0) + 1;
  if (route === "/hangs") return;
  if (route === "/reset") return void request.socket.destroy();
  response.writeHead(status, { "x-own": "1", ...route === "/redirect" ? { location: "/text" } : {} });
  if (route === "/echo") return void request.pipe(response);
  if (route === "/chunks" || route === "/endless") return send(response, route === "/chunks" ? 5 : Infinity);
  response.end(status === 204 || request.method === "HEAD" ? undefined : `answer to ${route}`);
}

/** Sends so many chunks, one each 4 ms, or until the client leaves. */
function send(response: ServerResponse, chunks: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    response.write("chunk");
    if (++sent >= chunks) response.end();
    if (sent >= chunks) clearInterval(timer);
  }, 4);
  response.on("close", () => clearInterval(timer));
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** How the client's requests are timed. */
type How = "untimed" | "preload" | "headers" | "body";

/** Runs the client, and returns what it says and how many requests the upstream has counted. */
async function run(runtime: RuntimeName, how: How, directory = "") {
  await using upstream = new Upstream();
  const [port, closed] = [await upstream.listen(), await closedPort()];
  const isProgramsOwn = how === "headers" || how === "body";
  const [program, rest] = isProgramsOwn
    ? [timedProgram, [directory, JSON.stringify({ until: how })]]
    : [untimedProgram, []];
  const command = commandOf(runtime, program, [`${port}`, `${closed}`, ...rest]);
  if (how === "preload") command.splice(command.lastIndexOf(program), 0, ...PRELOADING[runtime]);
  const env = how === "preload" ? { KYMO_DIR: directory, KYMO_CLIENT: "1" } : {};
  const { code, stdout, stderr } = await spawnCommand(command, { env }).ended;
  assertEquals([code, stderr], [0, ""]);
  const named = (label: string): string =>
    label.replaceAll(`127.0.0.1:${port}`, "upstream").replaceAll(`127.0.0.1:${closed}`, "nobody");
  const count = (labels: Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.entries(labels).map(([label, count]) => [named(label), count]));
  return {
    said: JSON.parse(named(stdout.trim().split("\n").at(-1)!)),
    upstream: count(upstream.counts),
    recorded: how === "untimed" ? {} : count(countByLabel(directory, "client")),
  };
}

/** What the upstream cannot see, or sees otherwise. */
const UNSEEN = {
  "nobody [GET] threw": 3,
  // One that was given up before it was sent; one in another protocol, and two that were tried again.
  "upstream [GET] aborted": 1,
  "upstream [GET] threw": 3,
};

function sum(one: Record<string, number>, other: Record<string, number>): Record<string, number> {
  const sums = { ...one };
  for (const [label, count] of Object.entries(other)) sums[label] = (sums[label] ?? 0) + count;
  return sums;
}

for (const runtime of RUNTIMES) {
  describe(`outgoing requests on ${runtime}`, () => {
    it(
      "are recorded by host and outcome, as the upstream counts them, and are as without",
      { skip: onlyOn(runtime) },
      async () => {
        using scratch = scratchDirectory();
        const untimed = await run(runtime, "untimed");
        assert(Object.keys(untimed.said.said).length > 20);
        for (const how of ["headers", "body", "preload"] as const) {
          const timed = await run(runtime, how, scratch.at(how));
          assertEquals(timed.said, untimed.said, how);
          // A body that the program gives up is seen only by who times it.
          const given = how === "body" ? { "upstream [GET]": -1, "upstream [GET] aborted": 1 } : {};
          assertEquals(timed.recorded, sum(sum(timed.upstream, UNSEEN), given), how);
        }
        readRows(scratch.at("headers"), "client", (_label, _pid, _s, _ns, duration) => assert(duration < 10));
      },
    );
  });
}
