import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HEADER } from "../../../src/csv/dialect.ts";
import { Snapshot } from "../../support/faults/directory_snapshot.ts";
import { underStrace } from "../../support/faults/strace.ts";
import { isFullSuite } from "../../support/faults/suite_size.ts";
import { spawnCommand } from "../../support/process/run.ts";
import { cannotTrace } from "../../support/process/system_tools.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { filesInParquet, queryParquet, rowsInParquet } from "../../support/stores/parquet_store.ts";
import { rowsInFiles } from "../../support/stores/shipped_rows.ts";
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
  until,
} from "../../support/stores/shipping_commands.ts";

describe("kymo ship to a folder of Parquet files", () => {
  it("ships each row once and exactly into few files, and tells who recorded", async () => {
    using scratch = scratchDirectory();
    const [directory, folder] = [scratch.at("monitoring"), scratch.at("telemetry")];
    await record(directory, { instance: "orders-2" }, 50);
    const first = await ship(directory, `${folder}/`);
    assertEquals([first.code, first.stderr], [0, ""]);
    const { state, guarantee, rows } = laneOf(first);
    assertEquals([state, guarantee, rows.shipped, rows.already], ["idle", "exactly once", 50 * ROWS_EACH, 0]);
    assertEquals(await rowsInParquet(folder), rowsInFiles(directory));
    await record(directory, { layout: "append" }, 20, "kill");
    const second = await ship(directory, `parquet:${folder}`);
    assertEquals(laneOf(second).rows, {
      read: 70 * ROWS_EACH,
      shipped: 20 * ROWS_EACH,
      already: 50 * ROWS_EACH,
      quarantined: 0,
      pending: 0,
    });
    assertEquals(await rowsInParquet(folder), rowsInFiles(directory));
    const hours = await queryParquet(
      folder,
      "SELECT count(DISTINCT (channel, timepoint // 3600000000000)) FROM FOLDER",
    );
    assert(filesInParquet(folder).length <= Number(hours[0]![0]), "the files of an hour grow");
    const verified = await ship(directory, `${folder}/`, "--verify");
    const sum = (of: "shipped" | "there"): number =>
      laneOf(verified).channels.reduce((all: number, one: Record<string, number>) => all + one[of]!, 0);
    assertEquals([verified.code, sum("shipped"), sum("there")], [0, 70 * ROWS_EACH, 70 * ROWS_EACH]);
    assertEquals(
      await queryParquet(
        folder,
        `SELECT DISTINCT service, instance, pid > 0, length(isolate), runtime IS NOT NULL, length(source)
         FROM FOLDER WHERE channel = 'duration' AND date >= current_date - 1 AND instance IS NOT NULL`,
      ),
      [["orders", "orders-2", true, 8n, true, 32n]],
    );
    const document = readFileSync(new URL("../../../docs/shipping.md", import.meta.url), "utf8");
    const [, sql = ""] = /```sql\n(SELECT make_timestamp_ns[^`]*read_parquet[^`]*)```/.exec(document) ?? [];
    const today = await queryParquet(folder, "SELECT max(date)::VARCHAR FROM FOLDER WHERE channel = 'duration'");
    const query = sql.replace("'telemetry/", `'${folder}/`).replace("2026-11-28", String(today[0]![0]));
    assert((await queryParquet(folder, query)).length > 0);
  });

  it("refuses another content under a known name, and follows until SIGTERM", async () => {
    using scratch = scratchDirectory();
    const [directory, folder] = [scratch.at("monitoring"), scratch.at("telemetry")];
    await record(directory, { durability: "memory" }, 1);
    const follower = startShipping(directory, "--to", `${folder}/`, "--follow", "--json");
    await until(async () =>
      readdirSync(scratch.path).includes("telemetry") && (await rowsInParquet(folder)).length === 21
    );
    await record(directory, {}, 5);
    follower.kill("SIGTERM");
    const ended = await follower.ended;
    assertEquals([ended.code, laneOf(ended).rows.shipped], [0, 6 * ROWS_EACH]);
    const before = await rowsInParquet(folder);
    assertEquals(before, rowsInFiles(directory));
    const file = join(directory, csvFiles(directory).find((name) => name.startsWith("sales."))!);
    writeFileSync(file, readFileSync(file, "utf8").replace("price", "PRICE"));
    const other = await ship(directory, `${folder}/`);
    assertEquals([other.code, laneOf(other).rows.shipped, laneOf(other).rows.quarantined > 0], [1, 0, true]);
    assertEquals(await rowsInParquet(folder), before);
  });

  it("is shared by several shippers, which leave the files of others alone", async () => {
    using scratch = scratchDirectory();
    const folder = scratch.at("telemetry");
    const directories = ["one", "other", "third"].map((name) => scratch.at(name));
    for (const [i, directory] of directories.entries()) {
      mkdirSync(directory);
      const row = `${Date.now()}000000,${i},"line\n${i}",7\r\n`;
      for (const sequence of [1, 2]) {
        writeFileSync(join(directory, `duration.7-0123abc${i}-00000${sequence}.csv`), HEADER + row.repeat(3));
      }
    }
    const strange = join(folder, "channel=duration", `date=${new Date().toISOString().slice(0, 10)}`);
    mkdirSync(strange, { recursive: true });
    const hour = new Date().toISOString().slice(10, 13);
    writeFileSync(join(strange, `${hour}Z-1.parquet`), "somebody else's");
    const ended = await Promise.all([
      ship(directories[0]!, `${folder}/`),
      startShipping(directories[1]!, directories[2]!, "--to", `${folder}/`, "--json").ended,
    ]);
    assertEquals(ended.map(({ code, stderr }) => [code, stderr]), [[0, ""], [0, ""]]);
    assertEquals(readFileSync(join(strange, `${hour}Z-1.parquet`), "utf8"), "somebody else's");
    rmSync(join(strange, `${hour}Z-1.parquet`));
    assertEquals(await rowsInParquet(folder), directories.flatMap(rowsInFiles).sort());
  });
});

describe("a shipper to Parquet that is killed at a system call", { skip: cannotTrace() }, () => {
  it("leaves each row once, and the next one ships the rest", async () => {
    using scratch = scratchDirectory();
    const [directory, folder, log] = [scratch.at("monitoring"), scratch.at("telemetry"), scratch.at("trace")];
    mkdirSync(directory);
    const row = (second: number): string => `17959485${second}720130219,0.000000001,work,7\r\n`;
    const write = (sequence: number, ...seconds: readonly number[]): void =>
      writeFileSync(join(directory, `duration.7-0123abcd-00000${sequence}.csv`), HEADER + seconds.map(row).join(""));
    write(1, 80, 81);
    assertEquals((await ship(directory, `${folder}/`)).code, 0);
    write(2, 82, 83);
    write(3, 84);
    const snapshot = new Snapshot(folder);
    const part = snapshot.paths.find((path) => path.endsWith(".parquet"))!;
    const day = join(part, "..");
    const start = (inject: readonly string[]) => {
      rmSync(log, { force: true });
      const also = [part, day, join(day, `.${part.slice(day.length + 1)}.tmp`), join(folder, ".kymo.lock")];
      return spawnCommand([
        ...underStrace({ directory: folder, log, inject, files: 0, also }),
        ...shipCommand(directory, "--to", `${folder}/`, "--json"),
      ]).ended;
    };
    let killed = 0;
    for (const fault of isFullSuite ? await everyCall(start, log) : [killAtFirst("rename", "renameat", "renameat2")]) {
      snapshot.restore();
      if ((await start(fault)).signal === "SIGKILL") killed++;
      const half = (await rowsInParquet(folder)).length;
      assert(half === 2 || half === 5, `${half} rows after ${fault}`);
      const next = await ship(directory, `${folder}/`);
      assertEquals([next.code, next.stderr], [0, ""]);
      assertEquals(await rowsInParquet(folder), rowsInFiles(directory), fault.join());
      assertEquals(readdirSync(day), [part.slice(day.length + 1)]);
    }
    assert(killed > 0);
  });
});
