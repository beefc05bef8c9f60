import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HEADER } from "../../../src/csv/dialect.ts";
import { KymoError } from "../../../src/errors.ts";
import { StoreError } from "../../../src/stores/store_error.ts";
import { Snapshot } from "../../support/faults/directory_snapshot.ts";
import { underStrace } from "../../support/faults/strace.ts";
import { isFullSuite } from "../../support/faults/suite_size.ts";
import { spawnCommand, type Spawned, spawnOn, thisRuntime } from "../../support/process/run.ts";
import { cannotTrace } from "../../support/process/system_tools.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { queryDuckDB, rowsInDuckDB } from "../../support/stores/duckdb_store.ts";
import {
  csvFiles,
  everyCall,
  killAtFirst,
  laneOf,
  record,
  ROWS_EACH,
  ship,
  shipCommand,
  startShipping,
  targetOf,
  until,
} from "../../support/stores/shipping_commands.ts";
import { nameOf, publish, uniqueRows } from "../../support/stores/published_by_hand.ts";
import { rowsInFiles } from "../../support/stores/shipped_rows.ts";
import { shipHere } from "../../support/stores/shipping_here.ts";

describe("kymo ship to a file of DuckDB", () => {
  it("ships each row once and exactly, and tells who recorded", async () => {
    using scratch = scratchDirectory();
    const [directory, store] = [scratch.at("monitoring"), scratch.at("telemetry.duckdb")];
    await record(directory, { instance: "orders-2", attributes: { zone: "b" } }, 50);
    await record(directory, { layout: "append" }, 20, "kill");
    const first = await ship(directory, store);
    assertEquals([first.code, first.stderr], [0, ""]);
    const recorded = rowsInFiles(directory);
    const { state, guarantee, rows } = laneOf(first);
    assertEquals([state, guarantee], ["idle", "exactly once"]);
    assertEquals(rows, { read: 70 * ROWS_EACH, shipped: 70 * ROWS_EACH, already: 0, quarantined: 0, pending: 0 });
    assertEquals(await rowsInDuckDB(store), recorded);
    const second = await ship(directory, `duckdb:${store}`);
    assertEquals(laneOf(second).rows, { ...rows, shipped: 0, already: 70 * ROWS_EACH });
    assertEquals(await rowsInDuckDB(store), recorded);
    const verified = await ship(directory, store, "--verify");
    assertEquals([verified.code, laneOf(verified).channels.length], [0, 3]);
    // Whoever opens the file may call it what he likes.
    const renamed = scratch.at("another name.db");
    copyFileSync(store, renamed);
    assertEquals(
      await queryDuckDB(
        renamed,
        "SELECT DISTINCT route, verb, outcome, service, instance FROM kymo.duration " +
          "WHERE label LIKE '/orders%' AND instance IS NOT NULL",
      ),
      [["/orders/:id", "GET", "5xx", "orders", "orders-2"]],
    );
    assertEquals(
      await queryDuckDB(
        renamed,
        `SELECT how_ended, attributes->>'zone', ended >= started FROM kymo.program WHERE instance = 'orders-2'`,
      ),
      [["stop", "b", true]],
    );
    assertEquals(
      await queryDuckDB(
        renamed,
        "SELECT count(*) FROM kymo.named WHERE epoch_ns(time) <> timepoint OR program IS NULL",
      ),
      [[0n]],
    );
    assertEquals(readdirSync(scratch.path).sort(), ["another name.db", "monitoring", "telemetry.duckdb"]);
  });

  it("waits while another program has the file open, and takes turns", async () => {
    using scratch = scratchDirectory();
    const directories = [scratch.at("one"), scratch.at("other")];
    const store = scratch.at("telemetry.db");
    await Promise.all(directories.map((directory) => record(directory, {}, 10)));
    const holder = holdOpen(store);
    await holder.said(/open/);
    // One that ships both, and two that ship one each into the same file.
    const both = startShipping(...directories, "--to", store, "--json");
    let told = "";
    both.child.stderr.on("data", (text: string) => told += text);
    await until(() => /Could not set lock.*\(waiting, nothing is lost/.test(told));
    holder.kill("SIGKILL");
    await holder.ended;
    const ended = await both.ended;
    assertEquals(ended.code, 0);
    assertEquals(await rowsInDuckDB(store), directories.flatMap(rowsInFiles).sort());
    const each = await Promise.all(directories.map((directory) => ship(directory, store)));
    assertEquals(each.map((one) => [one.code, one.stderr, laneOf(one).rows.already]), [
      [0, "", 10 * ROWS_EACH],
      [0, "", 10 * ROWS_EACH],
    ]);
  });

  it("puts into quarantine what DuckDB refuses, and nothing else", async () => {
    using scratch = scratchDirectory();
    const [directory, store] = [scratch.at("monitoring"), scratch.at("telemetry.duckdb")];
    mkdirSync(directory);
    await using target = await targetOf(store);
    await target.init();
    // Any two rows like these.
    await queryDuckDB(store, "CREATE UNIQUE INDEX one ON kymo.observation ((CASE WHEN label = 'poison' THEN 1 END))");
    const row = "1795948585720130219,1,poison,7\r\n";
    writeFileSync(join(directory, "custom.7-0123abcd-000001.csv"), HEADER + row + row);
    writeFileSync(join(directory, "custom.7-0123abcd-000002.csv"), HEADER + row.replace("poison", "plain"));
    const ended = await ship(directory, store, "--keep", "0s");
    const { rows, state } = laneOf(ended);
    assertEquals([ended.code, rows.quarantined, rows.shipped, state], [1, 2, 1, "idle"]);
    assertEquals(csvFiles(directory), ["custom.7-0123abcd-000001.csv"]);
  });

  it("ships again by itself what a file lacks that was copied back", async () => {
    using scratch = scratchDirectory();
    const [directory, store, saved] = [scratch.at("monitoring"), scratch.at("telemetry.duckdb"), scratch.at("saved")];
    mkdirSync(directory);
    publish(directory, nameOf(1), uniqueRows(10));
    const shipping = await shipHere(directory, store, { follow: true, clockRate: 10 });
    await until(() => shipping.status()?.files === 1 && shipping.status()?.state === "idle");
    copyFileSync(store, saved);
    publish(directory, nameOf(2), uniqueRows(10));
    await until(() => shipping.status()?.files === 2 && shipping.status()?.state === "idle");
    copyFileSync(saved, `${store}.new`);
    renameSync(`${store}.new`, store);
    await until(() => shipping.status()?.rows.shipped === 30);
    shipping.stop();
    assertEquals(await shipping.ended, 0);
    assertEquals(await rowsInDuckDB(store), rowsInFiles(directory));
  });

  it("refuses files that are something else, and says how tables are made", async () => {
    using scratch = scratchDirectory();
    await using made = await targetOf(scratch.at("a.duckdb"));
    await queryDuckDB(scratch.at("a.duckdb"), `${await made.schema()}; SELECT 1`);
    assertEquals(await made.init(), false);
    await queryDuckDB(scratch.at("b.duckdb"), "CREATE SCHEMA kymo; CREATE TABLE kymo.observation (x INT)");
    await using partly = await targetOf(scratch.at("b.duckdb"));
    const why = await assertRejects(
      () => partly.init(),
      StoreError,
      "has only observation of the tables that Kymo makes",
    );
    writeFileSync(scratch.at("c.db"), `SQLite format 3\0${"\0".repeat(8192)}`);
    await using other = await targetOf(scratch.at("c.db"));
    const whatElse = await assertRejects(() => other.init(), StoreError, "not a valid DuckDB database file");
    assertEquals([why.kind, whatElse.kind], ["target", "target"]);
    await assertRejects(() => targetOf(scratch.at("kymo.duckdb")), KymoError, "duckdb:kymo.duckdb?schema=main");
    await using inMain = await targetOf(`duckdb:${scratch.at("kymo.duckdb")}?schema=main`);
    assertEquals([await inMain.init(), await rowsInDuckDB(scratch.at("kymo.duckdb"))], [true, []]);
  });
});

/** A program that has a file open until it is killed. */
function holdOpen(path: string): Spawned {
  const holder = fileURLToPath(new URL("./fixtures/hold_duckdb.ts", import.meta.url));
  return spawnOn(thisRuntime, holder, [path]);
}

describe("a shipper to DuckDB that is killed at a system call", { skip: cannotTrace() }, () => {
  it("leaves each row once, and the next one ships the rest", async () => {
    using scratch = scratchDirectory();
    const [directory, folder, log] = [scratch.at("monitoring"), scratch.at("store"), scratch.at("trace")];
    mkdirSync(folder);
    const store = join(folder, "telemetry.duckdb");
    await record(directory, {}, 20);
    await using target = await targetOf(store);
    await target.init();
    const snapshot = new Snapshot(folder);
    const start = (inject: readonly string[]) => {
      rmSync(log, { force: true });
      return spawnCommand([
        ...underStrace({ directory: folder, log, inject, files: 0, also: [store, `${store}.wal`] }),
        ...shipCommand(directory, "--to", store, "--json"),
      ]).ended;
    };
    let killed = 0;
    for (const fault of isFullSuite ? await everyCall(start, log) : [killAtFirst("fsync", "fdatasync")]) {
      snapshot.restore();
      if ((await start(fault)).signal === "SIGKILL") killed++;
      const next = await ship(directory, store);
      assertEquals([next.code, next.stderr], [0, ""]);
      assertEquals(await rowsInDuckDB(store), rowsInFiles(directory), fault.join());
    }
    assert(killed > 0);
  });
});
