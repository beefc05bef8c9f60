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
