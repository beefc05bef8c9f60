import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { commandOf, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { missing } from "../../support/process/system_tools.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const CSV = "Timepoint,Measurement,Label,PID\r\n1795000000000000000,0.5,x,1\r\n";
const PROFILE = JSON.stringify({
  nodes: [
    {
      id: 1,
      callFrame: { functionName: "(root)", scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 },
      children: [2],
    },
    { id: 2, callFrame: { functionName: "work", scriptId: "0", url: "a.ts", lineNumber: 0, columnNumber: 0 } },
  ],
  startTime: 0,
  endTime: 1_000,
  samples: [2],
  timeDeltas: [1_000],
});

/** The commands that take recordings, each with the arguments that go with such a source. */
const COMMANDS: readonly ((source: string) => readonly string[])[] = [
  (source) => ["summary", source],
  (source) => ["compare", source, source],
  (source) => ["report", source, "--output", "report.html"],
  (source) => ["export", source, "--output", "rows.parquet", "--force"],
];

/** Runs `kymo` in a directory, and kills it after half a minute. */
async function kymo(cwd: string, args: readonly string[]) {
  return await spawnCommand(commandOf(thisRuntime, entry, args), { cwd, timeLimit: 30_000 }).ended;
}

/** A directory in which only some names are files. */
function pipes() {
  const scratch = scratchDirectory();
  mkdirSync(scratch.at("recorded"));
  writeFileSync(scratch.at("recorded/duration.csv"), CSV);
  writeFileSync(scratch.at("stored"), CSV.replace("x,1", "x,2"));
  symlinkSync("../stored", scratch.at("recorded/linked.csv"));
  writeFileSync(scratch.at("recorded/profiler.1.cpuprofile"), PROFILE);
  for (const name of ["pipe.csv", "profiler.2.cpuprofile"]) execFileSync("mkfifo", [scratch.at(`recorded/${name}`)]);
  symlinkSync("/dev/zero", scratch.at("recorded/zero.csv"));
  symlinkSync("nothing", scratch.at("recorded/dangling.csv"));
  return scratch;
}

const NOT_A_FILE = "it is not a file but a pipe, socket or device";

describe("what is not a file", () => {
  it("is told by every command, and never waited for", async () => {
    using scratch = pipes();
    for (const command of [...COMMANDS, (source: string) => ["summary", source, "--from", "+0s"]]) {
      const { code, signal, stderr } = await kymo(scratch.path, command("recorded"));
      const told = stderr.split("\n").filter((line) => /\.csv/.test(line)).map((line) => line.split("/").at(-1));
      const each = ["dangling.csv: it is a link to nothing", `pipe.csv: ${NOT_A_FILE}`, `zero.csv: ${NOT_A_FILE}`];
      const expected = command("")[0] === "compare" ? [...each, ...each] : each;
      assertEquals([command("")[0], code, signal, told], [command("")[0], 1, null, expected]);
    }
    for (const name of ["pipe.csv", "zero.csv", "dangling.csv"]) {
      const { code, signal, stderr } = await kymo(scratch.path, ["summary", `recorded/${name}`]);
      assertEquals([name, code === 0, signal], [name, false, null]);
      assertMatch(stderr, /^Cannot /);
    }
  });

  it("is told by kymo profile and kymo top", async () => {
    using scratch = pipes();
    const profile = await kymo(scratch.path, ["profile", "recorded"]);
    assertEquals([profile.code, profile.signal], [1, null]);
    assertMatch(profile.stderr, /profiler\.2\.cpuprofile": it is not a file but a pipe, socket or device/);
    assertMatch(profile.stdout, /work/);
    const top = await kymo(scratch.path, ["top", "recorded/pipe.csv", "--once"]);
    assertEquals([top.code, top.stderr], [2, 'Cannot watch: "recorded/pipe.csv": not a directory\n']);
    const watched = await kymo(scratch.path, ["top", "recorded", "--once"]);
    assertEquals([watched.code, watched.signal], [0, null]);
  });
});

/** Runs `kymo` as a user who may read no file of mode 0: root may read all, unless it gives that up. */
async function kymoAsStranger(cwd: string, args: readonly string[]) {
  const humbly = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];
  return await spawnCommand([...humbly, ...commandOf(thisRuntime, entry, args)], { cwd, timeLimit: 30_000 }).ended;
}

describe("a user who may read nothing", {
  skip: process.getuid?.() === 0 ? missing("setpriv") : process.platform === "win32",
}, () => {
  const commands = [
    ...COMMANDS,
    (source: string) => ["profile", source],
    (source: string) => ["top", source, "--once", "--interval", "0.1"],
  ];

  it("gets the reason from every command, and exit code 1", async () => {
    using scratch = scratchDirectory();
    mkdirSync(scratch.at("closed"));
    writeFileSync(scratch.at("closed/duration.csv"), CSV);
    chmodSync(scratch.at("closed"), 0);
    mkdirSync(scratch.at("open"));
    for (const name of ["duration.csv", "duration.csv.1.gz", "profiler.1.cpuprofile"]) {
      writeFileSync(scratch.at(`open/${name}`), CSV);
      chmodSync(scratch.at(`open/${name}`), 0);
    }
    for (const command of [...commands, (source: string) => ["recover", source]]) {
      // A file in it is looked at in one place for all commands.
      for (const source of command("")[0] === "summary" ? ["closed", "closed/duration.csv"] : ["closed"]) {
        const { code, signal, stderr } = await kymoAsStranger(scratch.path, command(source));
        assertEquals([command(source)[0], source, code, signal], [command(source)[0], source, 1, null], stderr);
        assertMatch(stderr, /^(Cannot [\w ]+: .*: permission denied.*\n)+$/);
      }
    }
    for (const command of commands) {
      const { code, signal, stdout, stderr } = await kymoAsStranger(scratch.path, command("open"));
      assertEquals([command("")[0], code, signal], [command("")[0], 1, null], stderr);
      assertMatch(stderr, /^Cannot read.*permission denied/);
      if (command("")[0] === "summary") assertMatch(stdout, /^nothing could be read$/m);
    }
    chmodSync(scratch.at("closed"), 0o700); // so that it can be removed
  });
});

describe("a pattern", () => {
  it("that matches nothing ends each command with code 2", async () => {
    using scratch = pipes();
    const commands = [...COMMANDS, (source: string) => ["profile", source]];
    for (const command of commands) {
      for (const pattern of ["nothing*", "recorded/no*.csv", "*/*/*.csv"]) {
        const { code, stderr } = await kymo(scratch.path, command(pattern));
        assertEquals(code, 2, `${command(pattern).join(" ")}: ${stderr}`);
        assertMatch(stderr, /^Cannot .*no such file or directory\n$/);
      }
    }
  });

  it("that matches directories stands for what is recorded in them", async () => {
    using scratch = scratchDirectory();
    for (const name of ["a", "b"]) {
      mkdirSync(scratch.at(`runs/${name}`), { recursive: true });
      writeFileSync(scratch.at(`runs/${name}/duration.csv`), CSV);
      writeFileSync(scratch.at(`runs/${name}/profiler.1.cpuprofile`), PROFILE);
    }
    for (const command of [...COMMANDS, (source: string) => ["profile", source]]) {
      for (const pattern of ["runs/*", "runs/*/*"]) {
        const { code, stdout, stderr } = await kymo(scratch.path, command(pattern));
        assertEquals({ code, stderr }, { code: 0, stderr: "" }, command(pattern).join(" "));
        if (command("")[0] === "summary") assertMatch(stdout, /^2 rows, /m);
      }
    }
  });
});
