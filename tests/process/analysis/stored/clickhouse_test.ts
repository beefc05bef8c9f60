import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { existsSync, writeFileSync } from "node:fs";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { KymoError } from "../../../../src/errors.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import {
  cannotServeClickHouse,
  CLICKHOUSE_VERSIONS,
  ClickHouseServer,
} from "../../../support/stores/clickhouse_server.ts";
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

for (const version of CLICKHOUSE_VERSIONS) {
  describe(`what is in ClickHouse ${version}`, { skip: cannotServeClickHouse(version) }, () => {
    let server: ClickHouseServer;
    let store: string;
    const scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const empty = scratch.at("empty");
    before(async () => {
      server = await ClickHouseServer.start(version);
      store = `clickhouse://127.0.0.1:${server.port}`;
      await Promise.all([recordPrograms(directory, "segments"), recordAwkward(empty, {}, 0)]);
      await ship(directory, store);
    });
    after(async () => {
      await server[Symbol.asyncDispose]();
      scratch[Symbol.dispose]();
    });

    it("is summarized by the database as by DuckDB, from the same rows", async () => {
      for (const args of [[], ["--by-process", "--from", "+50ms"], ["--label", "*[GET]*", "--to", "-40ms"]]) {
        const [of, expected] = [await json("summary", store, ...QUANTILES, ...args), await fetched(...args)];
        for (const key of ["rows", "from", "to", "durations", "quantities", "requests", "runtime", "pauses", "bins"]) {
          assertAlike(of[key], expected[key], key);
        }
      }
      // Of a beginning that is relative to the last row, both have to know that.
      async function fetched(...args: string[]): Promise<Record<string, unknown>> {
        const range = await json("summary", store);
        const times = (option: string): string =>
          option.startsWith("+")
            ? String(BigInt(String(range.from)) + BigInt(option.slice(1, -2)) * 1_000_000n)
            : /^-\d/.test(option)
            ? String(BigInt(String(range.to)) - BigInt(option.slice(1, -2)) * 1_000_000n)
            : option;
        return await json("summary", store, empty, ...QUANTILES, ...args.map(times));
      }
    });

    it("is summarized, exported and reported as the directory", async () => {
      // The server of 2018 reads numbers less exactly than it writes them.
      if (version !== "18.16") {
        for (const args of [[], ["--program", "bill*", "--by-process"]]) {
          assertAlike(await summary(store, ...args), await summary(directory, ...args));
        }
      }
      const files = [scratch.at("db.parquet"), scratch.at("dir.parquet")];
      const { rows } = await json("export", store, "-o", files[0]!);
      assertEquals((await json("export", directory, "-o", files[1]!)).rows, rows);
      await using db = await TelemetryDB.open([]);
      const measured = version === "18.16" ? "" : ", Measurement";
      const counted = (file: string): string =>
        `SELECT Timepoint, Label, PID, Isolate, Channel${measured}, count(*) FROM '${file}' GROUP BY ALL`;
      const [one, other] = files.map((file) => counted(file!));
      assertEquals((await db.sql(`(${one} EXCEPT ${other}) UNION ALL (${other} EXCEPT ${one})`)).rows(), []);
      const page = scratch.at("report.html");
      assertEquals((await kymo(["report", store, "-o", page, "--force"])).code, 0);
      assert(existsSync(page));
    });

    it("is fetched only as far as it is selected", async () => {
      const rowsOf = async (where: string): Promise<number> =>
        Number(await server.value(`SELECT count() FROM kymo.named WHERE ${where}`));
      const fetched = async (options: Parameters<typeof TelemetryDB.open>[1]): Promise<number> => {
        await using db = await TelemetryDB.open(store, options);
        return Number((await db.sql("SELECT count(*) AS rows FROM observations")).rows()[0]?.rows);
      };
      assertEquals(await fetched({}), await rowsOf("1"));
      assertEquals(await fetched({ program: "bill*" }), await rowsOf("service = 'billing'"));
      assertEquals(await fetched({ program: "nobody" }), 0);
      const labels = ["/orders/:id [GET]*", 'a,"b"', "\\."];
      const matching = `(substring(label, 1, 17) = '/orders/:id [GET]' OR label IN ('a,"b"', '\\\\.'))`;
      assertEquals(await fetched({ labels, runtime: "selected" }), await rowsOf(`${matching} OR label = 'recording'`));
      assertEquals(await fetched({ labels }), await rowsOf(`${matching} OR channel = 'runtime'`));
      assertEquals(await fetched({ channels: ["sales"] }), await rowsOf("channel = 'sales'"));
    });

    // The other one is a single process, which has no cluster.
    const itInCluster = version === "18.16" ? it : (): void => {};
    itInCluster(
      "is summarized over distributed tables",
      async () => {
        await server.query("CREATE DATABASE spread");
        for (const table of ["observation", "program"]) {
          await server.query(`CREATE TABLE spread.${table} AS kymo.${table} ENGINE = Distributed(one, kymo, ${table})`);
        }
        for (const args of [[], ["--by-process", "--program", "orders"]]) {
          assertAlike(await summary(`${store}/spread`, ...args), await summary(store, ...args));
        }
      },
    );

    it("says why it cannot be read", async () => {
      const said = async (code: number, ...args: string[]): Promise<string> => {
        const ended = await kymo(args);
        assertEquals([ended.code, ended.stdout], [code, ""], ended.stderr);
        return ended.stderr;
      };
      assertMatch(await said(2, "summary", `${store}/absent`), /^Cannot read from clickhouse:\/\/.*absent: Code: \d+/);
      assertMatch(await said(1, "summary", "clickhouse://127.0.0.1:1"), /^Cannot read from clickhouse:/);
      const given = `clickhouse://kymo:s3cret@127.0.0.1:${server.port}`;
      assert(!(await said(2, "summary", given)).includes("s3cret"));
      if (version !== "18.16") return; // the other one knows no users
      const wrong = await assertRejects(() => TelemetryDB.open(given), KymoError);
      assertEquals([wrong.code, wrong.message.includes("s3cret")], ["permission-denied", false]);
      const file = scratch.at("password");
      writeFileSync(file, "s3cr&t/word\n");
      await json("summary", `clickhouse://kymo@127.0.0.1:${server.port}`, "--password-file", file);
    });
  });
}
