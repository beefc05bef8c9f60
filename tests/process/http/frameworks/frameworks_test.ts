import { Agent } from "node:http";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { ask, open } from "../../../support/process/http_client.ts";
import { RecordedService } from "../../../support/process/recorded_service.ts";
import { countByLabel, readRows } from "../../../support/process/recorded_rows.ts";
import { type RuntimeName, RUNTIMES } from "../../../support/process/run.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";

/** The applications, with the runtimes that they are for. */
const APPLICATIONS: Record<string, readonly RuntimeName[]> = {
  hono: ["deno", "bun"],
  elysia: ["deno", "bun"],
  elysia_listen: ["bun"],
  h3: ["deno", "bun"],
  oak: ["deno", "bun"],
  express: ["deno", "bun", "node"],
  express_route: ["deno", "bun", "node"],
  fastify: ["deno", "bun", "node"],
  koa: ["deno", "bun", "node"],
};

/** The program that serves an application. */
const program = fileURLToPath(new URL("service.ts", import.meta.url));

/** What the clients send: a method and a path, and whether they leave before the answer has ended. */
interface Sent {
  readonly method?: "POST";
  readonly path: string;
  readonly leaves?: "in the middle" | "before the answer";
}

/** Numbers from 1, each once, as ids. */
const ids = (count: number, path: string): Sent[] =>
  Array.from({ length: count }, (_, i) => ({ path: `${path}/${i + 1}` }));

/** What is sent under each label that there should be. */
const LOAD: Record<string, readonly Sent[]> = {
  "/orders/:id [GET]": ids(500, "/orders"),
  "/orders [POST]": Array.from({ length: 50 }, () => ({ path: "/orders", method: "POST" })),
  "/broken/:id [GET] 5xx": ids(60, "/broken"),
  "/missing/:id [GET] 4xx": ids(40, "/missing"),
  "/events/:id [GET] stream": ids(20, "/events"),
  "/feed/:id [GET] stream": ids(10, "/feed").map((sent) => ({ ...sent, leaves: "in the middle" })),
  "/download/:id [GET] aborted": ids(10, "/download").map((sent) => ({ ...sent, leaves: "in the middle" })),
  "/late/:id [GET] aborted": ids(10, "/late").map((sent) => ({ ...sent, leaves: "before the answer" })),
  "/shop/items/:id [GET]": ids(100, "/shop/items"),
  "/shop/broken/:id [GET] 5xx": ids(30, "/shop/broken"),
  "unmatched [GET] 4xx": Array.from({ length: 200 }, (_, i) => ({ path: `/wp-${(i * 7919).toString(36)}/setup.php` })),
};

/** Requests that are answered at once, by connection. */
const CONNECTIONS = 8;

/**
 * How long a client waits for its answer before it leaves, ms: more than the 100 to 200 ms after
 * which a handler of `Deno.serve` that has not answered is watched.
 */
const PATIENCE = 1_000;

/** Sends everything, mixed, over several connections at once. */
async function send(service: RecordedService, load: readonly Sent[]): Promise<void> {
  const port = Number(service.greeting);
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const [first, ...others] = load;
  await ask(port, first!.path, { agent }); // a stream; it shows how Deno aborts signals
  const late = others.filter(({ leaves }) => leaves === "before the answer").map(({ path }) => open(port, path));
  const answered = others.filter(({ leaves }) => leaves === undefined).map(async ({ path, method = "GET" }) => {
    const { broken } = await ask(port, path, { method, agent });
    assert(!broken, `${method} ${path}`);
  });
  const left = others.filter(({ leaves }) => leaves === "in the middle").map(async ({ path }) => {
    const { begun, ended, close } = open(port, path);
    await begun;
    close();
    await ended;
  });
  await service.counts("arrived", late.length);
  await sleep(PATIENCE);
  for (const { close } of late) close();
  await Promise.all([...answered, ...left, ...late.map(({ ended }) => ended)]);
  agent.destroy();
}

/** In another order, the same each time, so that requests of all kinds run at the same time. */
function mixed<T>(values: readonly T[]): T[] {
  return values.map((value, i) => ({ value, at: (i * 389) % values.length })).sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

/** The flag with which Deno aborts the signals only of requests whose clients have left. */
const EXACT_ABORTS = "--unstable-no-legacy-abort";

/** What is labelled differently, for the reasons that the guide gives: by application and flag. */
const DIFFERENT: Record<string, Record<string, string>> = {
  express_route: { "/shop/broken/:id [GET] 5xx": "/broken/:id [GET] 5xx" },
  legacy: { "/download/:id [GET] aborted": "/download/:id [GET]" },
};

/** Tests an application on a runtime; Deno gets `flags`. */
function testUnderLoad(name: string, application: string, runtime: RuntimeName, flags: string[], different = {}) {
  it(`service of ${name} under load has one series a route and outcome, with as many samples as requests were sent`, async () => {
    using scratch = scratchDirectory();
    await using service = await RecordedService.start(runtime, program, [application, scratch.path], {
      env: { NODE_ENV: "test" },
      permissions: ["-A", ...flags],
    });
    const [stream, ...others] = LOAD["/events/:id [GET] stream"]!;
    const load = [stream!, ...mixed(Object.values({ ...LOAD, "/events/:id [GET] stream": others }).flat())];
    await send(service, load);
    await service.stop(load.length);

    const expected: Record<string, number> = {};
    for (const [label, sent] of Object.entries(LOAD)) {
      const known = (different as Record<string, string>)[label] ?? label;
      expected[known] = (expected[known] ?? 0) + sent.length;
    }
    assertEquals(countByLabel(scratch.path, "duration"), expected);

    // The body is part of what is timed: three events take at least three times 4 ms.
    readRows(scratch.path, "duration", (label, _pid, _seconds, _nanoseconds, measurement) => {
      if (label === "/events/:id [GET] stream") assert(measurement > 0.012, `${measurement} s`);
    });
  });
}

for (const [application, runtimes] of Object.entries(APPLICATIONS)) {
  for (const runtime of runtimes.filter((runtime) => RUNTIMES.includes(runtime))) {
    testUnderLoad(`${application} on ${runtime}`, application, runtime, [EXACT_ABORTS], DIFFERENT[application]);
  }
}

for (const application of RUNTIMES.includes("deno") ? ["hono", "oak"] : []) {
  testUnderLoad(`${application} on deno without ${EXACT_ABORTS}`, application, "deno", [], DIFFERENT["legacy"]);
}
