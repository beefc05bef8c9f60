import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import process from "node:process";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { runCommands } from "../../support/programs/commands/run_commands.ts";
import { missing } from "../../support/process/system_tools.ts";

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

/** Runs `kymo` in a directory with each of these arguments, and kills it after half a minute. */
async function kymo(cwd: string, ...commands: readonly (readonly string[])[]) {
  return await runCommands(commands, { cwd, timeLimit: 30_000 });
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
    const commands = [...COMMANDS, (source: string) => ["summary", source, "--from", "+0s"]]
      .map((command) => command("recorded"));
    for (const [i, { code, stderr }] of (await kymo(scratch.path, ...commands)).entries()) {
      const [name] = commands[i]!;
      const told = stderr.split("\n").filter((line) => /\.csv/.test(line)).map((line) => line.split("/").at(-1));
      const each = ["dangling.csv: it is a link to nothing", `pipe.csv: ${NOT_A_FILE}`, `zero.csv: ${NOT_A_FILE}`];
      const expected = name === "compare" ? [...each, ...each] : each;
      assertEquals([name, code, told], [name, 1, expected]);
    }
    const names = ["pipe.csv", "zero.csv", "dangling.csv"];
    const each = await kymo(scratch.path, ...names.map((name) => ["summary", `recorded/${name}`]));
    for (const [i, { code, stderr }] of each.entries()) {
      assert(code !== 0, names[i]);
      assertMatch(stderr, /^Cannot /);
    }
  });

  it("is told by kymo profile and kymo top", async () => {
    using scratch = pipes();
    const [profile, top, watched] = await kymo(
      scratch.path,
      ["profile", "recorded"],
      ["top", "recorded/pipe.csv", "--once"],
      ["top", "recorded", "--once"],
    );
    assertEquals(profile!.code, 1);
    assertMatch(profile!.stderr, /profiler\.2\.cpuprofile": it is not a file but a pipe, socket or device/);
    assertMatch(profile!.stdout, /work/);
    assertEquals([top!.code, top!.stderr], [2, 'Cannot watch: "recorded/pipe.csv": not a directory\n']);
    assertEquals(watched!.code, 0);
  });
});

/** Runs `kymo` as a user who may read no file of mode 0: root may read all, unless it gives that up. */
async function kymoAsStranger(cwd: string, commands: readonly (readonly string[])[]) {
  const wrapper = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];
  return await runCommands(commands, { cwd, timeLimit: 30_000, wrapper });
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
    // A file in it is looked at in one place for all commands.
    const ofClosed = [
      ...commands.map((command) => command("closed")),
      ["recover", "closed"],
      ["summary", "closed/duration.csv"],
    ];
    for (const [i, { code, stderr }] of (await kymoAsStranger(scratch.path, ofClosed)).entries()) {
      const words = ofClosed[i]!.join(" ");
      assertEquals([words, code], [words, 1], stderr);
      assertMatch(stderr, /^(Cannot [\w ]+: .*: permission denied.*\n)+$/);
    }
    const ofOpen = commands.map((command) => command("open"));
    for (const [i, { code, stdout, stderr }] of (await kymoAsStranger(scratch.path, ofOpen)).entries()) {
      const [name] = ofOpen[i]!;
      assertEquals([name, code], [name, 1], stderr);
      assertMatch(stderr, /^Cannot read.*permission denied/);
      if (name === "summary") assertMatch(stdout, /^nothing could be read$/m);
    }
    chmodSync(scratch.at("closed"), 0o700); // so that it can be removed
  });
});

describe("a pattern", () => {
  it("that matches nothing ends each command with code 2", async () => {
    using scratch = pipes();
    const commands = [...COMMANDS, (source: string) => ["profile", source]].flatMap((command) =>
      ["nothing*", "recorded/no*.csv", "*/*/*.csv"].map(command)
    );
    for (const [i, { code, stderr }] of (await kymo(scratch.path, ...commands)).entries()) {
      assertEquals(code, 2, `${commands[i]!.join(" ")}: ${stderr}`);
      assertMatch(stderr, /^Cannot .*no such file or directory\n$/);
    }
  });

  it("that matches directories stands for what is recorded in them", async () => {
    using scratch = scratchDirectory();
    for (const name of ["a", "b"]) {
      mkdirSync(scratch.at(`runs/${name}`), { recursive: true });
      writeFileSync(scratch.at(`runs/${name}/duration.csv`), CSV);
      writeFileSync(scratch.at(`runs/${name}/profiler.1.cpuprofile`), PROFILE);
    }
    const commands = [...COMMANDS, (source: string) => ["profile", source]].flatMap((command) =>
      ["runs/*", "runs/*/*"].map(command)
    );
    for (const [i, { code, stdout, stderr }] of (await kymo(scratch.path, ...commands)).entries()) {
      assertEquals({ code, stderr }, { code: 0, stderr: "" }, commands[i]!.join(" "));
      if (commands[i]![0] === "summary") assertMatch(stdout, /^2 rows, /m);
    }
  });
});
