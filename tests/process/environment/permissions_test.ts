import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { mkdirSync, readdirSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { MonitorStatus } from "../../../mod.ts";
import { quote } from "../../../src/errors.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { readRows } from "../../support/process/recorded_rows.ts";
import {
  commandOf,
  type Ended,
  onlyOn,
  spawnCommand,
  type Spawned,
  type SpawnOptions,
} from "../../support/process/run.ts";

/** Output of `fixtures/permissions_record.ts`. */
interface Recording {
  readonly thrown?: { readonly name: string; readonly code?: string; readonly message: string };
  readonly running: MonitorStatus;
  readonly stopped: MonitorStatus;
  readonly lastError?: string;
}

const fixture = fileURLToPath(new URL("./fixtures/permissions_record.ts", import.meta.url));

/** The permissions that recording needs: to read and write the directory. */
function minimal(directory: string): string[] {
  return [`--allow-read=${directory}`, `--allow-write=${directory}`];
}

/**
 * A shell command that runs a program on Deno with some permissions. Without a shell Deno would add
 * all permissions to a command that starts Deno and has none.
 */
function shellLine(file: string, args: readonly string[], permissions: readonly string[]): string {
  const words = commandOf("deno", file, args, permissions).map((word) => `'${word}'`);
  return `exec ${words.join(" ")}`;
}

/** Records on Deno with some permissions and `--no-prompt`. */
async function record(
  permissions: readonly string[],
  directory: string,
  { layout = "segments", ...options }: Pick<SpawnOptions, "cwd" | "env"> & { readonly layout?: string } = {},
): Promise<Recording> {
  const line = shellLine(fixture, [directory, layout], ["--no-prompt", ...permissions]);
  const { code, stdout, stderr } = await spawnCommand(["sh", "-c", line], options).ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return JSON.parse(stdout);
}

/** Names in a directory that begin with a dot: unpublished files. */
function hiddenNames(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith("."));
}

/**
 * Runs a program on Deno in a terminal, where it could prompt for permissions, but nobody answers.
 */
function inTerminal(
  file: string,
  args: readonly string[],
  permissions: readonly string[],
  options: Pick<SpawnOptions, "cwd" | "env"> = {},
): Spawned {
  const line = shellLine(file, args, permissions);
  return spawnCommand(["script", "--quiet", "--return", "--command", line, "/dev/null"], options);
}

describe("recording with permission to read and write the directory only", () => {
  for (const layout of ["segments", "append"]) {
    it(`records in layout ${layout}, and status names the missing permissions`, { skip: onlyOn("deno") }, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring"); // does not exist yet
      const { thrown, running, stopped, lastError } = await record(minimal(directory), directory, { layout });
      assertEquals(thrown, undefined);
      assertEquals({ running: running.running, clock: running.clock }, { running: true, clock: "performance.now" });
      const { capabilities } = running;
      assertMatch(String(capabilities["clock.libc"]?.reason), /^needs --allow-ffi/);
      assertMatch(String(capabilities.spool?.reason), /^needs --allow-ffi/);
      assertEquals({ durability: running.durability, recovered: running.recovered }, {
        durability: "memory",
        recovered: 0,
      });
      assertMatch(String(capabilities.profiler?.reason), /^needs --allow-sys/);
      assertMatch(String(capabilities.freeSpace?.reason), /^needs --allow-sys=statfs/);
      assertMatch(String(capabilities["rss.peak"]?.reason), /^needs --allow-all/);
      const { locks, gc, heap, resources } = capabilities;
      assertEquals({ locks, gc, heap, resources }, {
        locks: { available: true },
        gc: { available: true },
        heap: { available: true },
        resources: { available: true },
      });
      assertStringIncludes(lastError!, "needs --allow-sys");
      assertEquals({ errors: stopped.errors, dropped: stopped.dropped }, { errors: 1, dropped: 0 });
      assertEquals(readRows(directory, "duration"), 100);
      assertEquals(readRows(directory, "runtime"), stopped.channels["runtime"]?.flushed);
      assert(readRows(directory, "runtime") > 0);
      assertEquals(hiddenNames(directory), []);
    });

    for (
      const [name, flags] of Object.entries({ "without": [], "with": ["--allow-ffi"] })
    ) {
      it(
        `never prompts in layout ${layout}, even in a terminal, ${name} --allow-ffi`,
        { skip: onlyOn("deno") },
        async () => {
          using scratch = scratchDirectory();
          const directory = scratch.at("monitoring");
          const permissions = [...minimal(directory), ...flags];
          const { code, stdout } = await inTerminal(fixture, [directory, layout], permissions).ended;
          assertEquals(code, 0);
          // The output is one line of JSON, so there was no prompt.
          const { stopped }: Recording = JSON.parse(stdout);
          assertEquals(stopped.channels["duration"]?.flushed, 100);
        },
      );
    }
  }

  it("would show a prompt in that terminal, as a program does that needs more", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const asking = fileURLToPath(new URL("./fixtures/permissions_ask.ts", import.meta.url));
    const { child, ended } = inTerminal(asking, [], minimal(scratch.path));
    const said = await new Promise<string>((resolve) => {
      let text = "";
      child.stdout.on("data", (data) => {
        text += data;
        if (/Deno requests/.test(text)) resolve(text);
      });
      void ended.then(({ stdout }: Ended) => resolve(stdout));
    });
    child.kill("SIGKILL");
    await ended;
    assertStringIncludes(said, "Deno requests");
    assertNotMatch(said, /not asked/);
  });
});

describe("environment variables", () => {
  const variables = { KYMO_NAME: "orders", KYMO_DURABILITY: "wrong", KYMO_DRI: "unknown" };

  it("are not read without permission, without a prompt, even in a terminal", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("_monitoring");
    const env = { ...variables, KYMO_DIR: scratch.at("elsewhere") };
    const program = inTerminal(fixture, [""], minimal(directory), { cwd: scratch.path, env });
    const { code, stdout } = await program.ended;
    assertEquals(code, 0);
    // The output is one line of JSON, so there was no prompt.
    const { thrown, running, stopped }: Recording = JSON.parse(stdout);
    assertEquals([thrown, running.running, running.name], [undefined, true, "permissions_record.ts"]);
    assertEquals(stopped.errors, 1); // the profiler, which needs --allow-sys
    assertEquals(readRows(directory, "duration"), 100);
  });

  it("are read as far as they are granted, one by one", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("elsewhere");
    const permissions = [...minimal(directory), "--allow-env=KYMO_DIR"];
    const outcome = await record(permissions, "", { env: { ...variables, KYMO_DIR: directory } });
    assertEquals([outcome.thrown, outcome.running.name], [undefined, "permissions_record.ts"]);
    assertMatch(outcome.lastError!, /profile.*--allow-sys/);
    assertEquals(outcome.stopped.errors, 1);
    assertEquals(readRows(directory, "duration"), 100);
    const byPattern = [...minimal(directory), "--allow-env=KYMO_*,OTEL_*,HOSTNAME"];
    const { running, stopped } = await record(byPattern, directory, {
      env: { KYMO_NAME: "orders", KYMO_DRI: "unknown" },
    });
    assertEquals([running.name, stopped.errors], ["orders", 1]);
  });

  it("are all read with --allow-env, and unknown ones are told", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const permissions = [...minimal(scratch.path), "--allow-env"];
    const { thrown } = await record(permissions, scratch.path, { env: variables });
    assertMatch(thrown!.message, /^Cannot start: KYMO_DURABILITY must be .*: "wrong"$/);
    const env = { ...variables, KYMO_DURABILITY: "" };
    const { running, stopped } = await record([...permissions, "--allow-sys"], scratch.path, { env });
    assertEquals([running.name, running.errors, stopped.errors], ["orders", 1, 1]);
    assertMatch(String(running.lastError?.message), /"KYMO_DRI": there is no variable of that name; is KYMO_DIR/);
  });
});

describe("start names the missing permission", () => {
  const cases: Record<string, [permissions: (directory: string) => string[], missing: (directory: string) => string]> =
    {
      "none at all": [() => [], (directory) => `needs --allow-read=${directory} and --allow-write=${directory}`],
      "read only": [(directory) => [`--allow-read=${directory}`], (directory) => `needs --allow-write=${directory}`],
      "write only": [(directory) => [`--allow-write=${directory}`], (directory) => `needs --allow-read=${directory}`],
      "all but writing there": [
        (directory) => ["--allow-all", `--deny-write=${directory}`],
        (directory) => `needs --allow-write=${directory}`,
      ],
    };
  for (const [name, [permissions, missing]] of Object.entries(cases)) {
    it(name, { skip: onlyOn("deno") }, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const { thrown, running } = await record(permissions(directory), directory);
      assertEquals(thrown, {
        name: "KymoError",
        code: "permission-denied",
        message: `Cannot create the monitoring directory: ${quote(directory)}: ${missing(directory)}`,
      });
      assertEquals({ running: running.running, recorded: running.recorded }, { running: false, recorded: 0 });
    });
  }

  it("none at all, in a terminal", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const { code, stdout } = await inTerminal(fixture, [scratch.at("monitoring")], []).ended;
    assertEquals(code, 0);
    const { thrown }: Recording = JSON.parse(stdout);
    assertEquals([thrown?.name, thrown?.code], ["KymoError", "permission-denied"]);
  });
});

describe("relative monitoring directory", () => {
  it("is made absolute if reading the working directory is permitted", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const { thrown, running } = await record(minimal("."), "monitoring", { cwd: scratch.path });
    assertEquals(thrown, undefined);
    assertEquals(running.monitoringDir, `${realpathSync(scratch.path)}/monitoring`);
    assertEquals(readRows(scratch.at("monitoring"), "duration"), 100);
  });

  it("stays relative if that is not permitted", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const { thrown, running } = await record(minimal("monitoring"), "monitoring", { cwd: scratch.path });
    assertEquals({ thrown, monitoringDir: running.monitoringDir }, { thrown: undefined, monitoringDir: "monitoring" });
    assertEquals(readRows(scratch.at("monitoring"), "duration"), 100);
  });

  it("is named as given in the error without any permission", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    mkdirSync(scratch.at("monitoring"));
    const { thrown } = await record([], "monitoring", { cwd: scratch.path });
    assertEquals(
      thrown?.message,
      'Cannot create the monitoring directory: "monitoring": needs --allow-read=monitoring and --allow-write=monitoring',
    );
  });
});

describe("clock of the C library", () => {
  it("is used with --allow-ffi", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const { running } = await record([...minimal(scratch.path), "--allow-ffi"], scratch.path);
    assertEquals(running.clock, "clock_gettime");
    assertEquals(running.capabilities["clock.libc"], { available: true });
  });

  it("is used once the permission that status names is granted", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const without = await record(minimal(scratch.path), scratch.path);
    const flag = /--allow-ffi\S*/.exec(String(without.running.capabilities["clock.libc"]?.reason))?.[0] ?? "";
    const { running } = await record([...minimal(scratch.path), flag], scratch.path);
    assertEquals(running.clock, "clock_gettime", `${flag}: ${running.capabilities["clock.libc"]?.reason}`);
  });
});

describe("spools", () => {
  for (const layout of ["segments", "append"]) {
    it(`are used in layout ${layout} with --allow-ffi`, { skip: onlyOn("deno") }, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const { running, stopped } = await record([...minimal(directory), "--allow-ffi"], directory, { layout });
      assertEquals({ spool: running.capabilities.spool, durability: running.durability }, {
        spool: { available: true },
        durability: "spool",
      });
      assertEquals({ dropped: stopped.dropped, buffered: stopped.buffered }, { dropped: 0, buffered: 0 });
      assertEquals(readRows(directory, "duration"), 100);
      assertEquals(hiddenNames(directory), []);
    });
  }

  it("are used once the permission that status names is granted", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const without = await record(minimal(scratch.path), scratch.path);
    const flag = /--allow-ffi\S*/.exec(String(without.running.capabilities.spool?.reason))?.[0] ?? "";
    const { running } = await record([...minimal(scratch.path), flag], scratch.path);
    assertEquals(running.durability, "spool", `${flag}: ${running.capabilities.spool?.reason}`);
  });

  it("are recovered by a program without --allow-ffi", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const permissions = [...minimal(directory), "--allow-ffi"];
    const killed = await spawnCommand(["sh", "-c", shellLine(fixture, [directory, "segments", "killed"], permissions)])
      .ended;
    assertEquals(killed.signal, "SIGKILL", killed.stderr);
    assertEquals({ published: readRows(directory, "duration"), hidden: hiddenNames(directory) }, {
      published: 0,
      hidden: [".spools"],
    });
    const { stopped } = await record(minimal(directory), directory);
    assert(stopped.recovered >= 100, `${stopped.recovered} rows were recovered`);
    assertEquals(readRows(directory, "duration"), 200);
    assertEquals(hiddenNames(directory), []);
  });
});

describe("profiler", () => {
  it("is available once the permission that status names is granted", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const without = await record(minimal(scratch.path), scratch.path);
    const flag = /--allow-sys\S*/.exec(String(without.running.capabilities.profiler?.reason))?.[0] ?? "";
    const { running, stopped, lastError } = await record([...minimal(scratch.path), flag], scratch.path);
    assertEquals(running.capabilities.profiler, { available: true });
    assertEquals({ errors: stopped.errors, lastError }, { errors: 0, lastError: undefined });
  });
});
