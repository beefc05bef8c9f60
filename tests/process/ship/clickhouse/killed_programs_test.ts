import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { AcknowledgingWriterController, LAYOUTS } from "../../../support/faults/acknowledging_writer_controller.ts";
import { shortOrFull } from "../../../support/faults/suite_size.ts";
import { RUNTIMES } from "../../../support/process/run.ts";
import { LEAST_THRESHOLD } from "../../../support/small_buffers.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { shipHere } from "../../../support/stores/shipping_here.ts";
import {
  cannotServeClickHouse,
  CLICKHOUSE_VERSIONS,
  ClickHouseServer,
} from "../../../support/stores/clickhouse_server.ts";

/** Both where `deno task test:ship` runs: the gate does the same with PostgreSQL. */
const layouts = CLICKHOUSE_VERSIONS.length > 1 ? LAYOUTS : LAYOUTS.slice(0, 1);

for (const version of CLICKHOUSE_VERSIONS) {
  const skip = cannotServeClickHouse(version);
  describe(`programs that are killed while they are shipped to ClickHouse ${version}`, { skip }, () => {
    let server: ClickHouseServer;
    before(async () => void (server = await ClickHouseServer.start(version)));
    after(async () => await server[Symbol.asyncDispose]());

    for (const layout of layouts) {
      it(`lose and repeat no row, layout ${layout}, though files are let go at once`, async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        mkdirSync(directory);
        await server.query("DROP DATABASE IF EXISTS kymo");
        const url = `clickhouse://127.0.0.1:${server.port}`;
        const shipping = await shipHere(directory, url, { follow: true, keep: 0 });
        const acknowledged = new Map<string, number>();
        for (let round = 0; round < shortOrFull(1, 10); round++) {
          const writers = RUNTIMES.map((runtime) => {
            const name = `${runtime}-${round}`;
            const options = { monitoringDir: directory, layout, memoryThreshold: LEAST_THRESHOLD };
            return [name, new AcknowledgingWriterController(runtime, { name, batch: 50, pause: 5, options })] as const;
          });
          await Promise.all(writers.map(([, writer]) => writer.hasBegun()));
          await sleep(300);
          for (const [name, writer] of writers) {
            await writer.kill();
            acknowledged.set(name, writer.acknowledged);
          }
        }
        shipping.stop();
        assertEquals([await shipping.ended, shipping.told()], [0, ""]);
        // Each number of each writer is there once, up to one that is at least acknowledged.
        const found = await server.query(
          `SELECT label, toString(count()), toString(uniqExact(measurement)), toString(max(measurement) + 1)
           FROM kymo.observation WHERE channel = 'custom' GROUP BY label`,
        );
        const numbers = new Map(found.map(([label, ...counts]) => [String(label), counts.map(Number)]));
        for (const [name, count] of acknowledged) {
          const [rows = 0, distinct, end] = numbers.get(name) ?? [];
          assertEquals([distinct, end], [rows, rows], name);
          assert(rows >= count, `${name} acknowledged ${count}, there are ${rows}`);
        }
        assertEquals(readdirSync(directory).filter((name) => name.endsWith(".csv")), []);
      });
    }
  });
}
