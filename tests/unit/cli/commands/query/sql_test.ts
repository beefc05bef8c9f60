import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { runCommandLine } from "../../../../../src/cli/command_line.ts";
import type { LineListener } from "../../../../../src/cli/context.ts";
import { programFileName } from "../../../../../src/files/names.ts";
import { encodeProgramRecord } from "../../../../../src/files/program_record.ts";
import { epochOf, Recordings } from "../../../../support/analysis/comparison_runs.ts";
import { assertDocumented } from "../../../../support/analysis/documented_json.ts";
import { fakeCliContext } from "../../../../support/fake/cli_context.ts";
import { FakeRuntime } from "../../../../support/fake/runtime.ts";
import { programRecord } from "../../../../support/fake/program_record.ts";

const recorded = {
  duration: [
    { time: 1, value: 0.25, label: "/orders/:id [GET]" },
    { time: 2, value: 0.5, label: "/orders/:id [GET] 5xx" },
    { time: 3, value: 0.75, label: "render" },
  ],
  runtime: [{ time: 1, value: 1e6, label: "rss" }],
  mark: [{ time: 2, value: 1, label: "deploy 1" }],
};

/** Writes a recording of a program that appended, with its record. */
function write(recordings: Recordings): string {
  const directory = recordings.write(recorded);
  const record = programRecord({ pid: 42, isolate: "0badcafe", name: "orders", options: { layout: "append" } });
  writeFileSync(`${directory}/${programFileName(record)}`, encodeProgramRecord(record));
  return directory;
}

type Context = Partial<ReturnType<typeof fakeCliContext>> & Pick<Parameters<typeof fakeCliContext>[0], "typeLines">;

async function run(args: readonly string[], properties: Context = {}) {
  const context = fakeCliContext({
    look: (path: string) => existsSync(path) ? "directory" as const : "nothing" as const,
    ...properties,
  });
  const code = await runCommandLine(["sql", ...args], context);
  return { code, stdout: context.stdout.text, stderr: context.stderr.text };
}

describe("kymo sql", () => {
  it("answers a query over views with times, routes and who recorded", async () => {
    using recordings = new Recordings();
    const directory = write(recordings);
    const query = "SELECT epoch_ns(time) AS at, route, verb, outcome, seconds, service FROM duration ORDER BY time";
    assertEquals(await run([directory, query]), {
      code: 0,
      stderr: "",
      stdout: `                 at  route        verb  outcome   seconds  service
${epochOf(1)}  /orders/:id  GET   answered     0.25  orders
${epochOf(2)}  /orders/:id  GET   5xx           0.5  orders
${epochOf(3)}  render       NULL  answered     0.75  orders
`,
    });
    const { stdout } = await run([
      directory,
      "--csv",
      "SELECT label, instance FROM observations ORDER BY timepoint, label",
    ]);
    assertEquals(
      stdout,
      "label,instance\r\n/orders/:id [GET],\r\nrss,\r\n/orders/:id [GET] 5xx,\r\ndeploy 1,\r\nrender,\r\n",
    );
    const selected = await run([
      directory,
      "--label",
      "/orders*",
      "--csv",
      "SELECT count(*) AS n FROM kymo.observations",
    ]);
    assertEquals(selected.stdout, "n\r\n2\r\n");
    const file = await run([directory, "--csv"], { readInput: () => Promise.resolve('SELECT \'a"b\' AS "x,y";\n') });
    assertEquals(file.stdout, '"x,y"\r\n"a""b"\r\n');
  });

  it("prints JSON in which integers are numbers as far as these are exact", async () => {
    using recordings = new Recordings();
    const query = "SELECT count(*) AS n, max(timepoint) AS last, [1, NULL] AS list, 'NaN'::DOUBLE AS nan FROM duration";
    const { stdout } = await run([write(recordings), "--json", query]);
    assertEquals(assertDocumented(stdout), "sql");
    const { columns, rows, more } = JSON.parse(stdout);
    assertEquals([columns.map(({ type }: { type: string }) => type), more], [
      ["BIGINT", "BIGINT", "INTEGER[]", "DOUBLE"],
      false,
    ]);
    assertEquals(rows, [{ n: 3, last: String(epochOf(3)), list: [1, null], nan: null }]);
  });

  it("tells that it prints a part of a table, and prints all on request", async () => {
    using recordings = new Recordings();
    const directory = write(recordings);
    const lines = async (...args: string[]) => {
      const { stdout, stderr } = await run([
        directory,
        "SELECT * FROM range(150) AS r(n) ORDER BY n DESC; -- all",
        ...args,
      ]);
      return [stdout.trim().split(/\s+/).slice(0, 2), stdout.trim().split(/\s+/).length, stderr];
    };
    assertEquals(await lines(), [["n", "149"], 101, "The first 100 rows; --limit 0 prints all\n"]);
    assertEquals(await lines("--limit", "2", "--csv"), [["n", "149"], 3, "The first 2 rows; --limit 0 prints all\n"]);
    assertEquals(await lines("--limit", "0"), [["n", "149"], 151, ""]);
    const statements = await run([
      directory,
      "CREATE TABLE t AS SELECT 1 AS a; INSERT INTO t VALUES (2); FROM t",
      "--csv",
    ]);
    assertEquals(statements.stdout, "a\r\n1\r\n2\r\n");
    assertStringIncludes((await run([directory, "EXPLAIN SELECT 1"])).stdout, "│ ");
  });

  it("says on one line what DuckDB says", async () => {
    using recordings = new Recordings();
    const directory = write(recordings);
    const wrong: [query: string, says: string][] = [
      ["FROM duratoin", 'Catalog Error: Table with name duratoin does not exist!; Did you mean "duration"?'],
      ["SELECT (", "Parser Error: syntax error at end of input"],
      ["SELECT 'x'::INTEGER FROM duration", "Conversion Error: Could not convert string 'x' to INT32"],
    ];
    for (const [query, says] of wrong) {
      const { code, stderr } = await run([directory, query]);
      assertEquals([code, stderr.split(" when casting")[0]!.trim()], [1, `Cannot query: ${says}`]);
    }
    const runtime = new FakeRuntime();
    runtime.variables = { KYMO_DIR: directory };
    assertEquals(
      (await run(["nosuch"], { runtime })).stderr.split("\n")[1]!.split("; ")[1],
      'and there is no file or directory "nosuch"',
    );
    assertEquals((await run([recordings.write({}), "SELECT 1"])).stderr.endsWith("nothing was recorded\n"), true);
  });

  it("reads nothing but the recording, writes nothing, and changes no settings", async () => {
    using recordings = new Recordings();
    const directory = write(recordings);
    const before = readdirSync(directory).sort();
    // What else is refused: tests/unit/analysis/duckdb/confined_sql_test.ts.
    const refused: [query: string, says: string][] = [
      [`COPY duration TO '${directory}/copy.csv'`, "it may write files, change settings or run a text"],
      ["FROM query('SELECT 1')", "it may write files, change settings or run a text"],
      [`FROM read_text('${import.meta.filename}')`, "file system operations are disabled by configuration"],
    ];
    for (const [query, says] of refused) {
      const { code, stdout, stderr } = await run([directory, query]);
      assertEquals([code, stdout], [1, ""], query);
      assertStringIncludes(stderr, says);
      assert(!stderr.includes("LIMIT"), stderr);
    }
    assertEquals(readdirSync(directory).sort(), before);
  });

  it("runs the queries that are documented for databases", async () => {
    using recordings = new Recordings();
    const directory = write(recordings);
    const shipping = readFileSync(new URL("../../../../../docs/shipping.md", import.meta.url), "utf8");
    const [queries = ""] = /(?<=## Analyse there[^]*?```sql\n)[^]*?(?=```)/.exec(shipping) ?? [];
    const all = queries.split(";").filter((query) => query.trim() !== "");
    assertEquals(all.length, 5);
    for (const query of all) {
      const { code, stderr } = await run([
        directory,
        query.replaceAll("'1 hour'", "'10 years'").replace(/^\s*--.*\n/, ""),
        "--csv",
      ]);
      assertEquals([code, stderr], [0, ""], query);
    }
  });
});

/** Types lines at the prompt, each once the one before is answered; returns what is written. */
async function type(directory: string, steps: readonly ((listener: LineListener) => void)[]) {
  const prompts: string[] = [];
  let isClosed = false;
  const waiting = [...steps];
  const result = await run([directory], {
    typeLines: (listener) =>
      Promise.resolve({
        prompt(text) {
          prompts.push(text);
          queueMicrotask(() => waiting.shift()?.(listener));
        },
        close: () => isClosed = true,
      }),
  });
  assertEquals([isClosed, waiting.length], [true, 0]);
  return { ...result, prompts };
}

describe("the prompt of kymo sql", () => {
  it("answers queries of several lines, lists views and columns, and goes on after errors", async () => {
    using recordings = new Recordings();
    const { code, stdout, stderr, prompts } = await type(write(recordings), [
      ({ line }) => line("SELECT count(*) AS rows"),
      ({ line }) => line("FROM duration;"),
      ({ line }) => line("FROM nosuch;"),
      ({ line }) => line("\\d"),
      ({ line }) => line("\\d MARK"),
      ({ line }) => line("\\d nosuch"),
      ({ line }) => line(""),
      ({ line }) => line("\\q"),
    ]);
    assertEquals(code, 0);
    assertEquals(prompts, ["kymo> ", "   -> ", ...Array(6).fill("kymo> ")]);
    assertStringIncludes(stdout, "\nrows\n   3\n");
    assertStringIncludes(stdout, "\nduration      time, timepoint, seconds, label, route, verb, outcome, service");
    assert(!/source_|switches|loaded_/.test(stdout), stdout);
    assertStringIncludes(stdout, "\nmeasurement  DOUBLE\n");
    const [first, second] = stderr.split("\n");
    assertEquals(first, "Cannot query: Catalog Error: Table with name nosuch does not exist!");
    assertEquals(
      second,
      "Cannot describe: nosuch: there are: client, custom, duration, mark, observations, program, runtime",
    );
  });

  it("forgets what was typed, or interrupts the query, with Ctrl-C, and ends with Ctrl-D", async () => {
    using recordings = new Recordings();
    const endless = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = -1;";
    const { code, stdout, stderr } = await type(write(recordings), [
      ({ line }) => line("SELECT 1 +"),
      ({ interrupt }) => interrupt(),
      ({ line, interrupt }) => {
        line(endless);
        setTimeout(interrupt, 100);
      },
      ({ line }) => line("SELECT 7 AS seven;"),
      ({ end }) => end(),
    ]);
    assertEquals([code, stderr], [0, "Cannot query: it was interrupted\n"]);
    assertStringIncludes(stdout, "\nseven\n    7\n");
  });
});
