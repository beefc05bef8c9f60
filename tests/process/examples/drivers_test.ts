import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { countByLabel, readRows } from "../../support/process/recorded_rows.ts";
import { onlyOn, type RuntimeName, RUNTIMES, spawnOn, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { cannotServePostgres, PostgresServer } from "../../support/stores/postgres_server.ts";

/** Runs the program of a driver, and asserts that its queries are answered and recorded. */
async function assertRecorded(runtime: RuntimeName, driver: string, label: string, args: string[] = []): Promise<void> {
  using scratch = scratchDirectory();
  const program = fileURLToPath(new URL(`drivers/${driver}.ts`, import.meta.url));
  const { code, stdout, stderr } = await spawnOn(runtime, program, [scratch.path, ...args]).ended;
  assertEquals([code, stderr, stdout], [0, "", '[[{"id":17}],[]]\n']);
  assertEquals(countByLabel(scratch.path, "duration"), { [label]: 2 });
  readRows(scratch.path, "duration", (_label, _pid, _s, _ns, seconds) => assert(seconds > 0));
}

describe("queries of databases, timed as the guide does", () => {
  for (const runtime of RUNTIMES.filter((runtime) => runtime === "bun")) {
    it(`are recorded with bun:sqlite on ${runtime}`, { skip: onlyOn(runtime) }, async () => {
      await assertRecorded(runtime, "bun_sqlite", "sqlite: orders of a state");
    });
  }

  it("are recorded with pg and postgres", { skip: cannotServePostgres() }, async () => {
    await using server = await PostgresServer.start();
    server.query("CREATE TABLE orders AS SELECT 17 AS id, 'open' AS state");
    for (const driver of ["pg", "postgres"]) {
      await assertRecorded(thisRuntime, driver, `${driver}: orders of a state`, [server.url]);
    }
  });
});
