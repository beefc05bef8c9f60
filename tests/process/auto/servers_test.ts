import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { ask, open } from "../../support/process/http_client.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { onlyOn, type RuntimeName, spawnCommand, type Spawned, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { app, denoServeCommand, disposable, ports, preloaded } from "./preloaded.ts";

/** Requests, by their labels where no framework tells of routes. */
const REQUESTS: readonly (readonly [label: string, path: string, status: number])[] = [
  ["/text [GET]", "/text", 200],
  ["/text [GET]", "/text?with=a&query", 200],
  ["/later [GET]", "/later", 200],
  ["/echo [POST]", "/echo", 200],
  ["/orders/:id [GET]", "/orders/17", 200],
  ["/orders/:id [GET]", "/orders/18", 200],
  ["/bad [GET] 4xx", "/bad", 400],
  ["/failed [GET] 5xx", "/failed", 503],
  ["unmatched [GET] 4xx", "/wp-admin/setup.php", 404],
  ["unmatched [GET] 4xx", "/.env", 404],
];
const THROWS = ["/throws [GET] threw", "/throws", 500] as const;
/** A path that shows whether the route is known: no part of it looks like an id. */
const NAMED = ["/users/:name [GET]", "/users/ann", 200] as const;

/**
 * Asks a program for everything, and kills it. The rows that it leaves must be what was counted
 * here.
 */
async function checkCounts(
  program: Spawned,
  directory: string,
  requests: typeof REQUESTS,
  end: { readonly code: number | null; readonly signal: string | null } = { code: null, signal: "SIGTERM" },
): Promise<void> {
  const counted: Record<string, number> = {};
  const count = (label: string): void => void (counted[label] = (counted[label] ?? 0) + 1);
  let waiting = 0;
  const all = await ports(program);
  for (const port of all) {
    const answers = requests.map(async ([label, path, status]) => {
      const method = /\[(\w+)\]/.exec(label)![1]!;
      const answer = await ask(port, path, { method, ...method === "POST" ? { body: "an order" } : {} });
      assertEquals(answer.status, status, path);
      if (method === "POST") assertEquals(answer.text, "an order");
      count(label);
    });
    await Promise.all(answers);
    const leaving = open(port, "/waits");
    await program.said(/waiting/g, ++waiting);
    leaving.close();
    count("/waits [GET] aborted");
    await program.said(/gone/g, waiting);
    // When this request arrives, the server knows that the others are over.
    await ask(port, "/last");
  }
  program.kill("SIGTERM");
  const { code, signal, stderr } = await program.ended;
  assertEquals({ code, signal }, end, stderr);
  const { "unmatched [GET] 4xx": unmatched = 0, ...labels } = countByLabel(directory, "duration");
  const { "unmatched [GET] 4xx": unmatchedHere = 0, ...labelsHere } = counted;
  assertEquals(labels, labelsHere);
  // The last of all may be over for its client only.
  const last = unmatched - unmatchedHere;
  assertEquals(last === all.length || last === all.length - 1, true, `${unmatched}, not ${unmatchedHere}`);
}

const APPS: readonly (readonly [RuntimeName, name: string, requests: typeof REQUESTS])[] = [
  ["deno", "deno_serve", [...REQUESTS, THROWS]],
  ["deno", "frameworks/express", [...REQUESTS, NAMED]],
  ["deno", "frameworks/fastify", [...REQUESTS, NAMED]],
  ["deno", "frameworks/koa", [...REQUESTS, NAMED]],
  ["bun", "frameworks/koa", [...REQUESTS, NAMED]],
  ["bun", "frameworks/elysia", [...REQUESTS, NAMED]],
  ["bun", "bun_serve", [...REQUESTS, THROWS, NAMED]],
  ["bun", "default_export", [...REQUESTS, THROWS]],
  ["bun", "frameworks/hono_export", [...REQUESTS, NAMED]],
  ["bun", "frameworks/express", [...REQUESTS, NAMED]],
  ["bun", "frameworks/fastify", [...REQUESTS, NAMED]],
];

describe("an unchanged program under the preload records each request once:", () => {
  for (const [runtime, name, requests] of APPS) {
    const skip = onlyOn(runtime);
    it(`${name} on ${runtime}`, { skip }, async () => {
      using scratch = scratchDirectory();
      await using program = preloaded(runtime, app(name), scratch.at("rows"));
      await checkCounts(program, scratch.at("rows"), requests);
    });
  }

  const skip = thisRuntime === "deno" ? false : "only on Deno";
  it("deno serve, with an entry of two lines", { skip }, async () => {
    using scratch = scratchDirectory();
    const command = denoServeCommand(app("deno_serve_entry"));
    await using program = disposable(spawnCommand(command, { env: { KYMO_DIR: scratch.at("rows") } }));
    // It ends well at SIGTERM, whatever it serves.
    await checkCounts(program, scratch.at("rows"), [...REQUESTS, THROWS], { code: 0, signal: null });
  });
});
