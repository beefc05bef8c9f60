import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { forEachConcurrently } from "../../support/faults/concurrency.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { atCallOfThread, readTrace, underStrace } from "../../support/faults/strace.ts";
import { sampled } from "../../support/faults/suite_size.ts";
import { type Ended, spawnCommand } from "../../support/process/run.ts";
import { cannotTrace } from "../../support/process/system_tools.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { type Fault, FaultyProxy } from "../../support/stores/faulty_proxy.ts";
import { SCHEMES } from "../../../src/ship/targets/connect_target.ts";
import { parseTarget } from "../../../src/ship/targets/target_address.ts";
import { cannotServePostgres, PostgresServer } from "../../support/stores/postgres_server.ts";
import { rowsInFiles, rowsInPostgres } from "../../support/stores/shipped_rows.ts";
import { record, ROWS_EACH, shipCommand } from "./shipping_commands.ts";
import { shipHere } from "./shipping_here.ts";

/** Kills of each kind and layout in the short form. */
const SAMPLE = 2;

/** Cases that run at once; each has a schema of its own. */
const WIDTH = 2;

const ROWS = 10 * ROWS_EACH;

/** How a shipper is run that may be killed: the command, around the one that ships, and what a connection meets. */
interface Run {
  readonly wrap?: (directory: string, log: string, target: string, command: readonly string[]) => string[];
  readonly fault?: (kill: () => void) => Fault;
}

describe("a shipper to PostgreSQL that is killed", { skip: cannotServePostgres() || cannotTrace() }, () => {
  let server: PostgresServer;
  let cases = 0;
  before(async () => void (server = await PostgresServer.start()));
  after(async () => await server[Symbol.asyncDispose]());

  /** Records, ships, perhaps killed, and ships the rest. Each row must be in the store and in one file. */
  async function shipTwice(layout: string, { wrap, fault }: Run) {
    using scratch = scratchDirectory();
    const [directory, archive, log] = [scratch.at("monitoring"), scratch.at("archive"), scratch.at("trace")];
    await record(directory, { layout }, 10);
    mkdirSync(archive);
    const schema = `case${++cases}`;
    await using proxy = await FaultyProxy.start(server.port);
    const url = `postgres://kymo@127.0.0.1:${proxy.port}/postgres?schema=${schema}`;
    const { id } = await parseTarget(url, { schemes: SCHEMES, resolve: (path) => path });
    const command = shipCommand(directory, "--to", url, "--keep", "0s", "--archive", archive);
    const shipper = spawnCommand(wrap?.(directory, log, `.ship/${id}`, command) ?? command);
    if (fault !== undefined) proxy.plan = () => fault(() => shipper.kill("SIGKILL"));
    const first: Ended = await shipper.ended;
    const { messages } = proxy;
    proxy.plan = () => ({});
    const next = await shipHere(directory, url, { keep: 0 });
    assertEquals([await next.ended, next.told()], [0, ""]);
    const { read, shipped, already, quarantined, pending } = next.status()!.rows;
    assertEquals([read, quarantined, pending], [shipped + already, 0, 0]);
    const there = rowsInPostgres(server, schema);
    assertEquals([there.length, new Set(there).size], [ROWS, ROWS]);
    // Killed between the link and the unlink, it leaves a file in both; the next one lets go what is left.
    assertEquals(readdirSync(directory).filter((name) => name.endsWith(".csv")), []);
    const archived = rowsInFiles(archive);
    assert(archived.every((row) => there.includes(row)));
    return { first, messages, calls: wrap === undefined ? [] : readTrace(log) };
  }

  for (const layout of ["segments", "append"]) {
    it(`at a system call on files leaves each row once, layout ${layout}`, async () => {
      const traced = (inject: readonly string[]): Run => ({
        wrap: (directory, log, target, command) => {
          rmSync(log, { force: true });
          const names = readdirSync(directory, { recursive: true }).map(String);
          const made = ["", "/lock", "/status.json", "/quarantine"].map((name) => `${target}${name}`);
          const rotated = names.filter((name) => /^\w+\.csv$/.test(name))
            .map((name) => name.replace(/csv$/, `${Math.floor(statSync(join(directory, name)).mtimeMs)}.csv`));
          const also = [...names, ...rotated, ".ship", ".ship/source", ...made].map((name) => join(directory, name));
          return [...underStrace({ directory, log, inject, files: 0, also }), ...command];
        },
      });
      const { calls, first } = await shipTwice(layout, traced([]));
      assertEquals([first.code, first.stderr], [0, ""]);
      const numbers = calls.map((_, i) => i + 1);
      const kills = sampled(numbers, SAMPLE, (n) => calls[n - 1]!.name);
      let killed = 0;
      await forEachConcurrently(kills, WIDTH, async (n) => {
        try {
          const run = await shipTwice(layout, traced(atCallOfThread(calls, n, "signal=KILL")));
          if (run.first.signal === "SIGKILL") killed++;
        } catch (error) {
          throw new Error(`killed at call ${n} of ${calls.length}: ${calls[n - 1]!.line}`, { cause: error });
        }
      });
      assert(killed > 0);
      recordFigure(19, `${layout}: ${killed} shippers killed at a system call; 0 lost, 0 duplicates`);
    });

    it(`at a step of the protocol leaves each row once, layout ${layout}`, async () => {
      const { messages } = await shipTwice(layout, {});
      assert(messages > 10);
      const steps = Array.from({ length: messages }, (_, i) => i + 1)
        .flatMap((number) => (["before", "after"] as const).map((when) => ({ number, when })));
      let killed = 0;
      await forEachConcurrently(sampled(steps, SAMPLE, ({ when }) => when), WIDTH, async ({ number, when }) => {
        try {
          const fault = (meet: () => void): Fault => ({ atMessage: { number, when, meet } });
          const { first } = await shipTwice(layout, { fault });
          if (first.signal === "SIGKILL") killed++;
        } catch (error) {
          throw new Error(`killed ${when} message ${number} of ${messages}`, { cause: error });
        }
      });
      assert(killed > 0);
      recordFigure(19, `${layout}: ${killed} shippers killed at a step of the protocol; 0 lost, 0 duplicates`);
    });
  }
});
