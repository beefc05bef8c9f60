import { assert, assertEquals, assertRejects } from "@std/assert";
import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { createNamedViews } from "../../../../src/analysis/frames/named_views.ts";
import { KymoError } from "../../../../src/errors.ts";
import { Recordings } from "../../../support/analysis/comparison_runs.ts";

describe("SQL that others wrote", () => {
  it("reads nothing but the recording, writes nothing, and changes no settings", async () => {
    using recordings = new Recordings();
    const directory = recordings.write({ duration: [{ time: 1, value: 0.25, label: "a" }] });
    await using db = await TelemetryDB.open(directory);
    await createNamedViews(db, {});
    await db.confine();
    const settings = async () => (await db.sql("FROM duckdb_settings() ORDER BY name")).rows();
    const before = await settings();
    const [copy, logs] = [
      `COPY duration TO '${directory}/copy.csv'`,
      `storage = 'file', storage_config = {'path': '${directory}'}`,
    ];
    const here = import.meta.filename!;
    const refused = [
      // Statements, also where others or comments stand around them.
      copy,
      `EXPLAIN ANALYZE ${copy}`,
      `EXPLAIN (ANALYZE, FORMAT json) ${copy}`,
      `EXPLAIN/**/ANALYZE/* /* */ */${copy}`,
      `SELECT '--'; EXPLAIN ANALYZE ${copy}`,
      `SELECT '/*'; EXPLAIN ANALYZE ${copy}; SELECT '*/'`,
      `SELECT $$'$$; EXPLAIN ANALYZE ${copy} --'`,
      `SELECT E'\\''; EXPLAIN ANALYZE ${copy} --'`,
      `SELECT 1 AS x$$; EXPLAIN ANALYZE ${copy} --$$`,
      `PREPARE p AS ${copy}; EXECUTE p`,
      `EXPORT DATABASE '${directory}/export'`,
      `SELECT '--'; EXPORT DATABASE '${directory}/export'`,
      `SELECT 1) AS a; EXPORT DATABASE '${directory}/export'; SELECT * FROM (SELECT 1`,
      `IMPORT DATABASE '${directory}'`,
      `ATTACH '${directory}/a.db'`,
      `ATTACH ':memory:' AS other`,
      "COPY FROM DATABASE memory TO other",
      "SET memory_limit = '1GB'",
      "SET enable_external_access = true",
      "RESET enable_external_access",
      "EXPLAIN ANALYZE SET memory_limit = '1GB'",
      "INSTALL httpfs",
      "LOAD httpfs",
      "UPDATE EXTENSIONS",
      "PRAGMA enable_profiling",
      "EXPLAIN ANALYZE PRAGMA enable_profiling",
      "CALL enable_profiling()",
      "CREATE OR REPLACE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
      "CHECKPOINT",
      "VACUUM",
      // Functions that change settings, write, or run a text.
      `CALL enable_logging(${logs})`,
      `SELECT * FROM enable_logging(${logs})`,
      `SELECT '--', * FROM enable_logging(${logs})`,
      `FROM "enable_logging"(${logs})`,
      `FROM system.main . ENABLE_LOGGING /* */ (${logs})`,
      `CREATE MACRO log() AS TABLE FROM enable_logging(${logs})`,
      `FROM enable_profiling(save_location = '${directory}/profile.json')`,
      `FROM query('FROM enable_' || 'logging(${logs.replaceAll("'", "''")})')`,
      `FROM U&"\\0071uery"('SELECT 1')`,
      `FROM query_table(['${here}'])`,
      `FROM json_execute_serialized_sql(json_serialize_sql('FROM enable_' || 'logging()'))`,
      "SELECT write_log('x')",
      // Files beside those of the recording.
      `SELECT * FROM read_text('${here}')`,
      `SELECT * FROM read_text('${directory}/../../../..${here}')`,
      `SELECT * FROM read_blob('${here}')`,
      `FROM read_csv('${here}')`,
      `FROM read_json('${here}')`,
      `FROM sniff_csv('${here}')`,
      `FROM parquet_metadata('${here}')`,
      `FROM glob('${dirname(here)}/*')`,
      `FROM "${here}.csv"`,
      `CREATE TABLE t AS FROM read_text('${here}')`,
      `WITH a AS (FROM read_text('${here}')) FROM a`,
      "FROM read_csv('/dev/stdin')",
      "FROM 'https://example.com/x.csv'",
    ];
    for (const query of refused) {
      const error = await assertRejects(() => db.sql(query), KymoError, "Cannot query: ", query);
      // A query that is wrong proves nothing.
      assert(!/(Parser|Catalog) Error/.test(error.message), `${query}: ${error.message}`);
    }
    assertEquals(readdirSync(directory), ["duration.csv"]);
    assertEquals(await settings(), before);
    const completed = `FROM sql_auto_complete('FROM ''${dirname(here)}/')`; // would list files
    assertEquals((await db.sql(completed)).rows(), []);
    const allowed = [
      "EXPLAIN ANALYZE SELECT count(*) FROM duration",
      "EXPLAIN (FORMAT json) FROM duration",
      "SELECT 1; -- COPY\n",
      "/* COPY */ SELECT 1 -- query(",
      "(SELECT count(*) FROM duration WHERE label = 'query(' OR label = $$; COPY $$)",
      "WITH query AS (SELECT 1 AS a) SELECT a FROM query",
      "SUMMARIZE duration",
      "DESCRIBE duration",
      "SHOW TABLES",
      "CREATE TABLE slow AS FROM duration; BEGIN; DELETE FROM slow WHERE label = ''; COMMIT; FROM slow",
      `FROM read_csv('${directory}/duration.csv')`,
    ];
    for (const query of allowed) assert((await db.sql(query)).rowCount > 0, query);
  });
});
