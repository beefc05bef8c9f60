import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HEADER } from "../../../src/csv/dialect.ts";
import type { Spawned } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { CrateError, CrateStandIn, type Fault } from "../../support/stores/crate_stand_in.ts";
import { rowsInFiles, rowText } from "../../support/stores/shipped_rows.ts";
import { csvFiles, laneOf, record, ROWS_EACH, ship, startShipping } from "../../support/stores/shipping_commands.ts";

/** All rows of the stand-in, sorted. */
function rowsIn(store: CrateStandIn): string[] {
  return store.rowsOf('"kymo".observation').map(({ timepoint, measurement, label, pid, channel }) =>
    rowText(timepoint as bigint, measurement as number, label as string, String(pid), channel as string)
  ).sort();
}

describe("kymo ship to a stand-in for CrateDB", () => {
  it("ships each row once and exactly, also when answers are lost", async () => {
    await using store = await CrateStandIn.start();
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await record(directory, {}, 20);
    await record(directory, { layout: "append" }, 10, "kill");
    const troubles: (readonly [step: RegExp, fault: Fault])[] = [
      [/^INSERT INTO "kymo".observation/, { after: "lost" }],
      [/^SELECT stem, count/, { before: new CrateError(5002, "primary shard is not active") }],
      [/^INSERT INTO "kymo".shipped/, { after: "lost" }],
    ];
    store.onStatement = (statement) => troubles[0]?.[0].test(statement) ? troubles.shift()![1] : undefined;
    const first = await ship(directory, store.url);
    const { state, guarantee, rows } = laneOf(first);
    assertEquals([first.code, state, guarantee], [0, "idle", "exactly once in effect"]);
    assertEquals([rows.read, rows.pending, rows.quarantined], [30 * ROWS_EACH, 0, 0]);
    assertEquals(troubles, []);
    assertEquals(rowsIn(store), rowsInFiles(directory));
    const second = await ship(directory, store.url);
    assertEquals(laneOf(second).rows.already, 30 * ROWS_EACH);
    const verified = await ship(directory, store.url, "--verify");
    assertEquals([verified.code, laneOf(verified).channels.length], [0, 3]);
    const [program] = store.rowsOf('"kymo".program').filter(({ how_ended }) => how_ended === "stop");
    assertEquals(program?.service, "orders");
  });

  it("ships the rest after a kill between any two statements, beside another shipper", async () => {
    await using store = await CrateStandIn.start();
    using scratch = scratchDirectory();
    const directories = [scratch.at("one"), scratch.at("other")];
    await Promise.all(directories.map((directory) => record(directory, {}, 5)));
    for (const [i, step] of [/^INSERT INTO "kymo".observation/, /^REFRESH TABLE "kymo".shipped$/].entries()) {
      let victim: Spawned | undefined = undefined;
      let matches = 0;
      store.onStatement = (statement) => {
        if (step.test(statement) && ++matches === 2) victim?.kill("SIGKILL");
      };
      victim = startShipping(directories[i]!, "--to", store.url);
      assertEquals((await victim.ended).signal, "SIGKILL");
    }
    store.onStatement = () => {};
    const ended = await Promise.all(directories.map((directory) => ship(directory, store.url)));
    assertEquals(ended.map(({ code, stderr }) => [code, stderr]), [[0, ""], [0, ""]]);
    assertEquals(rowsIn(store), directories.flatMap(rowsInFiles).sort());
  });

  it("puts into quarantine what it refuses, and nothing else", async () => {
    await using store = await CrateStandIn.start();
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    mkdirSync(directory);
    const label = "x".repeat(40_000); // longer than Lucene takes
    const row = (label: string): string => `1795948585720130219,1,${label},7\r\n`;
    writeFileSync(join(directory, "custom.7-0123abcd-000001.csv"), HEADER + row("plain") + row(label));
    writeFileSync(join(directory, "custom.7-0123abcd-000002.csv"), HEADER + row("plain"));
    const ended = await ship(directory, store.url, "--keep", "0s");
    const { rows } = laneOf(ended);
    assertEquals([ended.code, rows.quarantined, rows.shipped], [1, 2, 1]);
    assertEquals(csvFiles(directory), ["custom.7-0123abcd-000001.csv"]);
    assert(ended.stdout.length > 0);
  });

  it("says how the tables are made", async () => {
    const dry = await startShipping("--init", "--dry-run", "--to", "crate://nowhere.invalid/").ended;
    assertEquals([dry.code, dry.stdout.match(/^CREATE (TABLE IF NOT EXISTS|VIEW) "kymo"\./gm)?.length], [0, 8]);
  });
});
