import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import process from "node:process";
import { cpSync, existsSync, writeFileSync } from "node:fs";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { KymoError } from "../../../../src/errors.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { assertAlike, json, kymo, QUANTILES, recordPrograms, ship } from "./analysis_commands.ts";

const ROWS = "SELECT Timepoint, Measurement, Label, PID, Isolate, Channel FROM observations ORDER BY ALL";

/** What a summary says. The folder has no program records, so that it is compared with files without them. */
const OF_ROWS = ["rows", "from", "to", "durations", "quantities", "requests", "runtime", "pauses", "bins"];
const STORES = [
  { what: "a file of DuckDB", name: "store.duckdb", address: "duckdb:", keys: [...OF_ROWS, "programs", "remarks"] },
  { what: "a folder of Parquet files", name: "lake/", address: "parquet:", keys: OF_ROWS },
];

/** The gate leaves out what takes long. */
const isEverything = process.env["KYMO_TEST_SHIP"] === "full";

const SELECTIONS = [[], ["--by-process", "--from", "+50ms"], ["--label", "*[GET]*", "--to", "-40ms"]];

describe("what was shipped", () => {
  const scratch = scratchDirectory();
  const [directory, bare] = [scratch.at("monitoring"), scratch.at("bare")];
  before(async () => {
    await recordPrograms(directory, "segments");
    await ship(directory, ...STORES.map(({ name }) => scratch.at(name)));
    cpSync(directory, bare, { recursive: true, filter: (path) => path === directory || path.endsWith(".csv") });
  });
  after(() => scratch[Symbol.dispose]());

  for (const { what, name, address, keys } of STORES) {
    describe(`to ${what}`, () => {
      const store = scratch.at(name);
      const alike = address === "parquet:" ? bare : directory;

      it("is summarized as the directory is", async () => {
        for (const args of isEverything ? SELECTIONS : SELECTIONS.slice(1, 2)) {
          const [of, expected] = [
            await json("summary", store, ...QUANTILES, ...args),
            await json("summary", alike, ...QUANTILES, ...args),
          ];
          for (const key of keys) assertAlike(of[key], expected[key], key);
        }
      });

      it("has the rows of the directory, to the last bit", async () => {
        await using of = await TelemetryDB.open(`${address}${store}`);
        await using expected = await TelemetryDB.open(directory);
        assertEquals((await of.sql(ROWS)).rows(), (await expected.sql(ROWS)).rows());
        assertEquals(of.reading.databases, 1);
        await using some = await TelemetryDB.open(store.replace(/\/$/, ""), {
          program: "orders",
          labels: "*[GET]*",
          runtime: "switches",
        });
        await using few = await TelemetryDB.open(directory, { program: "orders" });
        const selected = ROWS.replace("ORDER", "WHERE Label LIKE '%[GET]%' ORDER");
        const rows = (await some.sql(selected)).rows();
        assert(rows.length > 0);
        assertEquals(rows, (await few.sql(selected)).rows());
      });

      (isEverything || address === "duckdb:" ? it : (): void => {})("is compared, exported and reported", async () => {
        const compared = await kymo(["compare", directory, store, "--json"]);
        assertEquals([compared.code, compared.stderr], [0, ""]);
        const [out, page] = [scratch.at("out.parquet"), scratch.at("page.html")];
        assertEquals((await kymo(["export", store, "-o", out])).code, 0);
        await using exported = await TelemetryDB.open(directory);
        const [{ n } = { n: 0 }] = (await exported.sql(`SELECT count(*) AS n FROM '${out}'`)).rows();
        const [{ m } = { m: 1 }] = (await exported.sql("SELECT count(*) AS m FROM observations")).rows();
        assertEquals(n, m);
        assertEquals((await kymo(["report", store, "-o", page, "--force"])).code, 0);
        assert(existsSync(page));
      });

      it("is refused by a sentence if it is not there, or Kymo has not made it", async () => {
        const none = await assertRejects(() => TelemetryDB.open(`${address}${scratch.at("none.duckdb")}`), KymoError);
        assertEquals(none.code, "not-found");
        if (address !== "duckdb:") return;
        const other = scratch.at("other.duckdb");
        writeFileSync(other, "no database");
        const error = await assertRejects(() => TelemetryDB.open(other), KymoError);
        assert(error.message.startsWith(`Cannot read from duckdb:${other}: `), error.message);
      });
    });
  }
});
