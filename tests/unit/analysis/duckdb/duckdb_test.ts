import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { DuckDB } from "../../../../src/analysis/duckdb/duckdb.ts";
import { KymoError } from "../../../../src/errors.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { recordFiles } from "../../../support/analysis/recorded_files.ts";

const runtime = defaultRuntime();

/** What a runtime throws where a package is missing. */
const missing = () => Promise.reject(Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" }));

describe("DuckDB.open", () => {
  it("gives the command that adds a missing package", async () => {
    for (
      const [name, command] of [["deno", "deno add npm:@duckdb/node-api"], ["bun", "bun add @duckdb/node-api"], [
        "node",
        "npm install @duckdb/node-api",
      ]]
    ) {
      const error = await assertRejects(
        () => DuckDB.open({}, { ...runtime, name: name! }, { importModule: missing }),
        KymoError,
        `Cannot analyse: the package @duckdb/node-api is missing: add it with "${command}"`,
      );
      assertEquals(error.code, "missing-package");
    }
  });

  it("says why an installed package cannot be loaded, and whether a permission is missing", async () => {
    for (const [name, code] of [["Error", "missing-package"], ["NotCapable", "permission-denied"]]) {
      const cause = Object.assign(new Error("Requires ffi access\nto a file"), { name });
      const error = await assertRejects(
        () => DuckDB.open({}, runtime, { importModule: () => Promise.reject(cause) }),
        KymoError,
        "Cannot analyse: the package @duckdb/node-api cannot be loaded: Requires ffi access",
      );
      assertEquals([error.code, error.cause], [code, cause]);
    }
  });

  it("refuses wrong options before it loads anything", async () => {
    for (const options of [{ memoryLimit: "lots" }, { memoryLimit: "-1GB" }, { memoryLimit: 5 as unknown as string }]) {
      const error = await assertRejects(
        () => DuckDB.open(options, runtime, { importModule: missing }),
        KymoError,
        "memoryLimit must be a size",
      );
      assertEquals(error.code, "invalid-argument");
    }
    for (const threads of [0, 1.5, 1025, NaN]) {
      await assertRejects(
        () => DuckDB.open({ threads }, runtime, { importModule: missing }),
        KymoError,
        "threads must be",
      );
    }
  });

  it("sets the limits, and a directory to spill to that is removed at the end", async () => {
    const database = await DuckDB.open({ memoryLimit: "64 MiB", threads: 1 }, runtime);
    const [settings] = (await database.sql(
      "SELECT current_setting('memory_limit') AS memory, current_setting('threads') AS threads, " +
        "current_setting('temp_directory') AS place",
    )).rows();
    assertEquals([settings?.memory, settings?.threads], ["64.0 MiB", 1n]);
    const place = String(settings?.place);
    assert(new RegExp(`/kymo-${runtime.pid}-[0-9a-f]{8}$`).test(place), place);
    await database.sql("CREATE TABLE large AS SELECT hash(i) AS a, hash(i + 1) AS b FROM range(6_000_000) t(i)");
    assertEquals(runtime.files.status(place)?.kind, "directory");
    const table = await database.sql("SELECT count(*) AS rows FROM large WHERE a <> b");
    assertEquals(table.rows(), [{ rows: 6_000_000n }]);
    await database.close();
    assertEquals(runtime.files.status(place), undefined);
  });
});

describe("DuckDB queries", () => {
  const rejection = async (query: string, parameters: unknown[] = []): Promise<KymoError> => {
    const database = await DuckDB.open({}, runtime);
    try {
      return await assertRejects(() => database.sql(query, parameters), KymoError);
    } finally {
      await database.close();
    }
  };

  it("that DuckDB refuses fail with the query and the reason, in one line", async () => {
    const error = await rejection("SELECT nothing FROM nowhere");
    assertEquals(error.code, "query-failed");
    assertEquals(
      error.message,
      'Cannot query: "SELECT nothing FROM nowhere": Catalog Error: Table with name nowhere does not exist!',
    );
  });

  it("that find no file fail with the code io", async () => {
    const error = await rejection("FROM read_csv('/there/is/no/such.csv')");
    assertEquals(error.code, "io");
    assertEquals(
      error.message,
      'Cannot query: IO Error: No files found that match the pattern "/there/is/no/such.csv"',
    );
  });

  it("that are not well-formed, or empty, fail with a reason", async () => {
    const error = await rejection("SELEC 1");
    assertEquals([error.code, error.message.split(" at ")[0]], [
      "query-failed",
      'Cannot query: "SELEC 1": Parser Error: syntax error',
    ]);
    for (const query of ["", " ;", "-- nothing", "/* nothing */"]) {
      const { code, message } = await rejection(query);
      const expected = `Cannot query: there is no statement: ${JSON.stringify(query)}`;
      assertEquals([code, message], ["invalid-argument", expected]);
    }
  });

  it("that take more memory and disk than there is fail with the code out-of-memory", async () => {
    const database = await DuckDB.open({ memoryLimit: "64MB" }, runtime);
    await database.sql("SET max_temp_directory_size = '1MB'");
    const error = await assertRejects(
      () => database.sql("CREATE TABLE large AS SELECT hash(i) AS a, hash(i + 1) AS b FROM range(20_000_000) t(i)"),
      KymoError,
    );
    assertEquals(error.code, "out-of-memory", error.message);
    await database.close();
  });

  it("that fail after many rows fail as a whole", async () => {
    const error = await rejection(
      "SELECT CASE WHEN i < 300_000 THEN i ELSE error('late') END FROM range(500_000) t(i)",
    );
    assert(error.message.endsWith("late"), error.message);
  });

  it("take parameters of every type that SQL has", async () => {
    const database = await DuckDB.open({}, runtime);
    const kinds: [unknown, string][] = [
      [1, "INTEGER"],
      [-0, "DOUBLE"],
      [2 ** 40, "DOUBLE"],
      [NaN, "DOUBLE"],
      [-(2n ** 63n), "BIGINT"],
      [2n ** 63n, "HUGEINT"],
      ["it's ; -- \0 \u{1F600}", "VARCHAR"],
      [true, "BOOLEAN"],
      [null, '"NULL"'],
      [["a", "b"], "VARCHAR[]"],
      [[1, 0.5], "DOUBLE[]"],
      [[1n], "BIGINT[]"],
      [[], '"NULL"[]'],
    ];
    for (const [value, type] of kinds) {
      assertEquals((await database.sql("SELECT $1 AS value, typeof($1) AS type", [value])).rows(), [{ value, type }]);
    }
    for (const value of [undefined, {}, [1, "a"], 2n ** 127n, () => {}]) {
      await assertRejects(() => database.sql("SELECT $1", [value]), KymoError, "a parameter must be");
    }
    await database.close();
  });

  it("in the queue are run before the database closes, and later ones are refused", async () => {
    const database = await DuckDB.open({}, runtime);
    const queries = Array.from(
      { length: 5 },
      (_, i) => database.sql(`SELECT ${i} AS i, sum(j) FROM range(100_000) t(j)`),
    );
    const failing = assertRejects(() => database.sql("SELECT error('no')"));
    const closed = database.close();
    const { code } = await assertRejects(
      () => database.sql("SELECT 1"),
      KymoError,
      "Cannot query: the database is closed",
    );
    assertEquals(code, "invalid-state");
    assertEquals((await Promise.all(queries)).map((table) => table.rows()[0]?.i), [0, 1, 2, 3, 4]);
    await failing;
    await closed;
    await database.close();
  });
});

describe("DuckDB with a guard", () => {
  /** Runs a query over a source that has changed the first two times: how often that was asked, the result, and the source at the end. */
  async function run(query: string, prepare = "SELECT 1"): Promise<{ asked: number; rows: unknown; source: unknown }> {
    const database = await DuckDB.open({}, runtime);
    await database.sql(`CREATE TABLE source AS SELECT 1 AS n, 'a' AS label; ${prepare}`);
    let asked = 0;
    database.guard(() => Promise.resolve(++asked <= 2));
    const rows = (await database.sql(query)).rows();
    database.guard(() => Promise.resolve(false));
    const source = (await database.sql("SELECT n FROM source")).rows();
    await database.close();
    return { asked, rows, source };
  }

  it("repeats a SELECT until its source has not changed, whatever the texts in it say", async () => {
    for (const text of ["/x [DELETE]", "update*", "a;b", "it''s; INSERT", '"', "--", "/* "]) {
      const { asked, rows } = await run(
        `SELECT count(*)::INTEGER AS n FROM source WHERE label <> '${text}' -- DELETE;`,
      );
      assertEquals([asked, rows], [3, [{ n: 1 }]], text);
    }
  });

  it("asks before any other statement, and runs it once", async () => {
    const insert = "INSERT INTO source VALUES (2, 'b')";
    for (const query of [insert, `WITH two AS (SELECT 2) ${insert}`]) {
      const { asked, source } = await run(query);
      assertEquals([asked, source], [1, [{ n: 1 }, { n: 2 }]], query);
    }
    // Each of several statements is guarded for itself: the SELECT is run three times, the other once.
    const { asked, source } = await run(`SELECT 1; ${insert}`);
    assertEquals([asked, source], [4, [{ n: 1 }, { n: 2 }]]);
    using files = recordFiles({});
    const file = `${files.path}/source.csv`;
    const copied = await run(`COPY source FROM '${file}'`, `COPY (SELECT 2 AS n, 'b' AS label) TO '${file}'`);
    assertEquals([copied.asked, copied.source], [1, [{ n: 1 }, { n: 2 }]]);
  });

  it("gives the error of a query that fails though its source has not changed", async () => {
    const database = await DuckDB.open({}, runtime);
    const failures: unknown[] = [];
    database.guard((failure) => Promise.resolve(failures.push(failure) < 3));
    const { code } = await assertRejects(() => database.sql("SELECT error('no')"), KymoError, "no");
    assertEquals(code, "query-failed");
    assertEquals(failures.length, 3);
    for (const failure of failures) assertInstanceOf(failure, Error);
    await database.close();
  });
});
