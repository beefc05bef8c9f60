import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Acknowledged,
  AcknowledgingWriterController,
  LAYOUTS,
} from "../../support/faults/acknowledging_writer_controller.ts";
import { atCall, readTrace, underStrace } from "../../support/faults/strace.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { RUNTIMES, thisRuntime } from "../../support/process/run.ts";
import type { WriterPlan } from "../../support/programs/acknowledging_writer.ts";
import { LEAST_THRESHOLD } from "../../support/small_buffers.ts";
import { cannotTrace } from "../../support/process/system_tools.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { FaultyProxy } from "../../support/stores/faulty_proxy.ts";
import { SCHEMES } from "../../../src/ship/targets/connect_target.ts";
import { parseTarget } from "../../../src/ship/targets/target_address.ts";
import { cannotServePostgres, PostgresServer } from "../../support/stores/postgres_server.ts";
import { rowsInFiles, rowsInPostgres } from "../../support/stores/shipped_rows.ts";
import { itSurvivesKills } from "../../support/stores/killed_shippers.ts";
import { nameOf, publish, uniqueRows } from "../../support/stores/published_by_hand.ts";
import { until } from "../../support/stores/shipping_commands.ts";
import { shipHere } from "../../support/stores/shipping_here.ts";

type Layout = typeof LAYOUTS[number];

describe("a shipper to PostgreSQL that is killed", { skip: cannotServePostgres() || cannotTrace() }, () => {
  let server: PostgresServer;
  before(async () => void (server = await PostgresServer.start()));
  after(async () => await server[Symbol.asyncDispose]());

  itSurvivesKills({
    layouts: ["segments", "append"],
    row: 20,
    async open(schema) {
      const proxy = await FaultyProxy.start(server.port);
      return {
        url: `postgres://kymo@127.0.0.1:${proxy.port}/postgres?schema=${schema}`,
        get messages() {
          return proxy.messages;
        },
        meet: (atMessage) => void (proxy.plan = () => atMessage === undefined ? {} : { atMessage }),
        rows: () => Promise.resolve(rowsInPostgres(server, schema)),
        [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
      };
    },
  });
});

describe("programs that are killed while they are shipped", { skip: cannotServePostgres() || cannotTrace() }, () => {
  let server: PostgresServer;
  before(async () => void (server = await PostgresServer.start()));
  after(async () => await server[Symbol.asyncDispose]());

  const planOf = (monitoringDir: string, layout: Layout, name: string): WriterPlan => ({
    name,
    batch: 50,
    pause: 5,
    options: { monitoringDir, layout, memoryThreshold: LEAST_THRESHOLD },
  });

  /** Each number of each writer must be in the store once, up to one that is at least acknowledged. */
  function assertOnce(acknowledged: Acknowledged): void {
    const numbers = new Map(
      server.query(`SELECT label, count(*), count(DISTINCT measurement), max(measurement) + 1 FROM kymo.observation
        WHERE channel = 'custom' GROUP BY label`).map(([label, ...counts]) => [label, counts.map(Number)]),
    );
    for (const [name, count] of acknowledged) {
      const [rows = 0, distinct, end] = numbers.get(name) ?? [];
      assertEquals([distinct, end], [rows, rows], name);
      assert(rows >= count, `${name} acknowledged ${count}, there are ${rows}`);
      const durations = Number(server.value(`SELECT count(DISTINCT timepoint) FROM kymo.observation
        WHERE channel = 'duration' AND label = '${name}'`));
      const all = Number(server.value(`SELECT count(*) FROM kymo.observation
        WHERE channel = 'duration' AND label = '${name}'`));
      assert(durations === all && rows - all <= 1, `${name}: ${rows} numbers, ${all} durations`);
    }
  }

  for (const layout of LAYOUTS) {
    it(`lose and repeat no row, layout ${layout}, though files are let go at once`, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      mkdirSync(directory);
      server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
      const acknowledged: Acknowledged = new Map();
      const shipping = await shipHere(directory, server.url, { follow: true, keep: 0 });
      for (let round = 0; round < shortOrFull(1, 20); round++) {
        const writers = RUNTIMES.map((runtime) => {
          const name = `${runtime}-${round}`;
          return [name, new AcknowledgingWriterController(runtime, planOf(directory, layout, name))] as const;
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
      assertOnce(acknowledged);
      assertEquals(readdirSync(directory).filter((name) => name.endsWith(".csv")), []);
    });
  }

  it("leave an appended file to recovery that they were killed after appending to", async () => {
    using scratch = scratchDirectory();
    const log = scratch.at("trace");
    const write = (directory: string, inject: readonly string[]): AcknowledgingWriterController => {
      mkdirSync(directory);
      const plan = { ...planOf(directory, "append", "writer"), numbers: 600, pause: 0 };
      const program = "acknowledging_writer_known_names.ts";
      const wrapper = underStrace({ directory, log, inject });
      return new AcknowledgingWriterController(thisRuntime, plan, { wrapper, program });
    };
    assertEquals((await write(scratch.at("clean"), []).ended).code, 0);
    const calls = readTrace(log);
    const opened = calls.findIndex(({ line }) => /\bopen.*\/custom\.csv"/.test(line));
    const appended = calls.findIndex(({ name }, i) => i > opened && /^p?write/.test(name));
    assert(opened >= 0 && appended > 0);
    const directory = scratch.at("monitoring");
    const writer = write(directory, atCall(calls, appended + 2, "signal=KILL"));
    await writer.wasKilled();
    server.query("DROP SCHEMA IF EXISTS kymo CASCADE");
    const shipping = await shipHere(directory, server.url, { keep: 0 });
    assertEquals([await shipping.ended, shipping.told()], [0, ""]);
    assertOnce(new Map([["writer", writer.acknowledged]]));
    assertEquals(readdirSync(directory).filter((name) => name.endsWith(".csv")), []);
  });
});

describe("two shippers of one directory to PostgreSQL", { skip: cannotServePostgres() }, () => {
  it("ship each row once, though somebody has removed the lock", async () => {
    await using server = await PostgresServer.start();
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    mkdirSync(directory);
    const { id } = await parseTarget(server.url, { schemes: SCHEMES, resolve: (path) => path });
    const one = await shipHere(directory, server.url, { follow: true });
    await until(() => one.status()?.state === "idle");
    rmSync(join(directory, ".ship", id, "lock"));
    const other = await shipHere(directory, server.url, { follow: true });
    for (let i = 1; i <= 100; i++) {
      publish(directory, nameOf(i), uniqueRows(100));
      await sleep(3);
    }
    await until(() => [one, other].every((shipping) => shipping.status()?.files === 100));
    for (const shipping of [one, other]) shipping.stop();
    assertEquals([await one.ended, await other.ended], [0, 0]);
    const [first, second] = [one.status()!.rows, other.status()!.rows];
    assertEquals(first.shipped + second.shipped, 10_000);
    assertEquals([first.read, second.read, first.pending, second.pending], [10_000, 10_000, 0, 0]);
    assertEquals(rowsInPostgres(server), rowsInFiles(directory));
  });
});
