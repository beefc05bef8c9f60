import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { DuckDB } from "../../../../src/analysis/duckdb/duckdb.ts";
import { FetchedRows } from "../../../../src/analysis/stored/fetched_rows.ts";

describe("rows that were fetched from a store", () => {
  for (const [name, lineEnd] of [["CRLF", "\r\n"], ["CR", "\r"], ["LF", "\n"]] as const) {
    it(`have the labels that the store told, also if the first holds ${name}`, async () => {
      const runtime = defaultRuntime();
      const database = await DuckDB.open({}, runtime);
      const label = `two${lineEnd}lines`;
      try {
        const labels = await database.exclusively(async (connection) => {
          const { temporary } = database;
          const rows = new FetchedRows({ connection, files: runtime.files, temporary });
          const csv = `1700000000000000000,0.5,"${label}",42,,duration\n1700000000000000001,0.5,plain,42,,duration\n`;
          await rows.add({ bytes: new TextEncoder().encode(csv), rows: 2, lineFeeds: label.includes("\n") });
          await rows.finish();
          const relation = (await rows.relations()).get("duration")!;
          return (await connection.runAndReadAll(`SELECT Label FROM ${relation} ORDER BY Timepoint`)).getRows();
        });
        assertEquals(labels, [[label], ["plain"]]);
      } finally {
        await database.close();
      }
    });
  }
});
