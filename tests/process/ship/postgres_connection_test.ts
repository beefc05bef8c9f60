import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { type Fault, FaultyProxy } from "../../support/stores/faulty_proxy.ts";
import { cannotServePostgres, PostgresServer } from "../../support/stores/postgres_server.ts";
import { rowsInFiles, rowsInPostgres } from "../../support/stores/shipped_rows.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { nameOf, publish, uniqueRows } from "../../support/stores/published_by_hand.ts";
import { record, startShipping, targetOf, until } from "../../support/stores/shipping_commands.ts";
import { shipHere } from "../../support/stores/shipping_here.ts";

describe("a shipper whose connection to PostgreSQL fails", { skip: cannotServePostgres() }, () => {
  let server: PostgresServer;
  before(async () => void (server = await PostgresServer.start()));
  after(async () => await server[Symbol.asyncDispose]());

  /** Makes the tables, so that the first COMMIT is that of rows. */
  async function makeTables(): Promise<void> {
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    await using target = await targetOf(server.url);
    await target.init();
  }

  /** Records, and ships through a proxy that does this to the connections. Everything must arrive. */
  async function shipThrough(plan: (connection: number) => Fault, patience: number) {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await makeTables();
    await record(directory, {}, 40);
    await using proxy = await FaultyProxy.start(server.port);
    proxy.plan = plan;
    const shipping = await shipHere(directory, urlOf(proxy), { follow: true, patience });
    await until(() => shipping.status()?.state === "idle");
    shipping.stop();
    const code = await shipping.ended;
    const status = shipping.status()!;
    const recorded = rowsInFiles(directory);
    assertEquals(rowsInPostgres(server), recorded);
    assertEquals([code, status.quarantinedPieces, status.waitingFiles], [0, 0, 0]);
    const { read, shipped, already, quarantined, pending } = status.rows;
    assertEquals([read, shipped + already, quarantined, pending], [recorded.length, recorded.length, 0, 0]);
    return { proxy, status, told: shipping.told() };
  }

  it("ships each row once if it is cut after each few KiB", async () => {
    const step = shortOrFull(8192, 512);
    const { proxy, status } = await shipThrough((connection) => ({ cutAfter: connection * step }), 10_000);
    assert(proxy.connections > 3 && status.retries === proxy.connections - 1, `${proxy.connections} connections`);
  });

  for (const atCommit of ["cut before", "cut after", "swallow"] as const) {
    it(`ships each row once if COMMIT meets this: ${atCommit}`, async () => {
      const plan = (connection: number): Fault => connection <= 2 ? { atCommit } : {};
      const { proxy, status, told } = await shipThrough(plan, 300);
      assert(proxy.connections >= 2, `${proxy.connections} connections`);
      assert(status.retries >= 1);
      assertStringIncludes(told, "(waiting, nothing is lost; trying again)");
      assertStringIncludes(told, "shipping goes on");
      if (atCommit === "swallow") assertStringIncludes(told, "does not answer for 0.3 s");
      if (atCommit !== "cut before") assert(status.rows.already > 0);
    });
  }

  it("ships over a slow connection, and waits for an answer longer than the rows take", async () => {
    const { status } = await shipThrough(() => ({ delay: 20 }), 10_000);
    assertEquals(status.retries, 0);
  });

  it("does not hold another one up, and lets nothing go before both have it", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    mkdirSync(directory);
    await makeTables();
    await using proxy = await FaultyProxy.start(server.port);
    proxy.plan = () => ({ isDeaf: true });
    const other = `${urlOf(proxy)}?schema=other`;
    const shipping = await shipHere(directory, [server.url, other], { follow: true, keep: 0, patience: 1_500 });
    const isShipped = (store: number, files: number) => until(() => shipping.statuses()[store]?.files === files);
    for (let i = 1; i <= 3; i++) {
      publish(directory, nameOf(i), uniqueRows(10));
      await isShipped(0, i); // while the other one waits for its first answer
    }
    const rows = rowsInFiles(directory);
    assertEquals([rows.length, shipping.statuses()[1]!.files], [30, 0]);
    proxy.plan = () => ({});
    await isShipped(1, 3);
    await until(() => shipping.status()?.filesLetGo === 3);
    shipping.stop();
    assertEquals([await shipping.ended, rowsInFiles(directory)], [0, []]);
    assertEquals([rowsInPostgres(server), rowsInPostgres(server, "other")], [rows, rows]);
  });

  it("ends with the grace though the server does not answer, and says that it does not try again", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await record(directory, {}, 1);
    await using proxy = await FaultyProxy.start(server.port);
    proxy.plan = () => ({ isDeaf: true });
    const shipper = startShipping(directory, "--to", urlOf(proxy), "--follow", "--grace", "300ms", "--json");
    await until(() => proxy.connections > 0);
    shipper.kill("SIGTERM");
    const begin = performance.now();
    const { code, stdout, stderr } = await shipper.ended;
    assertEquals([code, JSON.parse(stdout).lanes[0].rows.shipped], [1, 0]);
    assert(!stderr.includes("trying again"));
    assertLess(performance.now() - begin, 10_000);
  });

  it("is ended by a second signal at once, and the next one goes on", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await makeTables();
    await record(directory, {}, 10);
    await using proxy = await FaultyProxy.start(server.port);
    proxy.plan = () => ({ atCommit: "swallow" });
    const shipper = startShipping(directory, "--to", urlOf(proxy), "--follow", "--grace", "1m");
    await until(() => server.value("SELECT count(*) FROM kymo.shipped") !== "0");
    shipper.kill("SIGTERM");
    await sleep(300);
    shipper.kill("SIGTERM");
    assertEquals((await shipper.ended).signal, "SIGTERM");
    proxy.plan = () => ({});
    const next = await shipHere(directory, urlOf(proxy));
    assertEquals(await next.ended, 0);
    assertEquals(rowsInPostgres(server), rowsInFiles(directory));
  });
});

function urlOf({ port }: FaultyProxy): string {
  return `postgres://kymo@127.0.0.1:${port}/postgres`;
}
