import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HEADER } from "../../../src/csv/dialect.ts";
import { type Ended, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { parsePrometheusText } from "../../support/stores/prometheus_text.ts";
import { cannotServePostgres, freePort, PostgresServer } from "../../support/stores/postgres_server.ts";
import { rowsInFiles, rowsInPostgres } from "../../support/stores/shipped_rows.ts";
import {
  csvFiles,
  record,
  ship as shipTo,
  shipCommand,
  startShipping,
  until,
} from "../../support/stores/shipping_commands.ts";

describe("kymo ship to PostgreSQL", { skip: cannotServePostgres() }, () => {
  let server: PostgresServer;
  before(async () => void (server = await PostgresServer.start()));
  after(async () => await server[Symbol.asyncDispose]());

  function ship(directory: string, ...args: string[]): Promise<Ended> {
    return shipTo(directory, server.url, ...args);
  }

  function forgetAll(): void {
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
  }

  for (const layout of ["segments", "append"] as const) {
    it(`ships each row once and exactly, layout ${layout}`, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      forgetAll();
      await record(directory, { layout }, 300);
      await record(directory, { layout }, 20, "kill");
      const first = await ship(directory);
      assertEquals([first.code, first.stderr], [0, ""]);
      const [lane] = JSON.parse(first.stdout).lanes;
      const recorded = rowsInFiles(directory);
      assertEquals(rowsInPostgres(server), recorded);
      assertEquals(lane.rows, {
        read: recorded.length,
        shipped: recorded.length,
        already: 0,
        quarantined: 0,
        pending: 0,
      });
      assertEquals([lane.state, lane.guarantee, lane.waitingFiles], ["idle", "exactly once", 0]);
      const second = await ship(directory);
      const [again] = JSON.parse(second.stdout).lanes;
      assertEquals(again.rows, {
        read: recorded.length,
        shipped: 0,
        already: recorded.length,
        quarantined: 0,
        pending: 0,
      });
      assertEquals(rowsInPostgres(server), recorded);
      const verified = await ship(directory, "--verify");
      const [{ channels }] = JSON.parse(verified.stdout).lanes;
      assertEquals([verified.code, channels.map(({ channel }: { channel: string }) => channel)], [
        0,
        ["custom", "duration", "sales"],
      ]);
    });
  }

  it("tells who recorded, and the parts of the labels of requests", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    forgetAll();
    await record(directory, { instance: "orders-2", attributes: { zone: "b" } }, 5);
    assertEquals((await ship(directory)).code, 0);
    assertEquals(
      server.query(`SELECT DISTINCT route, verb, outcome, service, instance, runtime FROM kymo.duration
        WHERE label LIKE '/orders%'`),
      [["/orders/:id", "GET", "5xx", "orders", "orders-2", thisRuntime]],
    );
    assertEquals(
      server.query("SELECT service, kind, how_ended, attributes->>'zone', ended >= started FROM kymo.program"),
      [["orders", "main", "stop", "b", "t"]],
    );
    assertEquals(
      server.value("SELECT count(*) FROM kymo.named WHERE abs(extract(epoch FROM time - now())) > 600"),
      "0",
    );
    assertEquals(
      server.value("SELECT count(*) FROM kymo.observation o WHERE program NOT IN (SELECT id FROM kymo.program)"),
      "0",
    );
  });

  it("goes on with what comes while it follows, drains at SIGTERM, and lets files go", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    forgetAll();
    await record(directory, {}, 10);
    const archive = scratch.at("archive");
    const [port, statusFile] = [String(await freePort()), scratch.at("status.json")];
    const watched = ["--metrics", port, "--status-file", statusFile];
    const kept = ["--keep", "0s", "--archive", archive];
    const follower = startShipping(directory, "--to", server.url, "--follow", ...kept, ...watched, "--json");
    const isShipped = (rows: number) =>
      until(() => server.value("SELECT count(*) FROM kymo.observation") === String(rows));
    await until(() => server.value("SELECT to_regclass('kymo.observation') IS NOT NULL") === "t");
    await isShipped(10 * 21);
    await until(() => csvFiles(directory).length === 0);
    await record(directory, {}, 10);
    const flushed = performance.now();
    await isShipped(20 * 21);
    assertLess(performance.now() - flushed, 10_000); // a second or so, if nothing else runs
    await record(directory, {}, 10, "kill");
    const shippedRows = async (): Promise<number> => {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
      const rows = [...parsePrometheusText(await answer.text()).get("kymo_ship_rows_total")!];
      return rows.find(([labels]) => labels.includes('result="shipped"'))![1];
    };
    await until(async () => await shippedRows() === 20 * 21);
    await until(() => JSON.parse(readFileSync(statusFile, "utf8")).lanes[0].rows.shipped === 20 * 21);
    follower.kill("SIGTERM");
    const { code, stdout } = await follower.ended;
    const [{ rows, filesLetGo }] = JSON.parse(stdout).lanes;
    assertEquals([code, rows.shipped, rows.pending, filesLetGo], [0, 30 * 21, 0, csvFiles(archive).length]);
    assertEquals(csvFiles(directory), []);
    assertEquals(rowsInPostgres(server), rowsInFiles(archive));
  });

  it("puts into quarantine what the database refuses, and nothing else", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    forgetAll();
    await record(directory, {}, 10);
    assertEquals((await startShipping("--init", "--to", server.url).ended).code, 0);
    server.query("ALTER TABLE kymo.observation ADD CHECK (label <> 'poison')");
    writeFileSync(join(directory, "custom.7-0123abcd-000001.csv"), `${HEADER}1795948585720130219,1,poison,7\r\n`);
    const { code, stdout } = await ship(directory, "--keep", "0s");
    const [lane] = JSON.parse(stdout).lanes;
    assertEquals([code, lane.rows.quarantined, lane.rows.shipped, lane.state], [1, 1, 210, "idle"]);
    assertEquals(csvFiles(directory), ["custom.7-0123abcd-000001.csv"]);
    const status = await startShipping(directory, "--status").ended;
    assertMatch(status.stdout, /in quarantine: custom\.7-0123abcd-000001\.csv, 1 row: 23514: /);
    server.query("ALTER TABLE kymo.observation DROP CONSTRAINT observation_label_check");
    assertEquals(
      (await startShipping(directory, "--retry-quarantine").ended).stdout,
      "1 part of a file is shipped again by the next kymo ship.\n",
    );
    const retried = await ship(directory);
    assertEquals([retried.code, JSON.parse(retried.stdout).lanes[0].rows.shipped], [0, 1]);
  });

  it("skips nothing while the database takes no rows at all", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    forgetAll();
    await record(directory, {}, 10);
    assertEquals((await startShipping("--init", "--to", server.url).ended).code, 0);
    server.query("ALTER TABLE kymo.observation ADD CHECK (pid < 0)");
    const { code, stdout, stderr } = await ship(directory);
    const [lane] = JSON.parse(stdout).lanes;
    assertEquals([code, lane.state, lane.rows.shipped, lane.quarantinedPieces], [1, "blocked", 0, 0]);
    assertStringIncludes(stderr, "violates check constraint");
    server.query("ALTER TABLE kymo.observation DROP CONSTRAINT observation_pid_check");
    assertEquals((await ship(directory)).code, 0);
    assertEquals(rowsInPostgres(server), rowsInFiles(directory));
  });

  it("ships further rows of a segment that was shorter, and refuses one that is another", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    forgetAll();
    await record(directory, { durability: "memory" }, 1);
    assertEquals((await ship(directory)).code, 0);
    const file = join(directory, csvFiles(directory).find((name) => name.startsWith("sales."))!);
    appendFileSync(file, "1795948585720130219,2,later,7\r\n");
    const grown = await ship(directory);
    assertEquals([grown.code, JSON.parse(grown.stdout).lanes[0].rows.shipped], [0, 1]);
    assertEquals(rowsInPostgres(server), rowsInFiles(directory));
    const before = rowsInPostgres(server);
    writeFileSync(file, readFileSync(file, "utf8").replace("price", "PRICE"));
    const other = await ship(directory);
    const [lane] = JSON.parse(other.stdout).lanes;
    assertEquals([other.code, lane.rows.quarantined, lane.rows.shipped], [1, 2, 0]);
    assertEquals(rowsInPostgres(server), before);
  });

  it("is told to wait by a second shipper, or ends with 3", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    forgetAll();
    await record(directory, {}, 1);
    const first = startShipping(directory, "--to", server.url, "--follow");
    await until(() => existsSync(join(directory, ".ship")) && readdirSync(join(directory, ".ship")).length > 1);
    await until(() => server.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'kymo ship'").length === 1);
    const second = await ship(directory);
    assertEquals([second.code, second.stdout], [3, ""]);
    assertStringIncludes(second.stderr, "another program ships it to this target");
    const third = startShipping(directory, "--to", server.url, "--standby", "--json");
    first.kill("SIGTERM");
    assertEquals((await first.ended).code, 0);
    const { code, stdout } = await third.ended;
    assertEquals([code, JSON.parse(stdout).lanes[0].rows.already], [0, 21]);
  });

  it("never shows a password", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await record(directory, {}, 1);
    const secret = "s3cr&t/word";
    const url = server.url.replace("kymo@", `kymo:${encodeURIComponent(secret)}@`);
    const given = await startShipping(directory, "--to", url).ended;
    assertEquals([given.code, given.stdout], [2, ""]);
    assert(!given.stderr.includes("s3cr"));
    const { code, stdout, stderr } = await spawnCommand(shipCommand(directory, "--json"), {
      env: { KYMO_TO: url },
    }).ended;
    assertEquals([code, stdout.includes("s3cr"), stderr], [0, false, ""]);
    const files = readdirSync(join(directory, ".ship"), { recursive: true }).map(String);
    assert(files.some((name) => name.endsWith("status.json")));
  });

  it("prints how tables are made, and does not touch others", async () => {
    forgetAll();
    const dry = await startShipping("--init", "--dry-run", "--to", server.url).ended;
    assertEquals([dry.code, server.value("SELECT to_regnamespace('kymo') IS NULL")], [0, "t"]);
    server.query(dry.stdout);
    const made = await startShipping("--init", "--to", server.url).ended;
    assertMatch(made.stdout, /the tables are there/);
    forgetAll();
    server.query("CREATE SCHEMA kymo; CREATE TABLE kymo.observation (x int)");
    const other = await startShipping("--init", "--to", server.url).ended;
    assertEquals(other.code, 1);
    assertStringIncludes(other.stderr, "has only observation of the tables that Kymo makes");
    assertEquals(server.query("SELECT relname FROM pg_class WHERE relnamespace = 'kymo'::regnamespace"), [[
      "observation",
    ]]);
  });
});
