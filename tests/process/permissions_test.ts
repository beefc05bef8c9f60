import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { mkdirSync, readdirSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { MonitorStatus } from "../../mod.ts";
import { quote } from "../../src/errors.ts";
import { scratchDirectory } from "../support/scratch_directory.ts";
import { readRows } from "../support/process/recorded_rows.ts";
import { commandOf, type Ended, spawnCommand, type Spawned } from "../support/process/run.ts";

/** What `fixtures/permissions_record.ts` says. */
interface Recording {
  readonly thrown?: { readonly name: string; readonly message: string };
  readonly running: MonitorStatus;
  readonly stopped: MonitorStatus;
  readonly lastError?: string;
}

const fixture = fileURLToPath(new URL("./fixtures/permissions_record.ts", import.meta.url));

/** Read and write of a directory: all that recording needs. */
function minimal(directory: string): string[] {
  return [`--allow-read=${directory}`, `--allow-write=${directory}`];
}

/**
 * The line for a shell that runs a program of Deno with some permissions. A shell, since Deno adds all permissions to a command that has
 * none and starts Deno itself.
 */
function shellLine(file: string, args: readonly string[], permissions: readonly string[]): string {
  const words = commandOf("deno", file, args, permissions).map((word) => `'${word}'`);
  return `exec ${words.join(" ")}`;
}

/** Records on Deno with some permissions, where no one can be asked for more. */
async function record(
  permissions: readonly string[],
  directory: string,
  { layout = "segments", ...options }: { readonly layout?: string; readonly cwd?: string } = {},
): Promise<Recording> {
  const line = shellLine(fixture, [directory, layout], ["--no-prompt", ...permissions]);
  const { code, stdout, stderr } = await spawnCommand(["sh", "-c", line], options).ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return JSON.parse(stdout);
}

/** Names in a directory that begin with a dot: of what is not published. */
function hiddenNames(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith("."));
}

/** Runs a program of Deno in a terminal, where it could ask for permissions, but where nobody answers. */
function inTerminal(file: string, args: readonly string[], permissions: readonly string[]): Spawned {
  const line = shellLine(file, args, permissions);
  return spawnCommand(["script", "--quiet", "--return", "--command", line, "/dev/null"]);
}

describe("with read and write of the directory and no other permission", () => {
  for (const layout of ["segments", "append"]) {
    it(`all is recorded in layout ${layout} but what needs more, and status says what that is`, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring"); // not there yet
      const { thrown, running, stopped, lastError } = await record(minimal(directory), directory, { layout });
      assertEquals(thrown, undefined);
      assertEquals({ running: running.running, clock: running.clock }, { running: true, clock: "performance.now" });
      const { capabilities } = running;
      assertMatch(String(capabilities["clock.libc"]), /^needs --allow-ffi/);
      assertMatch(String(capabilities.spool), /^needs --allow-ffi/);
      assertEquals({ durability: running.durability, recovered: running.recovered }, {
        durability: "memory",
        recovered: 0,
      });
      assertMatch(String(capabilities.profiler), /^needs --allow-sys/);
      const { locks, gc, heap, resources } = capabilities;
      assertEquals({ locks, gc, heap, resources }, { locks: true, gc: true, heap: true, resources: true });
      assertStringIncludes(lastError!, "needs --allow-sys");
      assertEquals({ errors: stopped.errors, dropped: stopped.dropped }, { errors: 1, dropped: 0 });
      assertEquals(readRows(directory, "duration"), 100);
      assertEquals(readRows(directory, "runtime"), stopped.channels["runtime"]?.flushed);
      assert(readRows(directory, "runtime") > 0);
      assertEquals(hiddenNames(directory), []);
    });

    for (
      const [name, flags] of Object.entries({ "nothing more": [], "nothing more than libraries": ["--allow-ffi"] })
    ) {
      it(`${name} is asked for in layout ${layout}, even where somebody could be asked`, async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        const permissions = [...minimal(directory), ...flags];
        const { code, stdout } = await inTerminal(fixture, [directory, layout], permissions).ended;
        assertEquals(code, 0);
        // It says one line, and nothing before or after it.
        const { stopped }: Recording = JSON.parse(stdout);
        assertEquals(stopped.channels["duration"]?.flushed, 100);
      });
    }
  }

  it("a program that needs more would ask, in the same terminal", async () => {
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

describe("without a permission it needs, start says which", () => {
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
    it(name, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const { thrown, running } = await record(permissions(directory), directory);
      assertEquals(thrown, {
        name: "KymoError",
        message: `Cannot create the monitoring directory: ${quote(directory)}: ${missing(directory)}`,
      });
      assertEquals({ running: running.running, recorded: running.recorded }, { running: false, recorded: 0 });
    });
  }

  it("none at all, even where somebody could be asked", async () => {
    using scratch = scratchDirectory();
    const { code, stdout } = await inTerminal(fixture, [scratch.at("monitoring")], []).ended;
    assertEquals(code, 0);
    const { thrown }: Recording = JSON.parse(stdout);
    assertEquals(thrown?.name, "KymoError");
  });
});

describe("a relative directory", () => {
  it("is made absolute where the working directory may be known", async () => {
    using scratch = scratchDirectory();
    const { thrown, running } = await record(minimal("."), "monitoring", { cwd: scratch.path });
    assertEquals(thrown, undefined);
    assertEquals(running.monitoringDir, `${realpathSync(scratch.path)}/monitoring`);
    assertEquals(readRows(scratch.at("monitoring"), "duration"), 100);
  });

  it("stays relative where it may not", async () => {
    using scratch = scratchDirectory();
    const { thrown, running } = await record(minimal("monitoring"), "monitoring", { cwd: scratch.path });
    assertEquals({ thrown, monitoringDir: running.monitoringDir }, { thrown: undefined, monitoringDir: "monitoring" });
    assertEquals(readRows(scratch.at("monitoring"), "duration"), 100);
  });

  it("is asked for as it was given where nothing may be known", async () => {
    using scratch = scratchDirectory();
    mkdirSync(scratch.at("monitoring"));
    const { thrown } = await record([], "monitoring", { cwd: scratch.path });
    assertEquals(
      thrown?.message,
      'Cannot create the monitoring directory: "monitoring": needs --allow-read=monitoring and --allow-write=monitoring',
    );
  });
});

describe("the clock of the C library", () => {
  it("is used where libraries may be called", async () => {
    using scratch = scratchDirectory();
    const { running } = await record([...minimal(scratch.path), "--allow-ffi"], scratch.path);
    assertEquals(running.clock, "clock_gettime");
    assertEquals(running.capabilities["clock.libc"], true);
  });

  it("is used once the permission that status asks for is given", async () => {
    using scratch = scratchDirectory();
    const without = await record(minimal(scratch.path), scratch.path);
    const flag = /--allow-ffi\S*/.exec(String(without.running.capabilities["clock.libc"]))?.[0] ?? "";
    const { running } = await record([...minimal(scratch.path), flag], scratch.path);
    assertEquals(running.clock, "clock_gettime", `${flag}: ${running.capabilities["clock.libc"]}`);
  });
});

describe("spools", () => {
  for (const layout of ["segments", "append"]) {
    it(`are used in layout ${layout} where libraries may be called`, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const { running, stopped } = await record([...minimal(directory), "--allow-ffi"], directory, { layout });
      assertEquals({ spool: running.capabilities.spool, durability: running.durability }, {
        spool: true,
        durability: "spool",
      });
      assertEquals({ dropped: stopped.dropped, buffered: stopped.buffered }, { dropped: 0, buffered: 0 });
      assertEquals(readRows(directory, "duration"), 100);
      assertEquals(hiddenNames(directory), []);
    });
  }

  it("are used once the permission that status asks for is given", async () => {
    using scratch = scratchDirectory();
    const without = await record(minimal(scratch.path), scratch.path);
    const flag = /--allow-ffi\S*/.exec(String(without.running.capabilities.spool))?.[0] ?? "";
    const { running } = await record([...minimal(scratch.path), flag], scratch.path);
    assertEquals(running.durability, "spool", `${flag}: ${running.capabilities.spool}`);
  });

  it("are read and published by a program that may call no library", async () => {
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

describe("the profiler", () => {
  it("is there once the permission that status asks for is given", async () => {
    using scratch = scratchDirectory();
    const without = await record(minimal(scratch.path), scratch.path);
    const flag = /--allow-sys\S*/.exec(String(without.running.capabilities.profiler))?.[0] ?? "";
    const { running, stopped, lastError } = await record([...minimal(scratch.path), flag], scratch.path);
    assertEquals(running.capabilities.profiler, true);
    assertEquals({ errors: stopped.errors, lastError }, { errors: 0, lastError: undefined });
  });
});
