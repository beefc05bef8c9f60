import { after, before, describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HEADER } from "../../../src/csv/dialect.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { cannotServePostgres, PostgresServer } from "../../support/stores/postgres_server.ts";
import { rowsInFiles, rowsInPostgres } from "../../support/stores/shipped_rows.ts";
import { ship, startShipping, until } from "../../support/stores/shipping_commands.ts";

/** Rows that no recorder writes today, and one that it does. */
const ODD_ROWS = [
  "9223372036854775807,1.7976931348623157e308,a,2147483647",
  '-9223372036854775808,-0,"",0',
  "-1,5e-324,é✓,7",
  '0,NaN,"a\r\n,""b""",7',
  "4294967296,-Infinity,\\.,7",
  "1795738100551588493,0.001000000,/orders/:id [GET],7",
];

/** Files whose rows are too many for one connection, and the rows of each. */
const LARGE_FILES = 4;
const LARGE_FILE_ROWS = 12_000;

/** Names of the connections of shippers. */
const SHIPPERS = "FROM pg_stat_activity WHERE application_name = 'kymo ship'";

describe("rows on their way to PostgreSQL", { skip: cannotServePostgres() }, () => {
  let server: PostgresServer;
  before(async () => void (server = await PostgresServer.start()));
  after(async () => await server[Symbol.asyncDispose]());

  function directoryWith(parent: string, rows: readonly string[]): string {
    const directory = join(parent, "monitoring");
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "orders.7-0123abcd-000001.csv"), HEADER + rows.map((row) => `${row}\r\n`).join(""));
    return directory;
  }

  /** Files that are large together; the last row of the third one has another label. */
  function largeDirectory(parent: string): string {
    const directory = join(parent, "monitoring");
    mkdirSync(directory, { recursive: true });
    for (let file = 1; file <= LARGE_FILES; file++) {
      let text = HEADER;
      for (let row = 1; row <= LARGE_FILE_ROWS; row++) {
        const label = file === 3 && row === LARGE_FILE_ROWS ? "poison" : "/orders/:id [GET]";
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

  it("arrive once over two connections, though one is cut when only the other has committed", async () => {
    using scratch = scratchDirectory();
    const directory = largeDirectory(scratch.path);
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    assertEquals((await startShipping("--init", "--to", server.url).ended).code, 0);
    // The transaction of the third file, in the second half of the first batch, commits slowly.
    server.query(
      "CREATE FUNCTION kymo.slow() RETURNS trigger LANGUAGE plpgsql AS " +
        "$$ BEGIN IF NEW.stem LIKE '%3' THEN PERFORM pg_sleep(3); END IF; RETURN NULL; END $$; " +
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON kymo.shipped DEFERRABLE INITIALLY DEFERRED " +
        "FOR EACH ROW EXECUTE FUNCTION kymo.slow()",
    );
    const follower = startShipping(directory, "--to", server.url, "--follow", "--json");
    await until(() => largeRows()[0]! > 0);
    assertEquals(
      server.query(`SELECT pg_terminate_backend(pid) ${SHIPPERS} AND query = 'COMMIT' AND state = 'active'`),
      [
        ["t"],
      ],
    );
    server.query("DROP TRIGGER slow ON kymo.shipped");
    const all = LARGE_FILES * LARGE_FILE_ROWS;
    await until(() => largeRows()[0]! >= all);
    follower.kill("SIGTERM");
    const { code, stdout } = await follower.ended;
    const [{ rows, retries }] = JSON.parse(stdout).lanes;
    assertEquals([code, retries, rows.read, rows.shipped + rows.already, ...largeRows()], [0, 1, all, all, all, all]);
  });

  it("are refused as ever if they go over two connections", async () => {
    using scratch = scratchDirectory();
    const directory = largeDirectory(scratch.path);
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    assertEquals((await startShipping("--init", "--to", server.url).ended).code, 0);
    server.query("ALTER TABLE kymo.observation ADD CHECK (label <> 'poison')");
    const { code, stdout } = await ship(directory, server.url);
    const [{ rows, quarantinedPieces }] = JSON.parse(stdout).lanes;
    const others = (LARGE_FILES - 1) * LARGE_FILE_ROWS;
    assertEquals([code, rows.shipped, rows.quarantined, quarantinedPieces], [1, others, LARGE_FILE_ROWS, 1]);
    assertEquals(largeRows(), [others, others]);
  });

  it("go over one connection if the server takes no other", async () => {
    using scratch = scratchDirectory();
    const directory = largeDirectory(scratch.path);
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE; CREATE ROLE single LOGIN CONNECTION LIMIT 1");
    server.query("GRANT CREATE ON DATABASE postgres TO single");
    const { code, stderr } = await ship(directory, server.url.replace("kymo@", "single@"));
    const all = LARGE_FILES * LARGE_FILE_ROWS;
    assertEquals([code, stderr, ...largeRows()], [0, "", all, all]);
  });

  it("keep their values, whatever these are, also in columns of other types", async () => {
    for (const change of ["", "ALTER TABLE kymo.observation ALTER pid TYPE bigint"]) {
      using scratch = scratchDirectory();
      const directory = directoryWith(scratch.path, ODD_ROWS);
      server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
      assertEquals((await startShipping("--init", "--to", server.url).ended).code, 0);
      server.query(`DROP VIEW kymo.duration, kymo.runtime, kymo.custom, kymo.named; ${change}`);
      const { code, stderr } = await ship(directory, server.url);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(rowsInPostgres(server), rowsInFiles(directory));
    }
  });

  it("arrive although the types of the columns change while they are shipped", async () => {
    using scratch = scratchDirectory();
    const directory = directoryWith(scratch.path, ODD_ROWS.slice(0, 1));
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    const follower = startShipping(directory, "--to", server.url, "--follow", "--json");
    await until(() => server.value("SELECT to_regclass('kymo.observation') IS NOT NULL") === "t");
    await until(() => server.value("SELECT count(*) FROM kymo.observation") === "1");
    // 8 bytes are a date too, but not the same.
    server.query(
      "DROP VIEW kymo.duration, kymo.runtime, kymo.custom, kymo.named; DROP INDEX kymo.observation_timepoint; " +
        "ALTER TABLE kymo.observation ALTER program TYPE numeric",
    );
    const later = join(directory, "custom.7-0123abcd-000002.csv");
    writeFileSync(later, `${HEADER}${ODD_ROWS[5]}\r\n`);
    await until(() => server.value("SELECT count(*) FROM kymo.observation") === "2");
    follower.kill("SIGTERM");
    const { code, stdout } = await follower.ended;
    const [{ rows, retries }] = JSON.parse(stdout).lanes;
    assertEquals([code, rows.shipped, rows.quarantined, retries], [0, 2, 0, 1]);
    assertEquals(rowsInPostgres(server), rowsInFiles(directory));
  });

  it("are put into quarantine if the PID is larger than the column takes", async () => {
    using scratch = scratchDirectory();
    const directory = directoryWith(scratch.path, ODD_ROWS);
    writeFileSync(join(directory, "custom.9-0123abcd-000001.csv"), `${HEADER}1,1,a,4294967295\r\n`);
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    const { code, stdout } = await ship(directory, server.url);
    const [{ rows }] = JSON.parse(stdout).lanes;
    assertEquals([code, rows.shipped, rows.quarantined], [1, ODD_ROWS.length, 1]);
    const status = await startShipping(directory, "--status").ended;
    assertMatch(status.stdout, /custom\.9-0123abcd-000001\.csv, 1 row: 22003: PID 4294967295 is out of range/);
  });
});
