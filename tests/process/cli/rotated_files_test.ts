import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { thisRuntime } from "../../support/process/run.ts";
import { runCommands } from "../../support/programs/commands/run_commands.ts";
import { RecorderController } from "../../support/process/recorder_controller.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const SAMPLES = 100;

async function kymo(cwd: string, args: readonly string[]) {
  const [ended] = await runCommands([args], { cwd, timeLimit: 60_000 });
  return ended!;
}

/** How many durations there are, and what else `kymo summary` tells of each source. */
async function summariesOf(cwd: string, ...sources: readonly string[]) {
  const ended = await runCommands(sources.map((source) => ["summary", source, "--json"]), { cwd, timeLimit: 60_000 });
  return ended.map(({ code, stdout, stderr }) => {
    const { durations, quantities } = JSON.parse(stdout);
    const count = durations.reduce((sum: number, { count }: { count: number }) => sum + count, 0);
    return { code, stderr, count, quantities };
  });
}

async function summaryOf(cwd: string, source: string) {
  const [summary] = await summariesOf(cwd, source);
  return summary!;
}

/** A directory `kept` in which a program has recorded samples in layout `append`, and a profile. */
async function recording() {
  const scratch = scratchDirectory();
  await using recorder = new RecorderController(thisRuntime);
  await recorder.send("start", { monitoringDir: scratch.at("kept"), layout: "append" });
  await recorder.send("record", SAMPLES);
  await recorder.send("stop");
  return scratch;
}

describe("kymo with files that were rotated, renamed or compressed", () => {
  it("reads them by every command, in a directory, by a pattern and by name", async () => {
    using scratch = await recording();
    const csv = readFileSync(scratch.at("kept/duration.csv"));
    mkdirSync(scratch.at("m"));
    writeFileSync(scratch.at("m/duration.csv.1"), csv);
    renameSync(scratch.at("kept"), scratch.at("other"));
    const whole = { code: 0, stderr: "", count: SAMPLES, quantities: [] };
    assertEquals(await summariesOf(scratch.path, "m", "m/*", "m/duration.csv.1"), [whole, whole, whole]);
    rmSync(scratch.at("m/duration.csv.1"));
    writeFileSync(scratch.at("m/duration-20261128.csv.gz"), gzipSync(csv));
    const wanted: [args: string[], pattern: RegExp][] = [
      [["summary", "m"], new RegExp(`^${SAMPLES} rows, 1 process, 1 file$`, "m")],
      [["compare", "m", "other"], /^label 0 +10 +10 /m],
      [["export", "m", "-o", "m.parquet"], new RegExp(`^Wrote ${SAMPLES} rows`)],
      [["report", "m", "-o", "m.html"], new RegExp(`: ${SAMPLES} rows`)],
      [["top", "m", "--once", "--interval", "0.1"], /0 programs/],
    ];
    const ended = await runCommands(wanted.map(([args]) => args), { cwd: scratch.path, timeLimit: 60_000 });
    for (const [i, { code, stdout, stderr }] of ended.entries()) {
      const [args, pattern] = wanted[i]!;
      assertEquals({ command: args[0], code, stderr }, { command: args[0], code: 0, stderr: "" });
      assertMatch(stdout, pattern);
    }
  });

  it("tells what it does not read, and what it leaves out", async () => {
    using scratch = await recording();
    const csv = readFileSync(scratch.at("kept/duration.csv"));
    writeFileSync(scratch.at("kept/duration.csv.1.gz"), gzipSync(csv));
    const copied = await summaryOf(scratch.path, "kept");
    assertEquals([copied.code, copied.count], [0, SAMPLES]);
    assertMatch(copied.stderr, /^Left out: .*\/duration\.csv\.1\.gz: all of its rows are in duration\.csv\n$/);
    rmSync(scratch.at("kept/duration.csv.1.gz"));
    writeFileSync(scratch.at("kept/duration.old"), csv);
    const told = await summaryOf(scratch.path, "kept");
    assertEquals([told.code, told.count], [1, SAMPLES]);
    assertMatch(told.stderr, /^Cannot read: .*\/duration\.old: .*: name the file itself to read it\n$/);
  });

  it("reads compressed and renamed CPU profiles, with their processes", async () => {
    using scratch = scratchDirectory();
    const profile = JSON.stringify({
      nodes: [{ id: 1, callFrame: { functionName: "work", scriptId: "0", url: "", lineNumber: 0, columnNumber: 0 } }],
      startTime: 0,
      endTime: 1_000,
      samples: [1],
      timeDeltas: [1_000],
    });
    mkdirSync(scratch.at("m"));
    writeFileSync(scratch.at("m/profiler.7-0a1b2c3d-000001.cpuprofile.gz"), gzipSync(profile));
    writeFileSync(scratch.at("m/profiler.7-0a1b2c3d-000002 (1).cpuprofile"), profile);
    const { code, stdout, stderr } = await kymo(scratch.path, ["profile", "m", "--json"]);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { profiles: [{ processes, paths }] } = JSON.parse(stdout);
    assertEquals([processes.length, processes[0].isolate, paths.length], [1, "0a1b2c3d", 2]);
  });
});

describe("a program whose files are rotated while it records", () => {
  for (const kind of ["rename", "copytruncate"] as const) {
    it(`goes on, and each of its rows is read once (${kind})`, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("m");
      await using recorder = new RecorderController(thisRuntime);
      await recorder.send("start", { monitoringDir: directory, layout: "append" });
      let last = "duration.csv";
      for (let i = 1; i <= 2; i++) {
        await recorder.send("record", SAMPLES);
        await recorder.send("flush");
        last = `${directory}/duration.csv.${i}`;
        if (kind === "rename") renameSync(`${directory}/duration.csv`, last);
        else {
          writeFileSync(last, readFileSync(`${directory}/duration.csv`));
          writeFileSync(`${directory}/duration.csv`, "");
        }
        const { code, count, stderr } = await summaryOf(scratch.path, "m");
        assertEquals({ code, count, stderr }, { code: 0, count: SAMPLES * i, stderr: "" });
      }
      await recorder.send("record", SAMPLES);
      await recorder.send("stop");
      assertEquals((await summaryOf(scratch.path, "m")).count, 3 * SAMPLES);
      assert(readFileSync(`${directory}/duration.csv`, "utf8").startsWith("Timepoint,"));
    });
  }
});
