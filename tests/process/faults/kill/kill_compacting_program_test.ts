import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TelemetryDB } from "../../../../src/analysis/frames/telemetry_db.ts";
import { Snapshot } from "../../../support/faults/directory_snapshot.ts";
import { recordFigure } from "../../../support/faults/fault_figures.ts";
import { atCallOfThread, readTrace, underStrace } from "../../../support/faults/strace.ts";
import { sampled } from "../../../support/faults/suite_size.ts";
import { commandOf, spawnCommand, type Spawned, thisRuntime } from "../../../support/process/run.ts";
import { cannotTrace } from "../../../support/process/system_tools.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";

const fixture = fileURLToPath(new URL("./fixtures/compact_once.ts", import.meta.url));

const FILES = 4;
const ROWS = 50;

/** Kills in the short form. */
const SAMPLE = 3;

/** Files that ended an hour ago, all in one hour. */
function record(directory: string): void {
  mkdirSync(directory);
  for (let file = 1; file <= FILES; file++) {
    const path = `${directory}/duration.7-0badcafe-${String(file).padStart(6, "0")}.csv`;
    const rows = Array.from({ length: ROWS }, (_, row) => `${rowTime(file, row)},0.000000001,work,7\r\n`);
    writeFileSync(path, `Timepoint,Measurement,Label,PID\r\n${rows.join("")}`);
    age(path);
  }
}

const rowTime = (file: number, row: number): bigint => 1_700_000_000_000_000_000n + BigInt(1_000 * file + row);

function age(path: string): void {
  utimesSync(path, 1_700_000_001, 1_700_000_001);
}

/** Asserts that there is each row once, for a reader. */
async function assertAllOnce(directory: string): Promise<void> {
  await using db = await TelemetryDB.open(directory);
  const table = await db.sql(
    "SELECT count(*)::INTEGER AS n, count(DISTINCT Timepoint)::INTEGER AS d FROM observations WHERE Isolate = '0badcafe'",
  );
  assertEquals(table.rows(), [{ n: FILES * ROWS, d: FILES * ROWS }]);
  assertEquals(db.reading.problems, []);
}

/** Reads again and again until a program has ended. Returns how often. */
async function readUntilEnd(directory: string, { ended }: Spawned): Promise<number> {
  let isOver = false;
  void ended.finally(() => isOver = true);
  let reads = 0;
  for (; !isOver; reads++) await assertAllOnce(directory);
  return reads;
}

describe("a compaction that is killed at a system call", { skip: cannotTrace() }, () => {
  it("leaves each row once for readers, during and after it, and the next one finishes", async () => {
    using scratch = scratchDirectory();
    const [directory, log] = [scratch.at("monitoring"), scratch.at("trace")];
    record(directory);
    const snapshot = new Snapshot(directory);
    const start = (inject: readonly string[], also: readonly string[] = []): Spawned => {
      rmSync(log, { force: true });
      const watched = [...snapshot.paths, ...also, `${directory}/.compact`, `${directory}/.compact.tmp`];
      return spawnCommand([
        ...underStrace({ directory, log, inject, files: 0, also: watched }),
        ...commandOf(thisRuntime, fixture, [directory]),
      ]);
    };
    const restore = (): void => {
      snapshot.restore();
      for (const path of snapshot.paths) age(path);
    };

    const clean = await start([]).ended;
    assertEquals({ code: clean.code, stderr: clean.stderr }, { code: 0, stderr: "" });
    const { inputs, outputs, problems } = JSON.parse(clean.stdout);
    assertEquals({ inputs, outputs, problems }, { inputs: FILES, outputs: 1, problems: [] });
    await assertAllOnce(directory);
    const calls = readTrace(log);
    const rename = calls.findIndex(({ name }) => name.startsWith("rename"));
    assert(rename > 0 && calls.slice(rename).filter(({ name }) => name.startsWith("unlink")).length === FILES);

    // Those from the rename on first: there the state changes.
    const numbers = calls.map((_, i) => i + 1);
    const kills = sampled(numbers, SAMPLE, (n) => n > rename ? calls[n - 1]!.name : "");
    let killed = 0;
    let reads = 0;
    for (const n of kills) {
      try {
        restore();
        const program = start(atCallOfThread(calls, n, "signal=KILL"));
        reads += await readUntilEnd(directory, program);
        if ((await program.ended).signal === "SIGKILL") killed++;
        await assertAllOnce(directory);
        const next = await spawnCommand(commandOf(thisRuntime, fixture, [directory])).ended;
        assertEquals({ code: next.code, stderr: next.stderr }, { code: 0, stderr: "" });
        assertEquals(JSON.parse(next.stdout).problems, []);
        await assertAllOnce(directory);
        const left = readdirSync(directory).filter((name) => !name.endsWith(".parquet")).sort();
        assertEquals(left, [".compact"]);
      } catch (error) {
        throw new Error(`killed at call ${n} of ${calls.length}: ${calls[n - 1]!.line}`, { cause: error });
      }
    }
    assert(killed > 0 && reads >= killed);
    recordFigure(18, `${killed} compactions killed, read ${reads} times meanwhile; 0 lost, 0 duplicates`);
  });
});
