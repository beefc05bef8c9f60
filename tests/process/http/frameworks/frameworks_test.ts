import { Agent } from "node:http";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { type Answer, ask, open } from "../../../support/process/http_client.ts";
import { RecordedService } from "../../../support/process/recorded_service.ts";
import { countByLabel, readRows } from "../../../support/process/recorded_rows.ts";
import { onlyOn, type RuntimeName, RUNTIMES } from "../../../support/process/run.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";

/** The applications, with the runtimes that they are for. */
const APPLICATIONS: Record<string, readonly RuntimeName[]> = {
  hono: ["deno", "bun"],
  elysia: ["deno", "bun"],
  elysia_listen: ["bun"],
  h3: ["deno", "bun"],
  oak: ["deno", "bun"],
  express: ["deno", "bun", "node"],
  fastify: ["deno", "bun", "node"],
  koa: ["deno", "bun", "node"],
};

/** The program that serves an application. */
const program = fileURLToPath(new URL("service.ts", import.meta.url));

/** What the clients send, and whether they leave before the answer has ended. */
interface Sent {
  readonly method?: "GET" | "POST";
  readonly path: string;
  /** The route that it is for; there is none for unknown paths. */
  readonly route?: string;
  readonly leaves?: "in the middle" | "before the answer";
}

/** Numbers from 1, each once, as ids. */
const ids = (count: number, path: string): Sent[] =>
  Array.from({ length: count }, (_, i) => ({ path: `${path}/${i + 1}`, route: `${path}/:id` }));

/** What is sent: a stream first, which shows how Deno aborts signals, and then all kinds at the same time. */
const LOAD: readonly Sent[] = [
  ...ids(1, "/events"),
  ...mixed([
    ...ids(500, "/orders"),
    ...Array.from({ length: 50 }, () => ({ path: "/orders", route: "/orders", method: "POST" }) as const),
    ...ids(60, "/broken"),
    ...ids(40, "/missing"),
    ...ids(19, "/events"),
    ...ids(10, "/feed").map((sent) => ({ ...sent, leaves: "in the middle" }) as const),
    ...ids(10, "/download").map((sent) => ({ ...sent, leaves: "in the middle" }) as const),
    ...ids(10, "/late").map((sent) => ({ ...sent, leaves: "before the answer" }) as const),
    ...ids(100, "/shop/items"),
    ...ids(30, "/shop/broken"),
    ...["ann", "bob", "x-17"].map((name) => ({
      path: `/teams/${name}/members/${name}`,
      route: "/teams/:team/members/:member",
    })),
    ...Array.from({ length: 200 }, (_, i) => ({ path: `/wp-${(i * 7919).toString(36)}/setup.php` })),
  ]),
];

/** The labels that the answers show, with how many there were: what the client counts by itself. */
class ClientCounts {
  readonly byLabel: Record<string, number> = {};

  /** Counts a request by what came back: its status and its type, or nothing. */
  add({ method = "GET", route = "unmatched" }: Sent, outcome: string): void {
    const label = `${route} [${method}]${outcome}`;
    this.byLabel[label] = (this.byLabel[label] ?? 0) + 1;
  }
}

const isEventStream = (head: string): boolean => head.includes("text/event-stream");

const outcomeOf = ({ status = 0, headers }: Answer): string =>
  isEventStream(`${headers["content-type"]}`) ? " stream" : status >= 500 ? " 5xx" : status >= 400 ? " 4xx" : "";

/** Requests that are answered at once, by connection. */
const CONNECTIONS = 8;

/**
 * How long a client waits for its answer before it leaves, ms: more than the 100 to 200 ms after
 * which a handler of `Deno.serve` that has not answered is watched.
 */
const PATIENCE = 1_000;

/** Sends everything over several connections at once, and returns what came back. */
async function send(service: RecordedService): Promise<Record<string, number>> {
  const counts = new ClientCounts();
  const port = Number(service.greeting);
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const askFor = async (sent: Sent): Promise<void> => {
    const answer = await ask(port, sent.path, { method: sent.method ?? "GET", agent });
    assert(!answer.broken, sent.path);
    counts.add(sent, outcomeOf(answer));
  };
  const [first, ...others] = LOAD;
  await askFor(first!);
  const late = others.filter(({ leaves }) => leaves === "before the answer").map((sent) => ({
    sent,
    ...open(port, sent.path),
  }));
  const answered = others.filter(({ leaves }) => leaves === undefined).map(askFor);
  const left = others.filter(({ leaves }) => leaves === "in the middle").map(async (sent) => {
    const { begun, ended, close } = open(port, sent.path);
    counts.add(sent, isEventStream(await begun) ? " stream" : " aborted");
    close();
    await ended;
  });
  await service.counts("arrived", late.length);
  await sleep(PATIENCE);
  for (const { sent, close } of late) {
    counts.add(sent, " aborted");
    close();
  }
  await Promise.all([...answered, ...left, ...late.map(({ ended }) => ended)]);
  agent.destroy();
  return counts.byLabel;
}

/** In another order, the same each time, so that requests of all kinds run at the same time. */
function mixed<T>(values: readonly T[]): T[] {
  return values.map((value, i) => ({ value, at: (i * 389) % values.length })).sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

/** The flag with which Deno aborts the signals only of requests whose clients have left. */
const EXACT_ABORTS = "--unstable-no-legacy-abort";

/** What is labelled differently, for the reasons that the guide gives. */
const WITHOUT_EXACT_ABORTS = { "/download/:id [GET] aborted": "/download/:id [GET]" };

/** Tests an application on a runtime; Deno gets `flags`. */
function testUnderLoad(name: string, application: string, runtime: RuntimeName, flags: string[], different = {}) {
  it(`service of ${name} under load has one series a route and outcome, with as many samples as its clients count`, {
    skip: onlyOn(runtime),
  }, async () => {
    using scratch = scratchDirectory();
    await using service = await RecordedService.start(runtime, program, [application, scratch.path], {
      env: { NODE_ENV: "test" },
      permissions: ["-A", ...flags],
    });
    const sent = await send(service);
    await service.stop(LOAD.length);

    const expected: Record<string, number> = {};
    for (const [label, count] of Object.entries(sent)) {
      const known = (different as Record<string, string>)[label] ?? label;
      expected[known] = (expected[known] ?? 0) + count;
    }
    assertEquals(countByLabel(scratch.path, "duration"), expected);
    assertEquals(Object.keys(sent).length, 12);

    // The body is part of what is timed: three events take at least three times 4 ms.
    readRows(scratch.path, "duration", (label, _pid, _seconds, _nanoseconds, measurement) => {
      if (label === "/events/:id [GET] stream") assert(measurement > 0.012, `${measurement} s`);
    });
  });
}

for (const [application, runtimes] of Object.entries(APPLICATIONS)) {
  for (const runtime of runtimes.filter((runtime) => RUNTIMES.includes(runtime))) {
    testUnderLoad(`${application} on ${runtime}`, application, runtime, [EXACT_ABORTS]);
  }
}

for (const application of RUNTIMES.includes("deno") ? ["hono", "oak"] : []) {
  testUnderLoad(`${application} on deno without ${EXACT_ABORTS}`, application, "deno", [], WITHOUT_EXACT_ABORTS);
}
