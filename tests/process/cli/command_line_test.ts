import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import denoJson from "../../../deno.json" with { type: "json" };
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { cannotTrace } from "../../support/process/system_tools.ts";
import { readRows } from "../../support/process/recorded_rows.ts";
import {
  commandOf,
  type Ended,
  onlyOn,
  spawnCommand,
  type Spawned,
  spawnOn,
  thisRuntime,
} from "../../support/process/run.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const recorder = fileURLToPath(new URL("../../support/programs/recorder.ts", import.meta.url));
const program = commandOf(thisRuntime, entry);

/** Numbers that a program records: fewer than a spool holds. */
const ROWS = 1_000;

/** Delays the publishing of a file by 500 ms. */
const publishingSlowly = [
  "strace",
  ..."-D -f -qq --seccomp-bpf -o /dev/null -e trace=?rename,?renameat,?renameat2".split(" "),
  ..."-e inject=?rename,?renameat,?renameat2:delay_enter=500ms".split(" "),
];

/** Runs `kymo` on the runtime of this test. */
async function kymo(...args: string[]): Promise<Omit<Ended, "signal">> {
  const { signal, ...ended } = await spawnCommand([...program, ...args]).ended;
  assertEquals(signal, null);
  return ended;
}

/**
 * Starts a program, and waits until it has recorded the numbers from 0 on. It flushes them only
 * when it exits.
 */
async function record(directory: string): Promise<Spawned> {
  const spawned = spawnOn(thisRuntime, recorder);
  spawned.child.stdin.write(
    `start ${JSON.stringify({ monitoringDir: directory, flushInterval: 0 })}\nnumber ${ROWS}\n`,
  );
  await spawned.said(/\n/, 2);
  return spawned;
}

/** Kills a recording program, so that its spools remain. */
async function leaveSpools(directory: string): Promise<void> {
  const spawned = await record(directory);
  spawned.kill("SIGKILL");
  await spawned.ended;
  assertEquals(publishedNumbers(directory), []);
}

/** The numbers in the published files, sorted. */
function publishedNumbers(directory: string): number[] {
  const numbers: number[] = [];
  readRows(directory, "custom", (_label, _pid, _seconds, _nanoseconds, number) => numbers.push(number));
  return numbers.sort((one, other) => one - other);
}

/** Paths of spools and temporary files. */
function unpublished(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => join(directory, name))
    .filter((path) =>
      !/\.csv$|\bprogram\.[^/]*\.json$/.test(path) && statSync(path, { throwIfNoEntry: false })?.isFile()
    );
}

const allNumbers = Array.from({ length: ROWS }, (_, i) => i);

describe("kymo as a program", () => {
  it("prints the version of the package", async () => {
    assertEquals(await kymo("--version"), { code: 0, stdout: `${denoJson.version}\n`, stderr: "" });
  });

  it("prints its usage", async () => {
    const { code, stdout, stderr } = await kymo("--help");
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(stdout, /^Usage: kymo /);
  });

  it("reports an unknown command on one line, and exits with 2", async () => {
    const stderr = "Cannot run kymo: unknown command 'recvor' (Did you mean recover?)\n";
    assertEquals(await kymo("recvor"), { code: 2, stdout: "", stderr });
  });

  it("exits with 0 if its output is a closed pipe", async () => {
    const [shell, flag, line] = ["sh", "-c", '{ sleep 0.2; "$@" --help; echo "code $?" >&2; } | true'];
    const { stderr } = await spawnCommand([shell, flag, line, "sh", ...program]).ended;
    assertEquals(stderr, "code 0\n");
  });

  it("reports output that cannot be written, and exits with 1", {
    skip: existsSync("/dev/full") ? false : "this system has no /dev/full",
  }, async () => {
    const { code, stderr } = await spawnCommand(["sh", "-c", 'exec "$@" --help >/dev/full', "sh", ...program]).ended;
    assertEquals(code, 1);
    assertMatch(stderr, /^Cannot write the output: .*no space left on device.*\n$/i);
  });
});

describe("kymo recover as a program", () => {
  it("finds nothing in an empty directory, and leaves it empty", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("empty");
    mkdirSync(directory);
    assertEquals(await kymo("recover", directory), { code: 0, stdout: "Nothing to recover.\n", stderr: "" });
    assertEquals(readdirSync(directory), []);
  });

  it("does not create a missing directory", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("absent");
    const stderr = `Cannot recover: "${directory}": no such directory\n`;
    assertEquals(await kymo("recover", directory), { code: 2, stdout: "", stderr });
    assertEquals(existsSync(directory), false);
  });

  it("rejects a file, and a path below a file", async () => {
    using scratch = scratchDirectory();
    const file = scratch.at("file");
    writeFileSync(file, "");
    const stderr = `Cannot recover: "${file}": not a directory\n`;
    assertEquals(await kymo("recover", file), { code: 2, stdout: "", stderr });
    const below = `Cannot recover: "${file}/below": no such directory\n`;
    assertEquals(await kymo("recover", `${file}/below`), { code: 2, stdout: "", stderr: below });
  });

  it("leaves a running program alone, and publishes its rows once it is killed", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const spawned = await record(directory);
    try {
      const { code, stdout, stderr } = await kymo("recover", "--json", directory);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const { alive, ...rest } = JSON.parse(stdout);
      assertEquals(rest, { version: 1, kind: "recover", spools: 0, rows: 0, damaged: 0, refused: 0, failures: [] });
      assert(alive > 0);
    } finally {
      spawned.kill("SIGKILL");
      await spawned.ended;
    }
    assertEquals(await kymo("recover", directory), {
      code: 0,
      stdout: "Recovered 1,000 rows from 1 spool.\n",
      stderr: "",
    });
    assertEquals(publishedNumbers(directory), allNumbers);
    assertEquals(unpublished(directory), []);
    assertEquals(await kymo("recover", directory), { code: 0, stdout: "Nothing to recover.\n", stderr: "" });
  });

  it("reports damaged spools, keeps them, and exits with 1", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await leaveSpools(directory);
    for (const path of unpublished(directory)) writeFileSync(path, "no spool");
    const spools = unpublished(directory).length;
    const { code, stdout, stderr } = await kymo("recover", "--json", directory);
    const { version: _, kind, failures, ...rest } = JSON.parse(stdout);
    assertEquals({ code, kind, ...rest }, {
      code: 1,
      kind: "recover",
      spools: 0,
      rows: 0,
      damaged: 0,
      refused: 0,
      alive: 0,
    });
    assertEquals(failures.length, spools);
    assertEquals(stderr, `${failures.join("\n")}\n`);
    for (const failure of failures) assertMatch(failure, /^Cannot recover: ".*\.spool\.damaged": ./);
    assertEquals(unpublished(directory).filter((path) => !path.endsWith(".spool.damaged")), []);
    assertEquals(unpublished(directory).length, spools);
  });

  it("loses no row and publishes none twice if it is interrupted", { skip: cannotTrace() }, async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await leaveSpools(directory);
    const interrupted = spawnCommand([...publishingSlowly, ...program, "recover", directory]);
    let running = true;
    void interrupted.ended.finally(() => running = false);
    while (running && !unpublished(directory).some((name) => name.endsWith(".tmp"))) await sleep(5);
    interrupted.kill("SIGINT");
    const { code, signal } = await interrupted.ended;
    assertEquals({ code, signal }, { code: null, signal: "SIGINT" }); // which a shell reports as 130
    assert(unpublished(directory).length > 0);
    assertEquals((await kymo("recover", directory)).code, 0);
    assertEquals(publishedNumbers(directory), allNumbers);
    assertEquals(unpublished(directory), []);
  });

  it("needs no permission on Deno except to read and write the directory", { skip: onlyOn("deno") }, async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await leaveSpools(directory);
    const permissions = ["--no-prompt", `--allow-read=${directory}`, `--allow-write=${directory}`];
    const { code, stdout, stderr } = await spawnOn("deno", entry, ["recover", directory], { permissions }).ended;
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: "Recovered 1,000 rows from 1 spool.\n", stderr: "" });
    assertEquals(publishedNumbers(directory), allNumbers);
  });
});
