import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { kymo } from "../../support/bridge/bridge_process.ts";
import { ask, open } from "../../support/process/http_client.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { onlyOn, RUNTIMES, spawnCommand, type Spawned } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { app, denoServeCommand, disposable, ports, preloaded } from "./preloaded.ts";

/** ms to wait for what an older version may never do. */
const PATIENCE = 10_000;

/** Kills a program, recovers what it left, and returns its rows. */
async function rowsOf(program: Spawned, directory: string): Promise<Readonly<Record<string, number>>> {
  program.kill("SIGTERM");
  await program.ended;
  assertEquals((await kymo("recover", directory)).code, 0);
  return countByLabel(directory, "duration");
}

// What fails on an older version is in tools/versions/differences.ts, and in the guide.
for (const runtime of RUNTIMES) {
  describe(`under the preload on ${runtime}`, () => {
    const skip = onlyOn(runtime);

    if (runtime === "deno") {
      it("the entry of deno serve is recorded", { skip }, async () => {
        using scratch = scratchDirectory();
        const command = denoServeCommand(app("deno_serve_entry"));
        await using program = disposable(spawnCommand(command, { env: { KYMO_DIR: scratch.at("rows") } }));
        const [port = 0] = await ports(program);
        assertEquals((await ask(port, "/text")).status, 200);
        assertEquals(await rowsOf(program, scratch.at("rows")), { "/text [GET]": 1 });
      });
    }

    it("workers of both kinds are recorded", { skip }, async () => {
      using scratch = scratchDirectory();
      await using program = preloaded(runtime, app("workers"), scratch.at("rows"));
      for (const port of await ports(program)) assertEquals((await ask(port, "/worker")).text, "worker");
      assertEquals(await rowsOf(program, scratch.at("rows")), { "/worker [GET]": 2 });
    });

    it("the routes of Fastify are its own", { skip }, async () => {
      using scratch = scratchDirectory();
      await using program = preloaded(runtime, app("frameworks/fastify"), scratch.at("rows"));
      const [port = 0] = await ports(program);
      assertEquals((await ask(port, "/users/ann")).status, 200);
      assertEquals(await rowsOf(program, scratch.at("rows")), { "/users/:name [GET]": 1 });
    });

    for (const [server, name] of [["node:http", "node_http"], ["Koa", "frameworks/koa"]] as const) {
      it(`a request to ${server} whose client has left is aborted`, { skip }, async () => {
        using scratch = scratchDirectory();
        await using program = preloaded(runtime, app(name), scratch.at("rows"));
        const [port = 0] = await ports(program);
        const leaving = open(port, "/waits");
        await program.said(/waiting/g);
        leaving.close();
        await Promise.race([program.said(/gone/g), sleep(PATIENCE, undefined, { ref: false })]);
        assertEquals(await rowsOf(program, scratch.at("rows")), { "/waits [GET] aborted": 1 });
      });
    }
  });
}
