import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { spawnOn, thisRuntime } from "../../../support/process/run.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { ship } from "./analysis_commands.ts";
import { cannotServePostgres, PostgresServer } from "../../../support/stores/postgres_server.ts";

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../../${path}`, import.meta.url)), "utf8");
const program = fileURLToPath(new URL("./fixtures/analysed_program.ts", import.meta.url));

/** A panel or a variable of a dashboard. */
interface Queried {
  readonly title: string;
  readonly targets: readonly { readonly format: string; readonly rawSql: string }[];
}

describe("ready queries for PostgreSQL", { skip: cannotServePostgres() }, () => {
  let server: PostgresServer;
  const scratch = scratchDirectory();
  const directory = scratch.at("monitoring");
  before(async () => {
    server = await PostgresServer.start();
    const options = { monitoringDir: directory, withRuntime: true, samplingInterval: 20, name: "orders" };
    await spawnOn(thisRuntime, program, [JSON.stringify(options), "stop"]).ended;
    await ship(directory, server.url);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    scratch[Symbol.dispose]();
  });

  it("of docs/shipping.md tell what the library tells of the directory", async () => {
    const [section] = /^## Analyse there$[\s\S]*?^## /m.exec(read("docs/shipping.md"))!;
    const [, block = ""] = /^```sql\n([\s\S]*?)^```$/m.exec(section)!;
    const [rates, quantiles, shares, slowest, memory] = block.split(";").map((sql) => server.query(sql));
    await using db = await TelemetryDB.open(directory);
    const requests = await db.duration().where({ labels: "/orders/*" }).describe({ quantiles: [0.5, 0.99, 0.999] });
    const total = requests.reduce((sum, { count }) => sum + count, 0);

    const perMinute = rates!.map(([, perSecond]) => Math.round(60 * Number(perSecond)));
    assertEquals(perMinute.reduce((sum, one) => sum + one, 0), total);

    const both = await db.duration().where({ labels: "/orders/:id [[]GET]*" }).describe();
    assertEquals(both, []); // brackets are themselves in a pattern
    const gets = await db.sql(`SELECT count(*)::DOUBLE AS n, quantile_cont(Measurement, [0.5, 0.99, 0.999]) AS q
      FROM duration WHERE starts_with(Label, '/orders/:id [GET]')`);
    const [{ n, q } = {}] = gets.rows();
    const [route, verb, count, found = ""] = quantiles!.find(([, verb]) => verb === "GET")!;
    assertEquals([route, verb, Number(count)], ["/orders/:id", "GET", n]);
    for (const [i, value] of found.slice(1, -1).split(",").entries()) {
      const expected = (q as number[])[i]!;
      assert(Math.abs(Number(value) - expected) <= 1e-12 * expected, `${value} is not ${expected}`);
    }

    const failed = requests.find(({ label }) => label.endsWith("5xx"))!.count;
    const share = shares!.find(([, , outcome]) => outcome === "5xx")!;
    assertEquals([Number(share[3]), Number(share[4]).toFixed(9)], [failed, (failed / Number(n)).toFixed(9)]);

    assertEquals(slowest!.length, 20);
    assertEquals(Number(slowest![0]![1]), Math.max(...requests.map(({ max }) => max)));
    assertEquals(slowest![0]![3], "orders");

    const rss = await db.rss().describe({ byProcess: true });
    assertEquals(
      memory!.map(([, , , , isolate, largest]) => [isolate, Number(largest)]).sort(),
      rss.map(({ isolate, max }) => [isolate, max]).sort(),
    );
  });

  it("of the Grafana dashboard run, and have rows", () => {
    const { panels, templating } = JSON.parse(read("examples/grafana/kymo.json"));
    const [services] = server.query(templating.list[1].query);
    assertEquals(services, ["orders"]);
    for (const { title, targets } of panels as Queried[]) {
      for (const { format, rawSql } of targets) {
        const sql = withoutMacros(rawSql);
        assert(!sql.includes("$"), `${title}: ${sql}`);
        const rows = server.query(sql);
        assert(rows.length > 0, `${title}: no rows`);
        if (format !== "time_series") continue;
        const [{ columns = "" } = {}] = server.query(
          `CREATE TEMP VIEW panel AS ${sql}; SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position)
           FROM information_schema.columns WHERE table_name = 'panel'`,
        ).map(([columns = ""]) => ({ columns }));
        assert(/^time \w+/.test(columns), `${title}: the first column of a time series is its time: ${columns}`);
        for (const [time] of rows) assert(Math.abs(Number(time) * 1_000 - Date.now()) < 3_600_000, `${title}: ${time}`);
      }
    }
  });
});

/** A query with the macros and variables replaced, as Grafana documents for PostgreSQL. */
function withoutMacros(sql: string): string {
  const [from, to] = [Date.now() - 3_600_000, Date.now() + 60_000];
  const iso = (ms: number): string => `'${new Date(ms).toISOString()}'`;
  return sql
    .replaceAll(/\$__unixEpochNanoFilter\((\w+)\)/g, `$1 >= ${from}000000 AND $1 <= ${to}000000`)
    .replaceAll(/\$__timeFilter\((\w+)\)/g, `$1 BETWEEN ${iso(from)} AND ${iso(to)}`)
    .replaceAll(/\$__timeGroupAlias\((\w+), \$__interval\)/g, 'floor(extract(epoch from $1)/30)*30 AS "time"')
    .replaceAll("$__interval_ms", "30000")
    .replaceAll("$service", "'orders','billing'");
}
