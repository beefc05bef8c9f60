import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HEADER } from "../../../src/csv/dialect.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { type Fault, FaultyProxy } from "../../support/stores/faulty_proxy.ts";
import { cannotServePostgres, PostgresServer } from "../../support/stores/postgres_server.ts";
import { ship, startShipping, until } from "../../support/stores/shipping_commands.ts";
import { shipHere } from "../../support/stores/shipping_here.ts";

/** Files of two batches that share a transaction, and the rows of each. */
const LARGE_FILES = 4;
const LARGE_FILE_ROWS = 12_000;

/** One of the first batch, and one of the second. */
const POISONED = [2, 4];

const ALL = LARGE_FILES * LARGE_FILE_ROWS;

/** Names of the connections of shippers. */
const SHIPPERS = "FROM pg_stat_activity WHERE application_name = 'kymo ship'";

describe("rows that share a transaction of PostgreSQL", { skip: cannotServePostgres() }, () => {
  let server: PostgresServer;
  before(async () => void (server = await PostgresServer.start()));
  after(async () => await server[Symbol.asyncDispose]());

  /** Files that are large together; the last rows of some may have another label. */
  function largeDirectory(parent: string, poison?: string): string {
    const directory = join(parent, "monitoring");
    mkdirSync(directory, { recursive: true });
    for (let file = 1; file <= LARGE_FILES; file++) {
      let text = HEADER;
      for (let row = 1; row <= LARGE_FILE_ROWS; row++) {
        const isLast = POISONED.includes(file) && row === LARGE_FILE_ROWS;
        const label = isLast && poison !== undefined ? poison : "/orders/:id [GET]";
        text += `${1_795_738_100_000_000_000n + BigInt(file * LARGE_FILE_ROWS + row)},0.001000000,${label},7\r\n`;
      }
      writeFileSync(join(directory, `duration.7-0123abcd-00000${file}.csv`), text);
    }
    return directory;
  }

  /** What is there of the large files: rows, and how many of them are different. */
  function largeRows(): number[] {
    return server.query("SELECT count(*), count(DISTINCT timepoint) FROM kymo.observation")[0]!.map(Number);
  }

  it("arrive once, in one transaction, though the server ends that while it commits", async () => {
    using scratch = scratchDirectory();
    const directory = largeDirectory(scratch.path);
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    assertEquals((await startShipping("--init", "--to", server.url).ended).code, 0);
    // The last file is in the second batch.
    server.query(
      "CREATE FUNCTION kymo.slow() RETURNS trigger LANGUAGE plpgsql AS " +
        `$$ BEGIN IF NEW.stem LIKE '%${LARGE_FILES}' THEN PERFORM pg_sleep(60); END IF; RETURN NULL; END $$; ` +
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON kymo.shipped DEFERRABLE INITIALLY DEFERRED " +
        "FOR EACH ROW EXECUTE FUNCTION kymo.slow()",
    );
    const follower = startShipping(directory, "--to", server.url, "--follow", "--json");
    const committing = `${SHIPPERS} AND query = 'COMMIT' AND state = 'active'`;
    await until(() => server.value(`SELECT count(*) ${committing}`) === "1");
    assertEquals(largeRows(), [0, 0]);
    // It is dropped once that has ended.
    server.query(`SELECT pg_terminate_backend(pid) ${committing}; DROP TRIGGER slow ON kymo.shipped`);
    await until(() => largeRows()[0]! >= ALL);
    follower.kill("SIGTERM");
    const { code, stdout } = await follower.ended;
    const [{ rows, retries }] = JSON.parse(stdout).lanes;
    assertEquals([code, retries, rows.read, rows.shipped, ...largeRows()], [0, 1, ALL, ALL, ALL, ALL]);
    assertEquals(server.value("SELECT count(DISTINCT xmin::text) FROM kymo.observation"), "1");
  });

  it("are refused as ever if they share a transaction with others", async () => {
    using scratch = scratchDirectory();
    const directory = largeDirectory(scratch.path, "poison");
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    assertEquals((await startShipping("--init", "--to", server.url).ended).code, 0);
    server.query("ALTER TABLE kymo.observation ADD CHECK (label <> 'poison')");
    const { code, stdout } = await ship(directory, server.url);
    const [{ rows, quarantinedPieces }] = JSON.parse(stdout).lanes;
    const others = (LARGE_FILES - POISONED.length) * LARGE_FILE_ROWS;
    const poisoned = POISONED.length * LARGE_FILE_ROWS;
    assertEquals(
      [code, rows.shipped, rows.quarantined, quarantinedPieces],
      [1, others, poisoned, POISONED.length],
    );
    assertEquals(largeRows(), [others, others]);
  });

  it("are not there twice if a later batch has a copy of their file, or another one of their name", async () => {
    using scratch = scratchDirectory();
    const directory = largeDirectory(scratch.path);
    const first = readFileSync(join(directory, "duration.7-0123abcd-000001.csv"));
    for (const name of ["duration.7-0123abcd-000001-1.csv", "duration.7-0123abcd-000009.copy.csv"]) {
      writeFileSync(join(directory, name), first);
      utimesSync(join(directory, name), 0, 0);
    }
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    const { code, stdout } = await ship(directory, server.url);
    const [{ rows }] = JSON.parse(stdout).lanes;
    assertEquals([code, rows.shipped, rows.already, ...largeRows()], [0, ALL, 2 * LARGE_FILE_ROWS, ALL, ALL]);
  });

  it("go over one connection if the server takes no other", async () => {
    using scratch = scratchDirectory();
    const directory = largeDirectory(scratch.path);
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE; CREATE ROLE single LOGIN CONNECTION LIMIT 1");
    server.query("GRANT CREATE ON DATABASE postgres TO single");
    const { code, stderr } = await ship(directory, server.url.replace("kymo@", "single@"));
    assertEquals([code, stderr, ...largeRows()], [0, "", ALL, ALL]);
  });

  /** Ships through a proxy that does this to the connections. Each row must be there once; whether all was as planned. */
  async function shipThrough(
    proxy: FaultyProxy,
    directory: string,
    plan: (connection: number) => Fault,
  ): Promise<void> {
    server.query("TRUNCATE kymo.observation, kymo.shipped");
    const before = proxy.connections;
    proxy.plan = (connection) => plan(connection - before);
    const shipping = await shipHere(directory, `postgres://kymo@127.0.0.1:${proxy.port}/postgres`, { follow: true });
    await until(() => shipping.status()?.state === "idle");
    shipping.stop();
    const code = await shipping.ended;
    const { read, shipped, already } = shipping.status()!.rows;
    assertEquals([code, read, shipped + already, ...largeRows()], [0, ALL, ALL, ALL, ALL]);
  }

  it("arrive once though their connections are cut", async () => {
    using scratch = scratchDirectory();
    const directory = largeDirectory(scratch.path);
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    assertEquals((await startShipping("--init", "--to", server.url).ended).code, 0);
    await using proxy = await FaultyProxy.start(server.port);
    const step = shortOrFull(1_500_000, 50_000);
    await shipThrough(proxy, directory, (connection) => ({ cutAfter: connection * step }));
    assert(proxy.connections >= shortOrFull(4, 40), `${proxy.connections} connections`);
    for (const when of shortOrFull([], ["before", "after"] as const)) {
      for (let number = 1, isMet = true; isMet; number++) {
        isMet = false;
        const meet = (): void => {
          isMet = true;
          proxy.cut();
        };
        await shipThrough(proxy, directory, (one) => one === 1 ? { atMessage: { number, when, meet } } : {});
      }
    }
  });
});
