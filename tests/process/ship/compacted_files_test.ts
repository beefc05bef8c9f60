import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { Compactor } from "../../../src/analysis/compaction/compactor.ts";
import { defaultRuntime } from "../../../src/default_runtime.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import {
  cannotServeClickHouse,
  CLICKHOUSE_VERSIONS,
  ClickHouseServer,
} from "../../support/stores/clickhouse_server.ts";
import { rowsInDuckDB } from "../../support/stores/duckdb_store.ts";
import { rowsInParquet } from "../../support/stores/parquet_store.ts";
import { cannotServePostgres, PostgresServer } from "../../support/stores/postgres_server.ts";
import { rowsInClickHouse, rowsInFiles, rowsInPostgres } from "../../support/stores/shipped_rows.ts";
import { csvFiles, record, ROWS_EACH, until } from "../../support/stores/shipping_commands.ts";
import { shipHere } from "../../support/stores/shipping_here.ts";

/** A store that is shipped to. Disposing ends it. */
interface Store extends AsyncDisposable {
  readonly url: string;
  /** All rows that are there, sorted. */
  rows(): string[] | Promise<string[]>;
}

/** A store that is shipped to. Disposing ends it. */
interface Store extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** All rows that are there, sorted. */
  rows(): string[] | Promise<string[]>;
}

function inFolder(name: string, url: string, rows: () => Promise<string[]>): Store {
  return { name, url, rows, [Symbol.asyncDispose]: () => Promise.resolve() };
}

async function startPostgres(): Promise<Store & PostgresServer> {
  const server = await PostgresServer.start();
  return Object.assign(server, { name: "PostgreSQL", rows: () => rowsInPostgres(server) });
}

async function startClickHouse(): Promise<Store> {
  const server = await ClickHouseServer.start("26.7");
  const url = `clickhouse://127.0.0.1:${server.port}`;
  return Object.assign(server, { name: "ClickHouse", url, rows: () => rowsInClickHouse(server) });
}

/** The stores by kind; all of them by `deno task test:ship`. */
const STARTS: readonly ((folder: string) => Store | Promise<Store>)[] = [
  ...cannotServePostgres() === false ? [startPostgres] : [],
  ...CLICKHOUSE_VERSIONS.length === 1 ? [] : [
    (folder: string) => inFolder("Parquet", `${folder}/lake/`, () => rowsInParquet(join(folder, "lake"))),
    (folder: string) => inFolder("DuckDB", `${folder}/rows.duckdb`, () => rowsInDuckDB(`${folder}/rows.duckdb`)),
    ...cannotServeClickHouse("26.7") === false ? [startClickHouse] : [],
  ],
];

const HOUR = 3_600;

/** Compacts all files, which then were changed some hours ago; returns the rows that they had. */
async function compactAll(directory: string, hours: number): Promise<string[]> {
  const rows = rowsInFiles(directory);
  for (const name of csvFiles(directory)) {
    const time = Date.now() / 1000 - hours * HOUR;
    utimesSync(join(directory, name), time, time);
  }
  {
    await using compactor = await Compactor.open(defaultRuntime(), directory);
    assertEquals((await compactor.run({ older: 0 })).problems, []);
  }
  assertEquals(csvFiles(directory), []);
  // It was compacted as long ago.
  for (const name of readdirSync(directory).filter((name) => name.endsWith(".parquet"))) {
    const time = Date.now() / 1000 - (hours - 1) * HOUR;
    utimesSync(join(directory, name), time, time);
  }
  return rows;
}

/** Lets the next shipper to the only store know nothing but the directory. */
function forgetShipping(directory: string): void {
  for (const name of readdirSync(join(directory, ".ship"))) {
    if (name !== "source") rmSync(join(directory, ".ship", name), { recursive: true });
  }
}

describe("rows that were compacted before they were shipped", () => {
  it("are shipped once, and those are not that were shipped before they were compacted", async () => {
    for (const start of STARTS) {
      using scratch = scratchDirectory();
      const [directory, beside] = [scratch.at("monitoring"), scratch.at("beside")];
      await using store = await start(scratch.path);
      const ship = async () => {
        const shipping = await shipHere(directory, store.url);
        const code = await shipping.ended;
        const { rows, refused, state, waitingFiles } = shipping.status()!;
        return { code, rows, refused, state, waitingFiles };
      };
      const small = { memoryThreshold: 2 ** 14 };
      await record(directory, small, 60);
      const first = await ship();
      assertEquals([first.code, first.rows.shipped], [0, 60 * ROWS_EACH], store.name);
      forgetShipping(directory);
      const recorded = await compactAll(directory, 4);
      await record(directory, small, 40);
      mkdirSync(beside);
      const [left = ""] = csvFiles(directory);
      copyFileSync(join(directory, left), join(beside, left));
      recorded.push(...await compactAll(directory, 3)); // merged with the others
      copyFileSync(join(beside, left), join(directory, left)); // as if the compaction was killed
      await record(directory, small, 10);
      const twice = rowsInFiles(beside).length;
      recorded.push(...rowsInFiles(directory));
      recorded.sort();
      for (const row of rowsInFiles(beside)) recorded.splice(recorded.indexOf(row), 1);
      const all = 110 * ROWS_EACH;
      assertEquals(recorded.length, all);
      const second = await ship();
      assertEquals(
        second,
        {
          code: 0,
          rows: {
            read: all + twice,
            shipped: 50 * ROWS_EACH,
            already: 60 * ROWS_EACH + twice,
            quarantined: 0,
            pending: 0,
          },
          refused: [],
          state: "idle",
          waitingFiles: 0,
        },
        store.name,
      );
      assertEquals(await store.rows(), recorded, store.name);
      const third = await ship();
      assertEquals([third.code, third.rows.shipped, third.rows.already], [0, 0, all + twice], store.name);
      assertEquals(await store.rows(), recorded, store.name);
    }
  });

  it(
    "come again to a store that has lost them, wait in quarantine, and are told if they cannot be read",
    { skip: cannotServePostgres() },
    async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      await using server = await startPostgres();
      await record(directory, {}, 20);
      const recorded = await compactAll(directory, 4);
      const shipping = await shipHere(directory, server.url);
      assertEquals(await shipping.ended, 0);
      assertEquals(server.rows(), recorded);

      // It is restored from a backup, and this directory was never shipped from here.
      forgetShipping(directory);
      const gone = server.query("DELETE FROM kymo.shipped WHERE channel <> 'custom' RETURNING rows");
      server.query("DELETE FROM kymo.observation WHERE channel <> 'custom'");
      server.query("ALTER TABLE kymo.observation ADD CHECK (channel <> 'sales')");
      const again = await shipHere(directory, server.url);
      assertEquals(await again.ended, 1);
      assertEquals(gone.length, 2);
      const { rows, quarantinedPieces, state } = again.status()!;
      assertEquals([state, quarantinedPieces], ["idle", 1]);
      assertEquals(rows, {
        read: 20 * ROWS_EACH,
        shipped: 20 * 10,
        already: 20 * 10,
        quarantined: 20,
        pending: 0,
      });

      server.query("ALTER TABLE kymo.observation DROP CONSTRAINT observation_channel_check");
      const follower = await shipHere(directory, server.url, { follow: true });
      await until(() => follower.status()?.state === "idle");
      assertEquals(follower.status()!.rows.quarantined, 20);
      const [target = ""] = readdirSync(join(directory, ".ship")).filter((name) => name !== "source");
      const quarantine = join(directory, ".ship", target, "quarantine");
      const [note = ""] = readdirSync(quarantine);
      assertMatch(
        JSON.parse(readFileSync(join(quarantine, note), "utf8")).file,
        /^sales\..*\.parquet\/sales\..*\.csv$/,
      );
      rmSync(join(quarantine, note));
      await until(() => follower.status()?.rows.shipped === 20);
      follower.stop();
      assertEquals(await follower.ended, 0);
      assertEquals(server.rows(), recorded);

      forgetShipping(directory);
      server.query("TRUNCATE kymo.shipped, kymo.observation");
      const damaged = readdirSync(directory).find((name) => /^duration\..*\.parquet$/.test(name))!;
      const path = join(directory, damaged);
      truncateSync(path, statSync(path).size - 100);
      utimesSync(path, Date.now() / 1000 - HOUR, Date.now() / 1000 - HOUR);
      const last = await shipHere(directory, server.url);
      assertEquals(await last.ended, 1);
      const status = last.status()!;
      assertEquals([status.rows.shipped, status.waitingFiles], [20 * 11, 1]);
      assertEquals(status.refused, [
        { file: damaged, reason: "it was compacted before it was shipped: it is no Parquet, or damaged" },
      ]);
      assertEquals(server.rows(), recorded.filter((row) => !row.endsWith('"duration"]')));
    },
  );
});
