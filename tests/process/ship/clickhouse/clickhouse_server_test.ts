import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { mkdirSync, renameSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { cannotMount, SmallDisk } from "../../../support/disks/small_disk.ts";
import { readTrace, underStrace } from "../../../support/faults/strace.ts";
import { sampled, shortOrFull } from "../../../support/faults/suite_size.ts";
import { spawnCommand } from "../../../support/process/run.ts";
import { cannotTrace } from "../../../support/process/system_tools.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import {
  cannotServeClickHouse,
  CLICKHOUSE_VERSIONS,
  ClickHouseServer,
} from "../../../support/stores/clickhouse_server.ts";
import { type Fault as ConnectionFault, FaultyProxy } from "../../../support/stores/faulty_proxy.ts";
import { HttpProxy, type ProxiedAnswer, type ProxiedRequest } from "../../../support/stores/http_proxy.ts";
import { asStoredIn, rowsInClickHouse, rowsInFiles } from "../../../support/stores/shipped_rows.ts";
import { SCHEMES } from "../../../../src/ship/targets/connect_target.ts";
import { parseTarget } from "../../../../src/ship/targets/target_address.ts";
import { nameOf, publish, uniqueRows } from "../../../support/stores/published_by_hand.ts";
import { shipCommand, startShipping, targetOf, until } from "../../../support/stores/shipping_commands.ts";
import { shipHere } from "../../../support/stores/shipping_here.ts";

/** What happens to a server, how it is mended, and what a shipper says of it meanwhile. */
interface Trouble {
  readonly what: string;
  readonly begin: () => void | Promise<unknown>;
  readonly end?: () => void | Promise<unknown>;
  readonly state: "waiting" | "blocked";
  readonly says: string;
  /** Whether the gate has time for it. */
  readonly isShort?: boolean;
}

/** ms after which an answer never comes. */
const PATIENCE = 1_000;

/** Files that are published at once. */
const FILES = 40;

const cannotFill = cannotMount("tmpfs");

/** The gate leaves out what takes long. */
const isEverything = CLICKHOUSE_VERSIONS.length > 1;

/** Declares a test that the gate has no time for. */
const itIfEverything = isEverything ? it : (): void => {};

for (const version of CLICKHOUSE_VERSIONS) {
  describe(`a shipper whose ClickHouse ${version} is in trouble`, { skip: cannotServeClickHouse(version) }, () => {
    let disk: SmallDisk | undefined;
    const scratch = scratchDirectory();
    let server: ClickHouseServer;
    let proxy: HttpProxy;
    let store: string;
    before(async () => {
      if (cannotFill === false) disk = await makeDisk(scratch.at("server"));
      server = await ClickHouseServer.start(version, disk === undefined ? {} : { disk });
      proxy = await HttpProxy.start(server.port);
      store = `clickhouse://127.0.0.1:${proxy.port}`;
    });
    after(async () => {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await disk?.[Symbol.asyncDispose]();
      scratch[Symbol.dispose]();
    });

    async function makeTables(): Promise<void> {
      proxy.reset();
      await server.query("DROP DATABASE IF EXISTS kymo");
      await using target = await targetOf(store);
      await target.init();
    }

    async function assertThere(rows: readonly string[]): Promise<void> {
      assertEquals(asStoredIn(version, await rowsInClickHouse(server)), asStoredIn(version, rows));
    }

    const troubles: readonly Trouble[] = [
      {
        what: "it is killed in the middle of an insertion, and started again later",
        begin: () =>
          atInsertion(proxy, async (forward) => {
            void forward().catch(() => {});
            await server.kill();
            return undefined;
          }),
        end: () => server.startAgain(),
        state: "waiting",
        says: "Cannot ship to clickhouse://",
        isShort: true,
      },
      {
        what: "its table is missing",
        begin: () => server.query("RENAME TABLE kymo.observation TO kymo.gone"),
        end: () => server.query("RENAME TABLE kymo.gone TO kymo.observation"),
        state: "blocked",
        says: "observation",
      },
      ...cannotFill !== false ? [] : [{
        what: "its disk is full",
        begin: () => disk!.fill(),
        end: () => disk!.empty(),
        state: "waiting" as const,
        says: "pace", // "not enough space", "No space left"
        isShort: true,
      }],
      // Only Debian's server has users here.
      ...version !== "18.16" ? [] : [{
        what: "the password is wrong",
        begin: () => server.changeDefaultUser({ password: "another" }),
        end: () => server.changeDefaultUser(),
        state: "blocked" as const,
        says: "Password required",
      }, {
        what: "its user may only read",
        begin: () => server.changeDefaultUser({ readonly: true }),
        end: () => server.changeDefaultUser(),
        state: "blocked" as const,
        says: "readonly",
      }],
      refusing("it is read-only", "blocked", 164, "default: Cannot execute query in readonly mode. (READONLY)"),
      refusing("a replica has lost its Keeper", "waiting", 242, "Table is in readonly mode (TABLE_IS_READ_ONLY)"),
      refusing("it has too many parts", "waiting", 252, "Too many parts (300). (TOO_MANY_PARTS)"),
      {
        what: "the answer to an insertion never comes",
        begin: () =>
          atInsertion(proxy, async (forward) => {
            await forward();
            await sleep(PATIENCE + 200);
            return undefined;
          }),
        state: "waiting",
        says: "does not answer for",
        isShort: true,
      },
    ];

    function refusing(what: string, state: Trouble["state"], code: number, message: string): Trouble {
      const headers = new Headers({ "x-clickhouse-exception-code": String(code) });
      const body = Buffer.from(`Code: ${code}. DB::Exception: ${message}`);
      return {
        what,
        begin: () => atInsertion(proxy, () => Promise.resolve({ status: 500, headers, body })),
        state,
        says: message,
      };
    }

    it("says so, and ships each row once when that is over", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      mkdirSync(directory);
      await makeTables();
      let files = 0;
      const publishOne = (): void => publish(directory, nameOf(++files), uniqueRows(50));
      publishOne();
      const shipping = await shipHere(directory, store, { follow: true, patience: PATIENCE });
      const isShipped = () => until(() => shipping.status()?.files === files && shipping.status()?.state === "idle");
      await isShipped();
      for (const { what, begin, end, state, says, isShort = false } of troubles) {
        if (!isShort && !isEverything) continue;
        const told = shipping.told().length;
        await begin();
        publishOne();
        try {
          await until(() => shipping.told().slice(told).includes(says)).catch((error) => {
            throw new Error(`${what}: ${shipping.told().slice(told)}`, { cause: error });
          });
          assertStringIncludes(shipping.told().slice(told), `(${state}, nothing is lost; trying again)`, what);
        } finally {
          proxy.reset();
          await end?.();
        }
        await isShipped();
        assertStringIncludes(shipping.told().slice(told), "shipping goes on", what);
      }
      shipping.stop();
      assertEquals(await shipping.ended, 0);
      const { rows, quarantinedPieces } = shipping.status()!;
      assertEquals([rows.read, rows.pending, quarantinedPieces], [50 * files, 0, 0]);
      assertEquals(rows.shipped + rows.already, rows.read);
      await assertThere(rowsInFiles(directory));
    });

    it("ships again by itself what a restored server has lost, and nothing twice", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      mkdirSync(directory);
      await makeTables();
      publish(directory, nameOf(1), uniqueRows(50));
      const shipping = await shipHere(directory, store, { follow: true, clockRate: 10 });
      await until(() => shipping.status()?.files === 1);
      const tables = ["observation", "program", "shipped"];
      for (const table of tables) {
        await server.query(`CREATE TABLE kymo.${table}_saved AS kymo.${table}`);
        await server.query(`INSERT INTO kymo.${table}_saved SELECT * FROM kymo.${table}`);
      }
      publish(directory, nameOf(2), uniqueRows(50));
      publish(directory, nameOf(3), uniqueRows(50));
      await until(() => shipping.status()?.files === 3 && shipping.status()?.waitingFiles === 0);
      const renamed = tables.map((table) =>
        `kymo.${table} TO kymo.${table}_lost, kymo.${table}_saved TO kymo.${table}`
      );
      await server.query(`RENAME TABLE ${renamed.join(", ")}`);
      // Nothing new comes, and no connection breaks.
      await until(async () => await server.value("SELECT count() FROM kymo.observation") === "150");
      shipping.stop();
      assertEquals([await shipping.ended, shipping.status()!.rows.shipped], [0, 250]);
      await assertThere(rowsInFiles(directory));
    });

    it("ships each row once over connections that are cut after each few KiB, and late", async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      mkdirSync(directory);
      await makeTables();
      for (let i = 1; i <= FILES; i++) publish(directory, nameOf(i), uniqueRows(40));
      const step = shortOrFull(24 * 1024, 2 * 1024);
      await using cutting = await FaultyProxy.start(server.port);
      cutting.plan = (connection): ConnectionFault => ({ cutAfter: connection * step, delay: 2 });
      const url = `clickhouse://127.0.0.1:${cutting.port}`;
      const shipping = await shipHere(directory, url, { follow: true, patience: PATIENCE });
      await until(() => shipping.status()?.files === FILES);
      shipping.stop();
      assertEquals([await shipping.ended, shipping.status()!.quarantinedPieces], [0, 0]);
      assert(cutting.connections > 3, `${cutting.connections} connections`);
      await assertThere(rowsInFiles(directory));
    });

    it("ships each row once though its own disk is full", { skip: cannotFill }, async () => {
      using scratch = scratchDirectory();
      await using own = await makeDisk(scratch.at("own"));
      const directory = `${own.seen}/monitoring`;
      mkdirSync(directory);
      await makeTables();
      publish(directory, nameOf(1), uniqueRows(50));
      const shipping = await shipHere(directory, store, { follow: true, patience: PATIENCE });
      await until(() => shipping.status()?.files === 1);
      const rows = Array.from({ length: FILES }, () => uniqueRows(50));
      proxy.reset();
      // All of them at once: their entry in the journal takes more than what is left of its last block.
      mkdirSync(`${own.seen}/new`);
      for (const [i, text] of rows.entries()) publish(`${own.seen}/new`, nameOf(2 + i), text);
      own.fill();
      for (let i = 0; i < FILES; i++) renameSync(`${own.seen}/new/${nameOf(2 + i)}`, `${directory}/${nameOf(2 + i)}`);
      await until(() => shipping.told().includes("ENOSPC") || shipping.told().includes("space left"));
      assertStringIncludes(shipping.told(), "(blocked, nothing is lost; trying again)");
      await sleep(100);
      own.empty();
      await until(() => shipping.status()?.files === 1 + FILES);
      shipping.stop();
      assertEquals([await shipping.ended, shipping.status()!.quarantinedPieces], [0, 0]);
      await assertThere(rowsInFiles(directory));
    });

    itIfEverything("ships each row once though its journal cannot be written", { skip: cannotTrace() }, async () => {
      using scratch = scratchDirectory();
      const [directory, log] = [scratch.at("monitoring"), scratch.at("trace")];
      mkdirSync(directory);
      await makeTables();
      const { id } = await parseTarget(store, { schemes: SCHEMES, resolve: (path) => path });
      const journal = `${directory}/.ship/${id}/journal`;
      const poison = version !== "18.16";
      if (poison) await server.query("ALTER TABLE kymo.observation ADD CONSTRAINT clean CHECK label != 'poison'");
      let files = 0;
      const follow = (inject: readonly string[]) => {
        const wrapper = underStrace({ directory: `${directory}/none`, log, inject, files: 0, also: [journal] });
        return spawnCommand([...wrapper, ...shipCommand(directory, "--to", store, "--follow", "--json")]);
      };
      const isThere = () =>
        until(async () => await server.value("SELECT count() FROM kymo.observation") === String(10 * files));
      const run = async (inject: readonly string[]): Promise<void> => {
        publish(directory, nameOf(++files), uniqueRows(10));
        if (poison) publish(directory, nameOf(files, "90150000"), uniqueRows(1, "poison"));
        const shipper = follow(inject);
        await isThere().finally(() => shipper.kill("SIGTERM"));
        assertEquals((await shipper.ended).signal, null);
      };
      await run([]);
      const calls = readTrace(log).filter(({ name }) => /write|trunc|sync/.test(name));
      assert(calls.length >= 6);
      const faults = calls.map(({ name }, i) =>
        `${name}:error=ENOSPC:when=${calls.slice(0, i + 1).filter((one) => one.name === name).length}`
      );
      for (const fault of sampled(faults, 2)) await run([fault]);
      assertEquals((await startShipping(directory, "--to", store).ended).stderr, "");
      await assertThere(rowsInFiles(directory).filter((row) => !row.includes("poison")));
    });

    itIfEverything(
      "hands over to another shipper in standby when it is killed, and each row is there once",
      async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        mkdirSync(directory);
        await makeTables();
        for (let i = 1; i <= 3; i++) publish(directory, nameOf(i), uniqueRows(50));
        let meet = (): void => {};
        const isBegun = new Promise<void>((resolve) => meet = resolve);
        const first = startShipping(directory, "--to", store, "--follow");
        let isKilled = false;
        proxy.fault = async (request, forward) => {
          if (isKilled || !isInsertion(request)) return await forward();
          isKilled = true;
          meet();
          await forward();
          await until(() => isWaiting);
          first.kill("SIGKILL");
          return undefined;
        };
        let isWaiting = false;
        await isBegun;
        assertEquals((await startShipping(directory, "--to", store).ended).code, 3);
        const second = startShipping(directory, "--to", store, "--standby");
        await sleep(300);
        isWaiting = true;
        assertEquals([(await first.ended).signal, (await second.ended).code], ["SIGKILL", 0]);
        await assertThere(rowsInFiles(directory));
      },
    );
  });
}

/** Does something else with the next insertion of rows than to hand it on, and with those after it. */
function atInsertion(
  proxy: HttpProxy,
  work: (forward: () => Promise<ProxiedAnswer>) => Promise<ProxiedAnswer | undefined>,
): void {
  proxy.fault = (request, forward) => isInsertion(request) ? work(forward) : forward();
}

function isInsertion({ statement }: ProxiedRequest): boolean {
  return /^INSERT INTO \S+observation/.test(statement);
}

function makeDisk(place: string): Promise<SmallDisk> {
  mkdirSync(place);
  return SmallDisk.make("tmpfs", place);
}
