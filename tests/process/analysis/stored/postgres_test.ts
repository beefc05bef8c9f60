import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { KymoError } from "../../../../src/errors.ts";
import { readReportData } from "../../../../src/report/make_report.ts";
import { Connection } from "../../../../src/stores/postgres/connection.ts";
import { StoreError } from "../../../../src/stores/store_error.ts";
import { commandOf, type Ended, spawnCommand, thisRuntime } from "../../../support/process/run.ts";
import { until } from "../../../support/wait.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { cannotServePostgres, PostgresServer } from "../../../support/stores/postgres_server.ts";
import { PostgresWire } from "../../../support/stores/postgres_wire.ts";
import {
  assertAlike,
  json,
  kymo,
  QUANTILES,
  recordAwkward,
  recordPrograms,
  ship,
  summary,
} from "./analysis_commands.ts";

const entry = fileURLToPath(new URL("../../../../src/cli/main.ts", import.meta.url));

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
      await recordPrograms(directory, layout);
      await ship(directory, addressOf(layout));
    }));
  });
  after(async () => {
    await wire[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    scratch[Symbol.dispose]();
  });

  /** Runs a command in a process of its own. */
  function spawned(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return spawnCommand(commandOf(thisRuntime, entry, args), { env }).ended;
  }

  it("is summarized as the directory from which it came, in the database and by DuckDB", async () => {
    const address = addressOf("segments");
    for (const args of [[], ["--by-process"], ["--label", "*[GET]*", "--from", "+50ms"], ["--to", "-40ms"]]) {
      const [of, expected] = [await summary(address, ...args), await summary(shipped.segments, ...args)];
      assertAlike(of, expected, args.join(" "));
    }
    // A database beside a directory is fetched: here one without rows.
    const empty = scratch.at("empty");
    await recordAwkward(empty, {}, 0);
    const [beside] = [await json("summary", address, empty, ...QUANTILES)];
    assertEquals([beside.databases, beside.files], [1, 0]);
    assertAlike(beside.durations, (await json("summary", shipped.segments, ...QUANTILES)).durations);
  });

  it("is summarized by the isolate in layout append too, where files tell only the PID", async () => {
    const address = addressOf("append");
    const of = await json("summary", address, ...QUANTILES);
    const expected = await json("summary", shipped.append, ...QUANTILES);
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

  it("stays in the server while nobody takes it", async () => {
    wire.reset();
    const { timers, name } = defaultRuntime();
    const connection = await Connection.open({
      url: wire.through(server.url),
      name: "the server",
      patience: 60_000,
      timers,
      runtimeName: name,
      action: "read from",
      application: "kymo test",
    });
    try {
      const blocks = connection.copyOut("COPY (SELECT repeat('x', 999) FROM generate_series(1, 100000)) TO STDOUT");
      assertEquals((await blocks.next()).value?.rows, 1_048);
      // What is on its way is as much as sockets hold: it comes to rest.
      for (let before = -1; before !== wire.bytes; await sleep(200)) before = wire.bytes;
      assert(wire.bytes < 50e6, `${wire.bytes} of 100 million bytes were sent`);
      let rows = 1_048;
      for await (const block of blocks) rows += block.rows;
      assertEquals([rows, wire.rows], [100_000, 100_000]);
      assertEquals((await connection.query("SELECT 1 AS one"))[0]?.one, 1); // the connection goes on
      const refused = connection.copyOut("COPY (SELECT 1 / (3 - i) FROM generate_series(1, 5) AS i) TO STDOUT");
      await assertRejects(() => refused.next(), StoreError, "division by zero");
      assertEquals((await connection.query("SELECT 2 AS two"))[0]?.two, 2);
    } finally {
      await connection.close();
    }
  });

  it("is of the programs that are asked for, and so are files", async () => {
    const of = await summary(addressOf("segments"), "--program", "bill*");
    assertAlike(of, await summary(shipped.segments, "--program", "bill*"));
    assertEquals((of as { programs: { name: string }[] }).programs.map(({ name }) => name), [
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
      /^Cannot report: "postgres:.*": no observation is there, or none is selected\n$/,
    );
    const empty = await kymo(["summary", url, "--to", "2001-01-02"]);
    assertEquals(empty.code, 2);
    assertMatch(empty.stderr, /^Cannot summarize: "postgres:.*": no observation is there, or none is selected\n$/);
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
    // Other tests may be reading at this moment.
    await until(() => leftovers().length === 0);
  });
});

/** Directories for temporary files that a command has left. */
function leftovers(): string[] {
  return readdirSync("/var/tmp").filter((name) => name.startsWith("kymo-")).flatMap((name) => {
    try {
      return readdirSync(join("/var/tmp", name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return []; // another test has removed its own since it was listed
    }
  }).filter((name) => name.startsWith("stored-"));
}
