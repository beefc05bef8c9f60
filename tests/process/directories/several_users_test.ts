import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { recover } from "../../../mod.ts";
import { asOtherUser, cannotBeOthers, NOBODY, SOMEBODY, type UserOptions } from "../../support/users/other_users.ts";
import { readNumbers } from "../../support/process/recorded_numbers.ts";
import { csvFiles } from "../../support/process/recorded_rows.ts";
import { RecorderController } from "../../support/process/recorder_controller.ts";
import { commandOf, type Ended, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const skip = cannotBeOthers();
const kymo = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** A monitoring directory with these permission bits, that belongs to these ids. */
function sharedDirectory(mode: number, user = 0, group = 0) {
  const scratch = scratchDirectory();
  const directory = scratch.at("monitoring");
  mkdirSync(directory);
  chownSync(directory, user, group);
  chmodSync(directory, mode);
  chmodSync(scratch.path, 0o755);
  const home = scratch.at("home");
  mkdirSync(home);
  return {
    directory,
    spools: join(directory, ".spools"),
    recorder: (options?: UserOptions) => new RecorderController(thisRuntime, options && asOtherUser(home, options)),
    /** Runs `kymo` as another user. */
    kymo: (...args: string[]): Promise<Ended> =>
      spawnCommand([...asOtherUser(home), ...commandOf(thisRuntime, kymo, args)], { timeLimit: 60_000 }).ended,
    [Symbol.dispose]: () => scratch[Symbol.dispose](),
  };
}

/** Starts a recorder that observes `count` numbers, and kills it. */
async function kill(recorder: RecorderController, options: object, count: number): Promise<void> {
  const { thrown } = await recorder.send("start", options);
  assertEquals(thrown, undefined);
  await recorder.send("number", count);
  recorder.kill("SIGKILL");
  await recorder.ended;
}

const modeOf = (path: string): number => statSync(path).mode & 0o7777;
const spoolNames = (directory: string): string[] => readdirSync(directory).filter((name) => name.endsWith(".spool"));

describe("a directory in which everybody may write", () => {
  it("is shared by two users, both with spools", { skip }, async () => {
    using shared = sharedDirectory(0o1777);
    const { directory: monitoringDir } = shared;
    const root = shared.recorder();
    const nobody = shared.recorder({ user: NOBODY });
    assertEquals((await root.send("start", { monitoringDir })).durability, "spool");
    assertEquals((await nobody.send("start", { monitoringDir })).durability, "spool");
    assertEquals(modeOf(shared.spools), 0o1777);
    await root.send("number", 10);
    await nobody.send("number", 20);
    const others = await nobody.send("stop");
    assertEquals({ flushed: others.flushed, dropped: others.dropped }, { flushed: 20, dropped: 0 });
    const { flushed, errors } = await root.send("stop");
    assertEquals([flushed, errors, readNumbers(monitoringDir).length], [10, 0, 30]);
    await root.end();
    await nobody.end();
  });

  it(
    "takes the spools of a killed program until its user comes, and other users record meanwhile",
    { skip },
    async () => {
      using shared = sharedDirectory(0o1777);
      const { directory: monitoringDir } = shared;
      await kill(shared.recorder(), { monitoringDir }, 10);
      const kept = spoolNames(shared.spools);

      const nobody = shared.recorder({ user: NOBODY });
      assertEquals((await nobody.send("start", { monitoringDir })).durability, "spool");
      await nobody.send("number", 5);
      const { flushed, recovered, errors, lastError } = await nobody.send("stop");
      assertEquals([flushed, recovered, errors], [5, 0, 1]);
      assertEquals(lastError, `Cannot recover the spools of other users: "${shared.spools}": permission denied`);
      await nobody.end();
      assertEquals(spoolNames(shared.spools), kept);

      const told = await shared.kymo("recover", monitoringDir);
      assertEquals([told.code, told.stderr], [1, `${lastError}\n`]);
      assertMatch(told.stdout, /^Recovered nothing; \d spools of other users are left to them\.\n$/);
      const { code, stderr } = await shared.kymo("summary", monitoringDir);
      assertEquals(code, 1);
      for (const name of kept) assertMatch(stderr, new RegExp(`Cannot read: .*${name}: permission denied`));
      assertMatch(stderr, /Ignored the program record: .*program\..*\.json: permission denied/);

      assertEquals((await recover(monitoringDir)).rows, 10);
      assertEquals(readNumbers(monitoringDir).length, 15);
    },
  );

  it("has each row once where another user may recover spools, but not remove them", { skip }, async () => {
    using shared = sharedDirectory(0o1777);
    const { directory: monitoringDir } = shared;
    await kill(shared.recorder(), { monitoringDir, fileMode: 0o666 }, 10);
    const kept = spoolNames(shared.spools);
    const nobody = shared.recorder({ user: NOBODY });
    for (const rows of [10, 0]) {
      await nobody.send("start", { monitoringDir });
      const { recovered, lastError } = await nobody.send("stop");
      assertEquals(recovered, rows);
      // Its program record may not be replaced either.
      assertMatch(lastError!, /^Cannot write the end of a program: ".*\/monitoring": /);
      assertEquals([spoolNames(shared.spools), readNumbers(monitoringDir).length], [kept, 10]);
    }
    await nobody.end();
    for (const name of csvFiles(monitoringDir, "custom")) assertEquals(modeOf(join(monitoringDir, name)), 0o666);

    const { rows, failures } = await recover(monitoringDir);
    assertEquals([rows, failures, readNumbers(monitoringDir).length], [0, [], 10]);
    assertEquals(readdirSync(monitoringDir).filter((name) => name.startsWith(".")), []);
  });

  it("gets separate files from a user who may not append to those of another", { skip }, async () => {
    using shared = sharedDirectory(0o1777);
    const options = { monitoringDir: shared.directory, layout: "append", flushInterval: 0 };
    const root = shared.recorder();
    await root.send("start", options);
    await root.send("number", 10);
    await root.send("stop");
    await root.end();
    const nobody = shared.recorder({ user: NOBODY });
    await nobody.send("start", options);
    for (let i = 0; i < 3; i++) {
      await nobody.send("number", 5);
      await nobody.send("flush");
    }
    const { flushed, dropped, errors, lastError, capabilities } = await nobody.send("stop");
    const file = join(shared.directory, "custom.csv");
    assertEquals({ flushed, dropped, errors }, { flushed: 15, dropped: 0, errors: 1 });
    assertEquals(lastError, `Cannot append, so separate files are written: "${file}": permission denied`);
    assertEquals(capabilities.append, { available: false, reason: `"${file}": permission denied` });
    assertEquals([csvFiles(shared.directory, "custom").length, readNumbers(shared.directory).length], [4, 25]);
    await nobody.end();
  });
});

describe("a directory of one user", () => {
  it(
    "lets its user make spools beside those of root, who came first, and gets back what root recovers",
    { skip },
    async () => {
      using shared = sharedDirectory(0o755, NOBODY, NOBODY);
      const { directory: monitoringDir } = shared;
      const root = shared.recorder();
      await root.send("start", { monitoringDir });
      const { uid, gid } = statSync(shared.spools);
      assertEquals([uid, gid, modeOf(shared.spools)], [NOBODY, NOBODY, 0o755]);
      await kill(shared.recorder({ user: NOBODY }), { monitoringDir }, 10);
      await root.send("stop");
      await root.send("start", { monitoringDir }); // recovers
      const { recovered, errors } = await root.send("stop");
      assertEquals([recovered, errors, readNumbers(monitoringDir).length], [10, 0, 10]);
      for (const name of readdirSync(monitoringDir).filter((name) => name.startsWith("custom."))) {
        assertEquals([statSync(join(monitoringDir, name)).uid, modeOf(join(monitoringDir, name))], [NOBODY, 0o600]);
      }
      await root.end();
    },
  );

  it("is closed to another: start throws, and names the reason", { skip }, async () => {
    using shared = sharedDirectory(0o755);
    for (const hasSpools of [false, true]) {
      if (hasSpools) mkdirSync(shared.spools);
      const nobody = shared.recorder({ user: NOBODY });
      const { thrown } = await nobody.send("start", { monitoringDir: shared.directory });
      assertEquals(thrown?.code, "permission-denied");
      assertMatch(thrown!.message, /^Cannot (?:create|write to) the monitoring directory: ".*": permission denied$/);
      await nobody.end();
    }
  });

  it("shows who may read but not write there the latest answers of the programs, and says so", { skip }, async () => {
    using shared = sharedDirectory(0o755);
    const { directory: monitoringDir } = shared;
    const root = shared.recorder();
    await root.send("start", { monitoringDir, fileMode: 0o644, name: "orders" });
    await root.send("number", 10);
    const { code, stdout, stderr } = await shared.kymo("ps", monitoringDir);
    assertEquals([code, /orders .* \?/.test(stdout)], [1, true]);
    assertMatch(stderr, /: permission denied: the programs were not asked\n$/);
    const asked = spawnCommand(commandOf(thisRuntime, kymo, ["ps", monitoringDir])).ended;
    assertEquals((await asked).code, 0);
    const { code: later, stdout: seen } = await shared.kymo("ps", monitoringDir, "--json");
    const [program] = JSON.parse(seen).programs;
    assertEquals([later, program.name, program.recording.on, program.counts.recorded], [1, "orders", true, 10]);
    chmodSync(monitoringDir, 0o700);
    const closed = await shared.kymo("ps", monitoringDir);
    assertEquals([closed.code, closed.stdout], [1, ""]);
    assertMatch(closed.stderr, /^Cannot list the programs: ".*": permission denied\n$/);
    await root.send("stop");
    await root.end();
  });

  it("whose spools are closed gets the rows of others from heap memory, and they say so once", { skip }, async () => {
    using shared = sharedDirectory(0o1777);
    mkdirSync(shared.spools, { mode: 0o755 });
    const nobody = shared.recorder({ user: NOBODY });
    const started = await nobody.send("start", { monitoringDir: shared.directory });
    const reason = `"${shared.spools}": permission denied`;
    assertEquals([started.thrown, started.durability, started.running], [undefined, "memory", true]);
    assertEquals(started.capabilities.spool, { available: false, reason });
    await nobody.send("number", 50_000);
    const { flushed, errors, lastError } = await nobody.send("stop");
    assertEquals([flushed, errors], [50_000, 1]);
    assertEquals(lastError, `Cannot make a spool, so observations may be in memory only: ${reason}`);
    assertEquals(readNumbers(shared.directory).length, 50_000);
    await nobody.end();
  });

  it("keeps rows while its user may not write to it, and gets them afterwards", { skip }, async () => {
    using shared = sharedDirectory(0o755, NOBODY, NOBODY);
    const nobody = shared.recorder({ user: NOBODY });
    await nobody.send("start", { monitoringDir: shared.directory, flushInterval: 50 });
    await nobody.send("number", 10);
    chmodSync(shared.directory, 0o555);
    await nobody.send("number", 10);
    const refused = await nobody.send("flush");
    assert(refused.buffered > 0 && refused.dropped === 0);
    assertMatch(refused.lastError!, /^Cannot write the observations, .*: permission denied$/);
    chmodSync(shared.directory, 0o755);
    const { flushed, buffered, dropped } = await nobody.send("stop");
    assertEquals({ flushed, buffered, dropped }, { flushed: 20, buffered: 0, dropped: 0 });
    assertEquals(readNumbers(shared.directory).length, 20);
    await nobody.end();
  });
});

describe("a directory of a group", () => {
  it("lets each member recover what another left, with files that all members may read", { skip }, async () => {
    const group = 64_242;
    using shared = sharedDirectory(0o2770, 0, group);
    const options = { monitoringDir: shared.directory, fileMode: 0o660 };
    await kill(shared.recorder({ user: NOBODY, group }), options, 10);
    const other = shared.recorder({ user: SOMEBODY, group });
    await other.send("start", options);
    await other.send("number", 5);
    const { recovered, flushed, errors } = await other.send("stop");
    assertEquals([recovered, flushed, errors], [10, 5, 0]);
    await other.end();
    const names = readdirSync(shared.directory);
    assertEquals(names.filter((name) => name.startsWith(".")), []);
    for (const name of names) {
      const path = join(shared.directory, name);
      assertEquals([name, statSync(path).gid, modeOf(path)], [name, group, 0o660]);
    }
    assertEquals(readNumbers(shared.directory).length, 15);
  });
});
