import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HEADER } from "../../../../src/csv/dialect.ts";
import { spawnCommand, type Spawned, thisRuntime } from "../../../support/process/run.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import {
  cannotServeClickHouse,
  CLICKHOUSE_VERSIONS,
  ClickHouseServer,
} from "../../../support/stores/clickhouse_server.ts";
import { HttpProxy, type ProxiedRequest } from "../../../support/stores/http_proxy.ts";
import { asStoredIn, rowsInClickHouse, rowsInFiles } from "../../../support/stores/shipped_rows.ts";
import { shipHere } from "../../../support/stores/shipping_here.ts";
import {
  csvFiles,
  laneOf,
  record,
  ROWS_EACH,
  ship,
  shipCommand,
  startShipping,
  until,
} from "../../../support/stores/shipping_commands.ts";

/** The first midnight of UTC in 2027, ns. */
const MIDNIGHT = 1_798_761_600_000_000_000n;

/** The gate leaves out what takes long. */
const isEverything = CLICKHOUSE_VERSIONS.length > 1;

/** Declares a test that the gate has no time for. */
const itIfEverything = isEverything ? it : (): void => {};

for (const version of CLICKHOUSE_VERSIONS) {
  describe(`kymo ship to ClickHouse ${version}`, { skip: cannotServeClickHouse(version) }, () => {
    let server: ClickHouseServer;
    let proxy: HttpProxy;
    let store: string;
    before(async () => {
      server = await ClickHouseServer.start(version);
      proxy = await HttpProxy.start(server.port);
      store = `clickhouse://127.0.0.1:${proxy.port}`;
    });
    after(async () => {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });

    async function forgetAll(): Promise<void> {
      proxy.reset();
      await server.query("DROP DATABASE IF EXISTS kymo");
    }

    async function assertAllThere(directory: string): Promise<void> {
      await assertThere(rowsInFiles(directory));
    }

    async function assertThere(rows: readonly string[]): Promise<void> {
      assertEquals(asStoredIn(version, await rowsInClickHouse(server)), asStoredIn(version, rows));
    }

    for (const layout of ["segments", "append"] as const) {
      it(`ships each row once and exactly, layout ${layout}`, async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        await forgetAll();
        await record(directory, { layout }, 300);
        await record(directory, { layout }, 20, "kill");
        const first = await ship(directory, store);
        assertEquals([first.code, first.stderr], [0, ""]);
        const rows = 320 * ROWS_EACH;
        assertEquals(laneOf(first).rows, { read: rows, shipped: rows, already: 0, quarantined: 0, pending: 0 });
        await assertAllThere(directory);
        const second = await ship(directory, store);
        assertEquals(laneOf(second).rows, { read: rows, shipped: 0, already: rows, quarantined: 0, pending: 0 });
        await assertAllThere(directory);
        const verified = await ship(directory, store, "--verify");
        assertEquals([verified.code, laneOf(verified).channels], [0, [
          { channel: "custom", shipped: 3200, there: 3200 },
          { channel: "duration", shipped: 3200, there: 3200 },
          { channel: "sales", shipped: 320, there: 320 },
        ]]);
        await server.query("ALTER TABLE kymo.observation DELETE WHERE label = 'plain'");
        await until(async () =>
          await server.value("SELECT count() FROM kymo.observation WHERE label = 'plain'") === "0"
        );
        assertEquals((await ship(directory, store, "--verify")).code, 1);
      });
    }

    it("tells who recorded, and the parts of the labels of requests", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      await forgetAll();
      await record(directory, { instance: "orders-2", attributes: { zone: "b" } }, 5);
      assertEquals((await ship(directory, store)).code, 0);
      assertEquals(
        await server.query(`SELECT DISTINCT route, verb, outcome, service, instance, runtime FROM kymo.duration
          WHERE label LIKE '/orders%'`),
        [["/orders/:id", "GET", "5xx", "orders", "orders-2", thisRuntime]],
      );
      assertEquals(
        await server.query("SELECT DISTINCT route, verb, outcome FROM kymo.duration WHERE label = 'plain'"),
        [["plain", "", "answered"]],
      );
      assertEquals(
        await server.query("SELECT service, kind, how_ended, attributes, ended >= started FROM kymo.program FINAL"),
        [["orders", "main", "stop", '{"zone":"b"}', 1]],
      );
      assertEquals(
        await server.value(
          "SELECT count() FROM kymo.named WHERE abs(toInt64(toUnixTimestamp(time)) - toInt64(now())) > 600",
        ),
        "0",
      );
      assertEquals(await server.value("SELECT count() FROM kymo.custom"), String(5 * 11));
    });

    it("ships each row once when answers are lost, and requests", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      await forgetAll();
      await record(directory, {}, 10);
      proxy.fault = async (request, forward) => {
        if (request.number % 3 === 1) return undefined;
        const answer = await forward();
        return request.number % 3 === 2 ? undefined : answer;
      };
      const shipper = await shipHere(directory, store, { follow: true });
      await until(() => proxy.requests.length > 30);
      proxy.fault = (_, forward) => forward();
      await until(async () => await countOf(server) === 10 * ROWS_EACH);
      shipper.stop();
      assertEquals(await shipper.ended, 0);
      assertEquals(shipper.status()!.quarantinedPieces, 0);
      await assertAllThere(directory);
    });

    itIfEverything("ships each row once when it was killed and others have shipped much since", async () => {
      using scratch = scratchDirectory();
      const [one, other] = [scratch.at("one"), scratch.at("other")];
      await forgetAll();
      assertEquals((await startShipping("--init", "--to", store).ended).code, 0);
      if (version !== "18.16") {
        await server.query("ALTER TABLE kymo.observation MODIFY SETTING non_replicated_deduplication_window = 1");
      }
      await record(one, { durability: "memory" }, 1);
      const shipper = startShipping(one, "--to", store);
      killAt(proxy, shipper, "after", isInsertion);
      await shipper.ended;
      proxy.reset();
      await record(other, { durability: "memory" }, 1);
      assertEquals((await ship(other, store)).code, 0);
      await record(other, { durability: "memory" }, 1);
      assertEquals((await ship(other, store)).code, 0);
      assertEquals((await ship(one, store)).code, 0);
      await assertThere([...rowsInFiles(one), ...rowsInFiles(other)].sort());
    });

    itIfEverything("ships rows again that somebody has removed before it knew them to be there", async () => {
      using scratch = scratchDirectory();
      for (const removed of ["1 = 1", "channel = 'custom'"]) {
        const directory = scratch.at(removed);
        await forgetAll();
        await record(directory, { durability: "memory" }, 1);
        const shipper = startShipping(directory, "--to", store);
        killAt(proxy, shipper, "after", isInsertion);
        await shipper.ended;
        proxy.reset();
        await server.query(`ALTER TABLE kymo.observation DELETE WHERE ${removed}`);
        await until(async () => await server.value(`SELECT count() FROM kymo.observation WHERE ${removed}`) === "0");
        assertEquals((await ship(directory, store)).code, 0);
        await assertAllThere(directory);
      }
    });

    itIfEverything("ships each row once over midnight, killed between the days", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      await forgetAll();
      await record(directory, { durability: "memory" }, 1);
      const rows = Array.from({ length: 100 }, (_, i) => `${MIDNIGHT - 50n + BigInt(i)},${i},"a\n,b",7\r\n`);
      writeFileSync(join(directory, "custom.7-0123abcd-000001.csv"), HEADER + rows.join(""));
      const shipper = startShipping(directory, "--to", store);
      let insertions = 0;
      killAt(proxy, shipper, "after", (request) => isInsertion(request) && ++insertions === 2);
      await shipper.ended;
      const there = await countOf(server);
      assert(there > 0 && there < 100 + ROWS_EACH);
      proxy.reset();
      assertEquals((await ship(directory, store)).code, 0);
      await assertAllThere(directory);
      assertEquals(
        await server.query(`SELECT partition, toString(sum(rows)) FROM system.parts
          WHERE active AND database = 'kymo' AND table = 'observation' AND partition >= '20261231'
          GROUP BY partition ORDER BY partition`),
        [["20261231", "50"], ["20270101", "50"]],
      );
      const all = await countOf(server);
      await server.query("ALTER TABLE kymo.observation DROP PARTITION 20270101");
      assertEquals(await countOf(server), all - 50);
    });

    it("ships each row once if the journal was deleted, and refuses to guess", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      await forgetAll();
      await record(directory, { durability: "memory" }, 1);
      assertEquals((await ship(directory, store)).code, 0);
      await record(directory, { durability: "memory" }, 2);
      const shipper = startShipping(directory, "--to", store);
      killAt(proxy, shipper, "after", isInsertion);
      await shipper.ended;
      proxy.reset();
      deleteJournal(directory);
      assertEquals((await ship(directory, store)).code, 0);
      await assertAllThere(directory);
      deleteJournal(directory);
      await server.query("DROP TABLE kymo.shipped");
      const guessed = await ship(directory, store);
      assertEquals([guessed.code, laneOf(guessed).state], [1, "blocked"]);
      assertStringIncludes(guessed.stderr, "its table shipped lacks 2 batches");
      await assertAllThere(directory);
    });

    it("waits while the table is missing, and skips nothing", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      await forgetAll();
      await record(directory, {}, 10);
      assertEquals((await startShipping("--init", "--to", store).ended).code, 0);
      await server.query("RENAME TABLE kymo.observation TO kymo.away, kymo.shipped TO kymo.shipped2");
      await server.query("CREATE TABLE kymo.shipped (x Int8) ENGINE = MergeTree ORDER BY x");
      const follower = startShipping(directory, "--to", store, "--follow", "--json");
      let told = "";
      follower.child.stderr.on("data", (text) => told += text);
      await until(() => /blocked/.test(told));
      await server.query("DROP TABLE kymo.shipped");
      await server.query("RENAME TABLE kymo.away TO kymo.observation, kymo.shipped2 TO kymo.shipped");
      await until(async () => await countOf(server) === 10 * ROWS_EACH);
      follower.kill("SIGTERM");
      const ended = await follower.ended;
      assertEquals([ended.code, laneOf(ended).quarantinedPieces], [0, 0]);
      assertMatch(told, /shipped\.batch is missing \(blocked, nothing is lost; trying again\)/);
      await assertAllThere(directory);
    });

    it("never sends a password in an address, nor shows it", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      await forgetAll();
      await record(directory, {}, 1);
      const secret = "s3cr&t/word";
      const given = await ship(directory, store.replace("//", `//kymo:${encodeURIComponent(secret)}@`));
      assertEquals([given.code, given.stdout], [2, ""]);
      assert(!given.stderr.includes("s3cr"));
      const { code, stdout, stderr } = await spawnCommand(
        shipCommand(directory, "--to", store.replace("//", version === "18.16" ? "//kymo@" : "//"), "--json"),
        { env: { CLICKHOUSE_PASSWORD: version === "18.16" ? secret : "" } },
      ).ended;
      assertEquals([code, stdout.includes("s3cr"), stderr], [0, false, ""]);
      assert(proxy.requests.every(({ path }) => !path.includes("s3cr")));
      for (const name of readdirSync(join(directory, ".ship"), { recursive: true }).map(String)) {
        const path = join(directory, ".ship", name);
        if (/journal|status/.test(name)) assert(!readFileSync(path, "utf8").includes("s3cr"));
      }
      if (version !== "18.16") return;
      const wrong = await spawnCommand(shipCommand(directory, "--to", store.replace("//", "//kymo@"), "--json"), {
        env: { CLICKHOUSE_PASSWORD: "wrong" },
      }).ended;
      assertEquals([wrong.code, laneOf(wrong).state], [1, "blocked"]);
      assertStringIncludes(wrong.stderr, "Wrong password for user kymo");
    });

    itIfEverything("prints how tables are made, and does not touch others", async () => {
      await forgetAll();
      const dry = await startShipping("--init", "--dry-run", "--to", store).ended;
      assertEquals([dry.code, await server.value("SELECT count() FROM system.databases WHERE name = 'kymo'")], [
        0,
        "0",
      ]);
      for (const statement of dry.stdout.split(/;\n/)) if (statement.trim() !== "") await server.query(statement);
      const made = await startShipping("--init", "--to", store).ended;
      assertMatch(made.stdout, /the tables are there/);
      await forgetAll();
      await server.query("CREATE DATABASE kymo");
      await server.query("CREATE TABLE kymo.observation (x Int8) ENGINE = MergeTree ORDER BY x");
      const other = await startShipping("--init", "--to", store).ended;
      assertEquals(other.code, 1);
      assertStringIncludes(other.stderr, "has tables that Kymo did not make: observation.timepoint is missing");
      assertEquals(await server.query("SELECT name FROM system.tables WHERE database = 'kymo'"), [["observation"]]);
    });

    if (version === "26.7") {
      it("puts into quarantine what the database refuses, once it has taken another file", async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        await forgetAll();
        assertEquals((await startShipping("--init", "--to", store).ended).code, 0);
        await server.query("ALTER TABLE kymo.observation ADD CONSTRAINT clean CHECK label != 'poison'");
        await record(directory, { durability: "memory" }, 1);
        const files = csvFiles(directory);
        const poison = "custom.7-0123abcd-000001.csv";
        writeFileSync(join(directory, poison), `${HEADER}1795948585720130219,1,poison,7\r\n`);
        const alone = scratch.at("alone");
        await record(alone, { durability: "memory" }, 1);
        for (const name of csvFiles(alone)) rmSync(join(alone, name));
        writeFileSync(join(alone, poison), readFileSync(join(directory, poison)));
        const lonely = await ship(alone, store);
        assertEquals([lonely.code, laneOf(lonely).state, laneOf(lonely).quarantinedPieces], [1, "blocked", 0]);
        const { code, stdout } = await ship(directory, store, "--keep", "0s");
        const lane = JSON.parse(stdout).lanes[0];
        assertEquals([code, lane.rows.quarantined, lane.rows.shipped, lane.state], [1, 1, ROWS_EACH, "idle"]);
        assertEquals([csvFiles(directory), files.length], [[poison], 3]);
        const status = await startShipping(directory, "--status").ended;
        assertMatch(status.stdout, /in quarantine: custom\.7-0123abcd-000001\.csv, 1 row: 469: /);
        await server.query("ALTER TABLE kymo.observation DROP CONSTRAINT clean");
        await startShipping(directory, "--retry-quarantine").ended;
        const retried = await ship(directory, store);
        assertEquals([retried.code, laneOf(retried).rows.shipped], [0, 1]);
      });
    } else {
      it("ships into a distributed table, and revokes there", async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        await forgetAll();
        assertEquals((await startShipping("--init", "--to", store).ended).code, 0);
        const guide = readFileSync(new URL("../../../../docs/shipping.md", import.meta.url), "utf8");
        const [, statements = ""] = /```sql\n([^`]*Distributed[^`]*)```/.exec(guide) ?? [];
        for (const statement of statements.split(";").slice(0, -1)) await server.query(statement);
        await record(directory, { durability: "memory" }, 1);
        const shipper = startShipping(directory, "--to", store);
        killAt(proxy, shipper, "after", isInsertion);
        await shipper.ended;
        proxy.reset();
        assertEquals((await ship(directory, store)).code, 0);
        await assertAllThere(directory);
      });
    }
  });
}

/** Kills a shipper before or after the server has a request; nothing is answered. */
function killAt(
  proxy: HttpProxy,
  shipper: Spawned,
  side: "before" | "after",
  isDue: (request: ProxiedRequest) => boolean,
): void {
  proxy.fault = async (request, forward) => {
    if (!isDue(request)) return await forward();
    if (side === "after") await forward();
    shipper.kill("SIGKILL");
    await shipper.ended;
    return undefined;
  };
}

function isInsertion({ statement }: ProxiedRequest): boolean {
  return /^INSERT INTO \S+observation/.test(statement);
}

async function countOf(server: ClickHouseServer): Promise<number> {
  const isThere = await server.value(
    "SELECT count() FROM system.tables WHERE database = 'kymo' AND name = 'observation'",
  );
  return isThere === "1" ? Number(await server.value("SELECT count() FROM kymo.observation")) : 0;
}

function deleteJournal(directory: string): void {
  const target = readdirSync(join(directory, ".ship")).find((name) => /^[0-9a-f]{12}$/.test(name))!;
  const path = join(directory, ".ship", target, "journal");
  assert(existsSync(path));
  rmSync(path);
}
