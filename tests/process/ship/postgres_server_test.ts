import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { mkdirSync } from "node:fs";
import { canMount } from "../../support/disks/mounted_tmpfs.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { cannotServePostgres, PostgresServer } from "../../support/stores/postgres_server.ts";
import { rowsInFiles, rowsInPostgres } from "../../support/stores/shipped_rows.ts";
import { nameOf, publish, uniqueRows } from "../../support/stores/published_by_hand.ts";
import { startShipping, until } from "../../support/stores/shipping_commands.ts";
import { shipHere } from "../../support/stores/shipping_here.ts";

/** What happens to a server, how it is mended, and what a shipper says of it meanwhile. */
interface Trouble {
  readonly what: string;
  readonly begin: (server: PostgresServer) => void;
  readonly end: (server: PostgresServer) => void;
  readonly state: "waiting" | "blocked";
  readonly says: string;
}

/** For the role under which is shipped; a connection that is there does not notice it. */
function alterRole(server: PostgresServer, sql: string): void {
  server.query(`ALTER ROLE shipper ${sql}`);
  server.cutShippers();
}

const TROUBLES: readonly Trouble[] = [
  {
    what: "it crashes, and is started again later",
    begin: (server) => server.stop("immediate"),
    end: (server) => server.start(),
    state: "waiting",
    says: "Cannot connect",
  },
  {
    what: "a table is missing",
    begin: (server) => server.query("ALTER TABLE kymo.observation RENAME TO gone"),
    end: (server) => server.query("ALTER TABLE kymo.gone RENAME TO observation"),
    state: "blocked",
    says: "observation",
  },
  {
    what: "the password is wrong",
    begin: (server) => alterRole(server, "PASSWORD 'another'"),
    end: (server) => alterRole(server, "PASSWORD 'right'"),
    state: "blocked",
    says: "password authentication failed",
  },
  {
    what: "it is read-only",
    begin: (server) => alterRole(server, "SET default_transaction_read_only = on"),
    end: (server) => alterRole(server, "RESET default_transaction_read_only"),
    state: "blocked",
    says: "read-only transaction",
  },
  {
    what: "it takes no more connections",
    begin: (server) => alterRole(server, "NOSUPERUSER CONNECTION LIMIT 0"),
    end: (server) => alterRole(server, "SUPERUSER CONNECTION LIMIT -1"),
    state: "waiting",
    says: "too many connections",
  },
];

describe("a shipper whose PostgreSQL server is in trouble", { skip: cannotServePostgres() }, () => {
  let server: PostgresServer;
  before(async () => void (server = await PostgresServer.start()));
  after(async () => await server[Symbol.asyncDispose]());

  it("says so, and ships each row once when that is over", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    mkdirSync(directory);
    const url = server.addUser("shipper", "right");
    let files = 0;
    const publishOne = (): void => publish(directory, nameOf(++files), uniqueRows(50));
    publishOne();
    const shipping = await shipHere(directory, url, { follow: true, password: "right" });
    const isShipped = () => until(() => shipping.status()?.files === files && shipping.status()?.state === "idle");
    await isShipped();
    for (const { what, begin, end, state, says } of TROUBLES) {
      const told = shipping.told().length;
      begin(server);
      publishOne();
      try {
        await until(() => shipping.status()?.state === state && shipping.status()!.waitingFiles > 0);
        await until(() => shipping.told().slice(told).includes(says));
        assertStringIncludes(shipping.told().slice(told), `(${state}, nothing is lost; trying again)`, what);
        if (what === "a table is missing") {
          const status = await startShipping(directory, "--status").ended;
          assertEquals([status.code, status.stdout.includes(": blocked, ")], [1, true]);
        }
      } finally {
        end(server);
      }
      await isShipped();
      assertStringIncludes(shipping.told().slice(told), "shipping goes on", what);
      assert(!shipping.told().includes("right"));
    }
    shipping.stop();
    assertEquals(await shipping.ended, 0);
    const { rows, quarantinedPieces } = shipping.status()!;
    assertEquals([rows.read, rows.shipped, rows.pending, quarantinedPieces], [50 * files, 50 * files, 0, 0]);
    assertEquals(rowsInPostgres(server), rowsInFiles(directory));
  });

  it("ships again by itself what a restored server has lost, and nothing twice", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    mkdirSync(directory);
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    publish(directory, nameOf(1), uniqueRows(50));
    const shipping = await shipHere(directory, server.url, { follow: true, keep: 600_000 });
    await until(() => shipping.status()?.files === 1);
    server.backUp();
    publish(directory, nameOf(2), uniqueRows(50));
    publish(directory, nameOf(3), uniqueRows(50));
    await until(() => shipping.status()?.files === 3 && shipping.status()?.waitingFiles === 0);
    assertEquals(rowsInPostgres(server).length, 150);
    server.restore();
    // Nothing new comes: it finds out by itself.
    await until(() => rowsInPostgres(server).length === 150);
    shipping.stop();
    assertEquals(await shipping.ended, 0);
    assertEquals(rowsInPostgres(server), rowsInFiles(directory));
    const { read, shipped, already, pending } = shipping.status()!.rows;
    assertEquals([read, shipped, already, pending], [250, 250, 0, 0]);
  });

  it("asks the ledger before it lets files go, though the connection never broke", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    mkdirSync(directory);
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    const rows = uniqueRows(50);
    publish(directory, nameOf(1), rows);
    const shipping = await shipHere(directory, server.url, { follow: true, keep: 1_000 });
    await until(() => shipping.status()?.files === 1);
    server.query("TRUNCATE kymo.observation, kymo.shipped");
    await until(() => shipping.status()?.filesLetGo === 1);
    shipping.stop();
    assertEquals([await shipping.ended, rowsInFiles(directory)], [0, []]);
    assertEquals(rowsInPostgres(server).length, 50);
    assertEquals(shipping.status()!.rows.shipped, 100);
  });

  it("waits while the disk of the server is full", { skip: !canMount() }, async () => {
    using scratch = scratchDirectory();
    const [directory, disk] = [scratch.at("monitoring"), "/mnt"];
    mkdirSync(directory);
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    server.stop();
    server.start(disk);
    server.query(`COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; mkdir -m 700 ${disk}/space'`);
    server.query(`CREATE TABLESPACE small LOCATION '${disk}/space'`);
    assertEquals((await startShipping("--init", "--to", server.url).ended).code, 0);
    server.query("ALTER TABLE kymo.observation SET TABLESPACE small");
    server.query(`COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; head -c 700000 /dev/zero >${disk}/filler'`);
    publish(directory, nameOf(1), uniqueRows(6_000));
    const shipping = await shipHere(directory, server.url, { follow: true });
    await until(() => shipping.status()?.state === "waiting");
    assertStringIncludes(shipping.told(), "could not extend file");
    server.query(`COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; rm ${disk}/filler'`);
    await until(() => shipping.status()?.state === "idle");
    shipping.stop();
    assertEquals(await shipping.ended, 0);
    assertEquals([shipping.status()!.quarantinedPieces, rowsInPostgres(server)], [0, rowsInFiles(directory)]);
  });
});
