import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TelemetryDB } from "../../../src/analysis/mod.ts";
import { runCommandLine } from "../../../src/cli/command_line.ts";
import { defaultRuntime } from "../../../src/default_runtime.ts";
import { KymoError } from "../../../src/errors.ts";
import { readReportData } from "../../../src/report/make_report.ts";
import { fakeCliContext } from "../../support/fake/cli_context.ts";
import { commandOf, type Ended, spawnCommand, spawnOn, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { cannotServePostgres, PostgresServer } from "../../support/stores/postgres_server.ts";
import { PostgresWire } from "../../support/stores/postgres_wire.ts";
import { record, ship } from "./shipping_commands.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const program = fileURLToPath(new URL("./fixtures/analysed_program.ts", import.meta.url));

/** Every kind of quantile: at a rank, between two, and the ends. */
const QUANTILES = "0,p25,p50,p90,p99,p99.9,1";

describe("what is in PostgreSQL", { skip: cannotServePostgres() }, () => {
  let server: PostgresServer;
  let wire: PostgresWire;
  const scratch = scratchDirectory();
  const shipped = { segments: scratch.at("segments"), append: scratch.at("append") };
  /** The address of what was shipped of a directory. */
  const addressOf = (layout: keyof typeof shipped): string => `${server.url}?schema=${layout}`;

  before(async () => {
    server = await PostgresServer.start();
    wire = await PostgresWire.start(server.port);
    await Promise.all((["segments", "append"] as const).map(async (layout) => {
      const directory = shipped[layout];
      const options = { monitoringDir: directory, layout, withRuntime: true, samplingInterval: 20 };
      const run = (name: string, end: string): Promise<Ended> =>
        spawnOn(thisRuntime, program, [JSON.stringify({ ...options, name }), end]).ended;
      await Promise.all([run("orders", "stop"), run("billing", "kill")]);
      await Promise.all([run("orders", "stop"), record(directory, { layout, name: "awkward" }, 7)]);
      assertEquals((await ship(directory, addressOf(layout), "--keep", "forever")).code, 0);
    }));
  });
  after(async () => {
    await wire[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    scratch[Symbol.dispose]();
  });

  /** Runs a command in this process, which takes a tenth of the time. */
  async function kymo(args: readonly string[]): Promise<Pick<Ended, "code" | "stdout" | "stderr">> {
    const context = fakeCliContext({
      runtime: defaultRuntime(),
      look: (path) => !existsSync(path) ? "nothing" : statSync(path).isDirectory() ? "directory" : "something else",
      writeFile: (path, text) => writeFileSync(path, text),
    });
    const code = await runCommandLine(args, context);
    return { code, stdout: context.stdout.text, stderr: context.stderr.text };
  }

  /** Runs it in a process of its own. */
  function spawned(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return spawnCommand(commandOf(thisRuntime, entry, args), { env }).ended;
  }

  async function json(...args: string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await kymo([...args, "--json"]);
    assertEquals([code, stderr], [0, ""], args.join(" "));
    return JSON.parse(stdout);
  }

  /** What a summary says but for where it is of. */
  async function summary(source: string, ...args: string[]): Promise<unknown> {
    const { sources: _, files: __, spools: ___, databases: ____, ...rest } = await json(
      "summary",
      source,
      "--quantiles",
      QUANTILES,
      ...args,
    );
    return rest;
  }

  it("is summarized as the directory from which it came, in the database and by DuckDB", async () => {
    const address = addressOf("segments");
    for (const args of [[], ["--by-process"], ["--label", "*[GET]*", "--from", "+50ms"], ["--to", "-40ms"]]) {
      const [of, expected] = [await summary(address, ...args), await summary(shipped.segments, ...args)];
      assertAlike(of, expected, args.join(" "));
    }
    // A database beside a directory is fetched: here one without rows.
    const empty = scratch.at("empty");
    await record(empty, {}, 0);
    const [beside] = [await json("summary", address, empty, "--quantiles", QUANTILES)];
    assertEquals([beside.databases, beside.files], [1, 0]);
    assertAlike(beside.durations, (await json("summary", shipped.segments, "--quantiles", QUANTILES)).durations);
  });

  it("is summarized by the isolate in layout append too, where files tell only the PID", async () => {
    const address = addressOf("append");
    const of = await json("summary", address, "--quantiles", QUANTILES);
    const expected = await json("summary", shipped.append, "--quantiles", QUANTILES);
    assertAlike(of.durations, expected.durations);
    assertAlike(of.quantities, expected.quantities);
    assertEquals([of.rows, of.remarks], [expected.rows, expected.remarks]);
    const sorted = (programs: unknown): unknown[] =>
      (programs as { isolate: string }[]).sort((one, other) => one.isolate < other.isolate ? -1 : 1);
    assertEquals(sorted(of.programs), sorted(expected.programs));
    const isolates = of.processes as { isolate: string }[];
    assert(isolates.some(({ isolate }) => isolate !== ""));
  });

  it("is exported as the directory, each row once and exactly", async () => {
    for (const layout of ["segments", "append"] as const) {
      const files = [scratch.at(`${layout}-db.parquet`), scratch.at(`${layout}-dir.parquet`)];
      const { rows } = await json("export", addressOf(layout), "-o", files[0]!);
      assertEquals((await json("export", shipped[layout], "-o", files[1]!)).rows, rows);
      await using db = await TelemetryDB.open([]);
      const columns = `Timepoint, Measurement, Label, PID, Channel${layout === "segments" ? ", Isolate" : ""}`;
      const counted = (file: string): string => `SELECT ${columns}, count(*) FROM '${file}' GROUP BY ALL`;
      const [one, other] = files.map((file) => counted(file!));
      assertEquals((await db.sql(`(${one} EXCEPT ${other}) UNION ALL (${other} EXCEPT ${one})`)).rows(), []);
    }
  });

  it("is reported and compared as the directory", async () => {
    const options = { title: "the same", kymo: "1.2.3", made: new Date(0) };
    const dataOf = async (source: string): Promise<unknown> => {
      await using db = await TelemetryDB.open(source);
      return await readReportData(db, options);
    };
    assertAlike(await dataOf(addressOf("segments")), await dataOf(shipped.segments));
    const output = scratch.at("report.html");
    const { code, stderr } = await kymo(["report", addressOf("segments"), "-o", output]);
    assertEquals([code, stderr, existsSync(output)], [0, "", true]);
    const { a: _, b: __, ...compared } = await json("compare", addressOf("segments"), shipped.segments);
    const { a: ___, b: ____, ...expected } = await json("compare", shipped.segments, addressOf("segments"));
    assertEquals(compared.programs, expected.programs);
    assertEquals(compared.recorded, expected.recorded);
    assert((compared.comparisons as { median: { ratio: number } }[]).every(({ median }) => median.ratio === 1));
  });

  it("is fetched only as far as it is selected", async () => {
    const url = wire.through(addressOf("segments"));
    const rowsOf = (where: string): number =>
      Number(server.value(`SELECT count(*) FROM segments.named WHERE ${where}`));
    const fetched = async (options: Parameters<typeof TelemetryDB.open>[1]): Promise<number> => {
      wire.reset();
      await using db = await TelemetryDB.open(url, options);
      const [{ rows } = {}] = (await db.sql("SELECT count(*) AS rows FROM observations")).rows();
      assertEquals(Number(rows), wire.rows);
      return wire.rows;
    };
    assertEquals(await fetched({}), rowsOf("true"));
    assertEquals(await fetched({ program: "bill*" }), rowsOf("service = 'billing'"));
    assertEquals(await fetched({ program: ["orders", "?wkward"] }), rowsOf("service IN ('orders', 'awkward')"));
    assertEquals(await fetched({ program: "nobody" }), 0);
    const [middle = ""] = server.query("SELECT timepoint FROM segments.observation ORDER BY 1 OFFSET 500 LIMIT 1")[0]!;
    assertEquals(await fetched({ from: BigInt(middle) }), rowsOf(`timepoint >= ${middle}`));
    assertEquals(await fetched({ to: BigInt(middle) }), rowsOf(`timepoint < ${middle}`));
    const labels = ["/orders/:id [GET]*", 'a,"b"', "\\."];
    const matching = `(starts_with(label, '/orders/:id [GET]') OR label IN ('a,"b"', E'\\\\.'))`;
    assertEquals(await fetched({ labels, runtime: "selected" }), rowsOf(`${matching} OR label = 'recording'`));
    assertEquals(await fetched({ labels }), rowsOf(`${matching} OR channel = 'runtime'`));
    assertEquals(await fetched({ channels: ["sales"] }), rowsOf("channel = 'sales'"));
    assertEquals(await fetched({ runtime: "switches", channels: ["runtime"] }), rowsOf("label = 'recording'"));
    // A summary fetches the runtime and nothing else.
    wire.reset();
    await summary(url);
    assertEquals(wire.rows, rowsOf("channel = 'runtime'"));
  });

  it("is of the programs that are asked for, and so are files", async () => {
    const of = await summary(addressOf("segments"), "--program", "bill*");
    assertAlike(of, await summary(shipped.segments, "--program", "bill*"));
    assertEquals((of as { programs: { service: string }[] }).programs.map(({ service }) => service), [
      "billing",
      "billing",
    ]);
  });

  it("is read with a password from a file or the environment, and never shows it", async () => {
    const secret = "s3cr&t/word";
    const hba = server.value("SHOW hba_file");
    const before = readFileSync(hba, "utf8");
    server.query(`CREATE ROLE reader LOGIN PASSWORD '${secret}'; GRANT USAGE ON SCHEMA segments TO reader;
      GRANT SELECT ON ALL TABLES IN SCHEMA segments TO reader`);
    server.query(
      `COPY (SELECT unnest(ARRAY['host all reader all scram-sha-256', 'host all all all trust', 'local all all trust']))
       TO '${hba}'; SELECT pg_reload_conf()`,
    );
    try {
      const url = addressOf("segments").replace("kymo@", "reader@");
      const withPassword = url.replace("reader@", `reader:${encodeURIComponent(secret)}@`);
      const file = scratch.at("password");
      writeFileSync(file, `${secret}\n`);
      const args = ["summary", url, "--json"];
      const [wrong, none, ...good] = await Promise.all([
        spawned(args, { PGPASSWORD: "wrong-s3cret" }),
        spawned(args, { HOME: scratch.path }),
        kymo([...args, "--password-file", file]),
        spawned(args, { PGPASSWORD: secret }),
        spawned(args, { KYMO_TO: `duckdb:/else.duckdb ${withPassword}` }),
      ]);
      for (const { code, stdout, stderr } of good) {
        assertEquals([code, stderr, stdout.includes("s3cr"), stdout.includes("reader")], [0, "", false, false]);
      }
      assertEquals([wrong.code, wrong.stdout], [1, ""]);
      assertMatch(
        wrong.stderr,
        /^Cannot connect to postgres:\/\/127.*: password authentication failed for user "reader"\n$/,
      );
      assertEquals([none.code, none.stdout], [1, ""]);
      for (const given of [withPassword, `${url}&password=${encodeURIComponent(secret)}`]) {
        const { code, stdout, stderr } = await kymo(["export", given, "-o", scratch.at("x.parquet")]);
        assertEquals([code, stdout, stderr.includes("s3cr")], [2, "", false]);
        assertStringIncludes(stderr, "everybody on this machine sees a password in arguments");
      }
      const page = scratch.at("secret.html");
      assertEquals((await kymo(["report", url, "-o", page, "--password-file", file])).code, 0);
      assert(!readFileSync(page, "utf8").includes("s3cr"));
    } finally {
      server.query(`COPY (SELECT unnest(string_to_array('${before.replaceAll("'", "''")}', E'\\n'))) TO '${hba}'`);
      server.query("SELECT pg_reload_conf()");
    }
  });

  it("says why it cannot be read", async () => {
    const url = addressOf("segments");
    const said = async (code: number, ...args: string[]): Promise<string> => {
      const ended = await kymo(args);
      assertEquals([ended.code, ended.stdout], [code, ""], ended.stderr);
      return ended.stderr;
    };
    assertMatch(
      await said(2, "summary", `${server.url}?schema=absent`),
      /^Cannot read from postgres:\/\/.*schema=absent: relation "absent.observation" does not exist\n$/,
    );
    assertMatch(
      await said(2, "summary", server.url.replace("/postgres?", "/absent?").replace(/\/postgres$/, "/absent")),
      /^Cannot connect to postgres:\/\/.*: database "absent" does not exist\n$/,
    );
    assertMatch(
      await said(2, "export", "mysql://db/x", "-o", scratch.at("x.parquet")),
      /^Cannot export: .* is none of /,
    );
    assertMatch(
      await said(2, "report", url, "--label", "nobody", "--from", "2001-01-01", "--to", "2001-01-02"),
      /^Cannot report: "postgres:.*": no observations\n$/,
    );
    const empty = await kymo(["summary", url, "--to", "2001-01-02"]);
    assertEquals([empty.code, empty.stderr], [0, ""]);
    assertStringIncludes(empty.stdout, "no observation is selected\n0 rows, 0 processes, 1 database\n");
    assertMatch(await said(1, "summary", "postgres://127.0.0.1:1/x"), /^Cannot connect to postgres:.*: .*ECONNREFUSED/);
    wire.reset();
    wire.cutAfter = 20;
    assertMatch(
      await said(1, "export", wire.through(url), "-o", scratch.at("cut.parquet")),
      /^Cannot read from postgres:/,
    );
    assert(!existsSync(scratch.at("cut.parquet")));
    wire.reset();
    await assertRejects(() => TelemetryDB.open(url, { program: 5 as unknown as string }), KymoError, "program must be");
    assertEquals(leftovers(), []);
  });
});

/** Directories for temporary files that a command has left. */
function leftovers(): string[] {
  return readdirSync("/var/tmp").filter((name) => name.startsWith("kymo-"))
    .flatMap((name) => readdirSync(join("/var/tmp", name))).filter((name) => name.startsWith("stored-"));
}

/** Asserts that two values are equal but for the last digits of sums, which depend on the order of rows. */
function assertAlike(actual: unknown, expected: unknown, path = ""): void {
  if (typeof actual === "number" && typeof expected === "number" && /\b(sum|mean|total|rate)\b/.test(path)) {
    const isClose = Math.abs(actual - expected) <= 1e-12 * Math.abs(expected);
    return void assert(isClose, `${path}: ${actual}, not ${expected}`);
  }
  const isNested = typeof actual === "object" && actual !== null && typeof expected === "object" && expected !== null;
  if (!isNested) return void assertEquals(actual, expected, path);
  assertEquals(Object.keys(actual).sort(), Object.keys(expected).sort(), path);
  for (const [key, value] of Object.entries(actual)) {
    assertAlike(value, (expected as Record<string, unknown>)[key], `${path}/${key}`);
  }
}
