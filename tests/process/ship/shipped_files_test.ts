import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Compactor } from "../../../src/analysis/compaction/compactor.ts";
import { shippedBefore } from "../../../src/control/retention/shipped_mark.ts";
import { HEADER } from "../../../src/csv/dialect.ts";
import { defaultRuntime } from "../../../src/default_runtime.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import type { RowCounts } from "../../../src/ship/shipping_counts.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { randomNumbers } from "../../support/random.ts";
import { referenceParse } from "../../support/reference_csv.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import {
  cannotServeClickHouse,
  CLICKHOUSE_VERSIONS,
  ClickHouseServer,
} from "../../support/stores/clickhouse_server.ts";
import { cannotServePostgres, PostgresServer } from "../../support/stores/postgres_server.ts";
import { rowsInClickHouse, rowsInFiles, rowsInPostgres, rowText } from "../../support/stores/shipped_rows.ts";
import { nameOf, publish, uniqueRows } from "../../support/stores/published_by_hand.ts";
import { csvFiles, targetOf, until } from "../../support/stores/shipping_commands.ts";
import { shipHere } from "../../support/stores/shipping_here.ts";

/** A store that files are shipped to. Disposing ends it. */
interface FilesStore extends AsyncDisposable {
  readonly url: string;
  /** Removes all tables. */
  clear(): unknown;
  /** Lets it refuse rows of this label. */
  refuse(label: string): unknown;
  /** All rows that are there, sorted. */
  rows(): string[] | Promise<string[]>;
}

async function startPostgres(): Promise<FilesStore> {
  const server = await PostgresServer.start();
  return {
    url: server.url,
    clear: () => server.query("DROP SCHEMA IF EXISTS kymo CASCADE"),
    refuse: (label) => server.query(`ALTER TABLE kymo.observation ADD CHECK (label <> '${label}')`),
    rows: () => rowsInPostgres(server),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function startClickHouse(): Promise<FilesStore> {
  const server = await ClickHouseServer.start("26.7");
  return {
    url: `clickhouse://127.0.0.1:${server.port}`,
    clear: () => server.query("DROP DATABASE IF EXISTS kymo"),
    refuse: (label) => server.query(`ALTER TABLE kymo.observation ADD CONSTRAINT clean CHECK label != '${label}'`),
    rows: () => rowsInClickHouse(server),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The stores, and how many files are moved about of each. */
const STORES = [
  { name: "PostgreSQL", skip: cannotServePostgres(), start: startPostgres, files: 150 },
  { name: "ClickHouse", skip: cannotServeClickHouse("26.7"), start: startClickHouse, files: shortOrFull(50, 150) },
];

for (const { name, skip, start, files: fileCount } of STORES) {
  describe(`files that are shipped to ${name}`, { skip }, () => {
    const noTest = (): void => {};
    // What is compacted is the same for all stores, and the gate has no time for two of each.
    const itWithPostgres = name === "PostgreSQL" ? it : noTest;
    const itInGateWithPostgres = CLICKHOUSE_VERSIONS.length > 1 ? it : itWithPostgres;
    let store: FilesStore;
    before(async () => void (store = await start()));
    after(async () => await store[Symbol.asyncDispose]());

    async function makeTables(): Promise<void> {
      await store.clear();
      await using target = await targetOf(store.url);
      await target.init();
    }

    itInGateWithPostgres("are all shipped but a poisoned one among a thousand, whichever it is", async () => {
      for (const poisoned of shortOrFull([1000], [1, 500, 1000])) {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        mkdirSync(directory);
        await makeTables();
        await store.refuse("poison");
        for (let i = 1; i <= 1000; i++) {
          publish(directory, nameOf(i), uniqueRows(1, i === poisoned ? "poison" : "plain"), 3_600_000);
        }
        const shipping = await shipHere(directory, store.url, { keep: 0 });
        assertEquals(await shipping.ended, 1);
        const { rows, state, quarantinedPieces, filesLetGo, retries } = shipping.status()!;
        assertEquals(rows, { read: 1000, shipped: 999, already: 0, quarantined: 1, pending: 0 });
        assertEquals([state, quarantinedPieces, filesLetGo, retries], ["idle", 1, 999, 0]);
        assertEquals(csvFiles(directory), [nameOf(poisoned)]);
        // Retention and compaction leave it alone.
        const shipped = shippedBefore(new MonitoringDirectory(defaultRuntime().files, directory));
        assert(shipped <= statSync(join(directory, nameOf(poisoned))).mtimeMs);
        assertEquals((await store.rows()).length, 999);
      }
    });

    (name === "PostgreSQL" ? it : (): void => {})(
      "are shipped if they were compacted before, and not looked at if they were compacted after they were shipped",
      async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        mkdirSync(directory);
        await makeTables();
        const compactAll = async (): Promise<number> => {
          await using compactor = await Compactor.open(defaultRuntime(), directory);
          return (await compactor.run({ older: 0 })).outputs;
        };
        const ship = async (): Promise<unknown[]> => {
          const shipping = await shipHere(directory, store.url, { keep: 3_600_000 });
          const code = await shipping.ended;
          const { rows: { read, shipped }, refused } = shipping.status()!;
          return [code, read, shipped, refused];
        };
        publish(directory, nameOf(1), uniqueRows(5), 3 * 3_600_000);
        assertEquals(await compactAll(), 1);
        publish(directory, nameOf(2), uniqueRows(5), 2 * 3_600_000);
        assertEquals(await ship(), [0, 10, 10, []]);
        assertEquals(await compactAll(), 1);
        assertEquals(csvFiles(directory), []);
        assertEquals(await ship(), [0, 5, 0, []]);
        assertEquals((await store.rows()).length, 10);
      },
    );

    it("are counted whatever people do to them, and each row is shipped once", async () => {
      using scratch = scratchDirectory();
      const [directory, elsewhere] = [scratch.at("monitoring"), scratch.at("elsewhere")];
      mkdirSync(directory);
      mkdirSync(elsewhere);
      await makeTables();
      const shipping = await shipHere(directory, store.url, { follow: true });
      const random = randomNumbers(14);
      const recorded: string[] = [];
      /** Rows of files that were removed or cut, which may have been shipped before. */
      const spoilt = new Set<string>();
      let looks = 0;
      for (let i = 1; i <= fileCount; i++) {
        publish(directory, nameOf(i), uniqueRows(20, '"a\r\nb"'), 60_000);
        const path = join(directory, nameOf(i));
        const rows = rowsOf(path);
        recorded.push(...rows);
        await sleep(random() * 12);
        const what = Math.floor(random() * 8);
        if (what === 0) renameSync(path, join(directory, `custom.renamed-${i}.csv`));
        if (what === 1) copyFileSync(path, join(directory, `custom.copy-${i}.csv`));
        if (what === 2) renameSync(path, join(elsewhere, nameOf(i)));
        if (what === 3) rmSync(path);
        if (what === 4) truncateSync(path, Math.floor(HEADER.length + random() * 500));
        if (what === 5 && i > 1) {
          // Somebody puts back what was moved away.
          const back = nameOf(1 + Math.floor(random() * (i - 1)));
          if (existsSync(join(elsewhere, back))) copyFileSync(join(elsewhere, back), join(directory, back));
        }
        if (what === 3 || what === 4) { for (const row of rows) spoilt.add(row); }
        const status = shipping.status();
        if (status === undefined) continue;
        looks++;
        assertEquals(sumOf(status.rows), status.rows.read);
      }
      for (let i = 1; i <= fileCount; i++) {
        const away = join(elsewhere, nameOf(i));
        if (existsSync(away)) renameSync(away, join(directory, nameOf(i)));
      }
      await until(() => shipping.status()?.waitingFiles === 0 && shipping.status()?.state === "idle");
      await sleep(100);
      await until(() => shipping.status()?.waitingFiles === 0 && shipping.status()?.state === "idle");
      shipping.stop();
      assertEquals(await shipping.ended, 0);
      const there = await store.rows();
      assertEquals(new Set(there).size, there.length, "each once");
      const missing = new Set(recorded).difference(new Set(there));
      assertEquals([...missing.difference(spoilt)], [], "only what somebody spoilt is missing");
      assertEquals([...new Set(there).difference(new Set(recorded))], []);
      const { rows, quarantinedPieces, vanishedFiles } = shipping.status()!;
      assertEquals([sumOf(rows), rows.shipped, rows.pending], [rows.read, there.length, 0]);
      assertEquals(quarantinedPieces, 0);
      assert(looks > fileCount / 2 && vanishedFiles >= 0);
    });

    itInGateWithPostgres(
      "are shipped once if they are copied before, and wait while they are being copied",
      async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        mkdirSync(directory);
        await makeTables();
        publish(directory, nameOf(1), uniqueRows(100));
        const path = join(directory, nameOf(1));
        const rows = rowsInFiles(directory);
        copyFileSync(path, join(directory, "custom.a.csv"));
        copyFileSync(path, join(directory, "custom.b.csv"));
        renameSync(path, join(directory, "custom.c.csv"));
        const half = readFileSync(join(directory, "custom.a.csv"));
        writeFileSync(join(directory, "custom.d.csv"), half.subarray(0, half.length >> 1));
        const shipping = await shipHere(directory, store.url, { follow: true });
        await sleep(200);
        writeFileSync(join(directory, "custom.d.csv"), half);
        await until(() => shipping.status()?.files === 4);
        shipping.stop();
        assertEquals(await shipping.ended, 0);
        assertEquals(await store.rows(), rows);
        assertEquals(shipping.status()!.rows, { read: 400, shipped: 100, already: 300, quarantined: 0, pending: 0 });
      },
    );
  });
}

function rowsOf(path: string): string[] {
  return referenceParse(readFileSync(path, "utf8"))
    .map(({ timepoint, measurement, label, pid }) => rowText(timepoint, measurement, label, pid, "custom"));
}

function sumOf({ shipped, already, quarantined, pending }: RowCounts): number {
  return shipped + already + quarantined + pending;
}
