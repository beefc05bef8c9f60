import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readHeader } from "../../../../src/segment/format.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { csvFiles } from "../../../support/process/recorded_rows.ts";
import {
  commandOf,
  type Ended,
  type RuntimeName,
  spawnCommand,
  type Spawned,
  thisRuntime,
} from "../../../support/process/run.ts";
import { recordFigure } from "../../../support/faults/fault_figures.ts";
import type { WriterPlan } from "../../../support/programs/acknowledging_writer.ts";
import { forEachConcurrently } from "../../../support/faults/concurrency.ts";
import { assertAllThere, recoverDeadWriters } from "../../../support/faults/acknowledged_rows.ts";
import { Snapshot } from "../../../support/faults/directory_snapshot.ts";
import {
  type Acknowledged,
  AcknowledgingWriterController,
  LAYOUTS,
} from "../../../support/faults/acknowledging_writer_controller.ts";
import { sampled, shortOrFull } from "../../../support/faults/suite_size.ts";
import { atCall, readTrace, type TracedCall, underStrace } from "../../../support/faults/strace.ts";
import { cannotTrace } from "../../../support/process/system_tools.ts";
import { sequenceText } from "../../../support/fake/published_files.ts";
import { LEAST_THRESHOLD } from "../../../support/small_buffers.ts";

const fixture = fileURLToPath(new URL("./fixtures/recover_once.ts", import.meta.url));

const otherRuntime: RuntimeName = thisRuntime === "deno" ? "bun" : "deno";

/** Cases that run concurrently; each mostly waits. */
const WIDTH = 3;

/** Kills of each case in the short form. */
const SAMPLE = 1;

/** System calls at which recoveries meet. */
const MEETINGS = shortOrFull(1, 40);

type Layout = typeof LAYOUTS[number];

/** The point at which a program was killed. */
interface Case {
  readonly name: string;
  readonly durability: "spool" | "fsync";
  /**
   * Number, from 1, of the system call before which it was killed, counted in an undisturbed run.
   */
  readonly call: (calls: readonly TracedCall[]) => number;
  /** Changes made to its files after that. */
  readonly then?: (directory: string) => void;
}

const CASES: Readonly<Record<Layout, readonly Case[]>> = {
  segments: [
    { name: "before a rename", durability: "spool", call: renameOf },
    { name: "after a rename", durability: "fsync", call: afterRenameOf },
    {
      name: "after a rename, and its file was moved since",
      durability: "fsync",
      call: afterRenameOf,
      then: (directory) => renameSync(firstFile(directory), join(directory, "custom.moved.csv")),
    },
  ],
  append: [
    { name: "before the rows are appended", durability: "spool", call: appendOf },
    { name: "after the rows were appended", durability: "spool", call: (calls) => appendOf(calls) + 1 },
    {
      name: "in the middle of a row",
      durability: "fsync",
      call: (calls) => appendOf(calls) + 1,
      then: (directory) =>
        truncateSync(join(directory, "custom.csv"), statSync(join(directory, "custom.csv")).size - 9),
    },
  ],
};

/** Number of the first matching call after the first `after` calls. */
function find(calls: readonly TracedCall[], fits: (call: TracedCall) => boolean, after = 0): number {
  const index = calls.findIndex((call, i) => i >= after && fits(call));
  assert(index >= 0, "there is no such call");
  return index + 1;
}

/** The rename that gives a file of numbers its name. */
function renameOf(calls: readonly TracedCall[]): number {
  return find(calls, ({ line }) => /\brename.*\/\.custom\.\S+\.csv\.tmp"/.test(line));
}

/** The call after that, before the flush journal records it. */
function afterRenameOf(calls: readonly TracedCall[]): number {
  return find(calls, ({ name }) => name === "fsync", renameOf(calls));
}

/** The file renamed by that call. */
function firstFile(directory: string): string {
  return join(directory, csvFiles(directory, "custom")[0]!);
}

/** The write that appends numbers. */
function appendOf(calls: readonly TracedCall[]): number {
  const opened = find(calls, ({ line }) => /\bopen.*\/custom\.csv"/.test(line));
  return find(calls, ({ name }) => name === "write" || name === "pwrite64", opened);
}

/** Files that killed programs left in a directory. */
interface Remains {
  readonly directory: string;
  readonly log: string;
  readonly snapshot: Snapshot;
  readonly acknowledged: Acknowledged;
}

function planOf(monitoringDir: string, layout: Layout, durability: "spool" | "fsync", name = "writer"): WriterPlan {
  return {
    name,
    numbers: 600,
    batch: 50,
    pause: 0,
    options: { monitoringDir, layout, durability, memoryThreshold: LEAST_THRESHOLD },
  };
}

/** Kills a program at one point. */
async function die(layout: Layout, { durability, call, then }: Case, place: string): Promise<Remains> {
  const [directory, clean, log] = [join(place, "monitoring"), join(place, "clean"), join(place, "trace")];
  const write = (into: string, inject: readonly string[]): AcknowledgingWriterController => {
    mkdirSync(into);
    const wrapper = underStrace({ directory: into, log, inject });
    return new AcknowledgingWriterController(thisRuntime, planOf(into, layout, durability), {
      wrapper,
      program: "acknowledging_writer_known_names.ts",
    });
  };
  assertEquals((await write(clean, []).ended).code, 0);
  const calls = readTrace(log);
  const writer = write(directory, atCall(calls, call(calls), "signal=KILL"));
  await writer.wasKilled();
  then?.(directory);
  return {
    directory,
    log,
    snapshot: new Snapshot(directory),
    acknowledged: new Map([["writer", writer.acknowledged]]),
  };
}

/** Lets programs on both runtimes record for a while, and kills all of them. */
async function dieTogether(layout: Layout, place: string): Promise<Remains> {
  const directory = join(place, "monitoring");
  const acknowledged: Acknowledged = new Map();
  const writers = [thisRuntime, otherRuntime].map((runtime) => {
    const plan: WriterPlan = { ...planOf(directory, layout, "spool", runtime), numbers: 1e9, pause: 5 };
    return [runtime, new AcknowledgingWriterController(runtime, plan)] as const;
  });
  await Promise.all(writers.map(([, writer]) => writer.hasBegun()));
  await sleep(50);
  for (const [name, writer] of writers) {
    await writer.kill();
    acknowledged.set(name, writer.acknowledged);
  }
  return { directory, log: join(place, "trace"), snapshot: new Snapshot(directory), acknowledged };
}

/** Names of files that a recovery may create. */
function pathsToCome({ directory, snapshot }: Remains): string[] {
  return snapshot.paths.filter((path) => path.endsWith(".spool")).flatMap((path) => {
    const header = readHeader(readFileSync(path));
    assert(header.ok, header.ok ? "" : header.reason);
    const { owner: { channel, pid, isolate }, sequence } = header.value;
    const unique = `${pid}-${isolate}-${sequenceText(sequence)}`;
    return [
      `${channel}.${unique}.csv`,
      `.${channel}.${unique}.csv.tmp`,
      `${channel}.csv`,
      `.${channel}.csv.${unique}-0.tmp`,
    ];
  }).concat(".spools").map((name) => join(directory, name));
}

/** Restores the files, and starts a recovery with faults. */
function startRecovery(remains: Remains, inject: readonly string[]): Spawned {
  const { directory, log, snapshot } = remains;
  snapshot.restore();
  rmSync(log, { force: true });
  const also = [...snapshot.paths, ...pathsToCome(remains)];
  return spawnCommand([
    ...underStrace({ directory, log, inject, also }),
    ...commandOf(thisRuntime, fixture, [directory]),
  ]);
}

/** Recovers the rest, and asserts that there are `rows` rows. */
async function assertRecovered({ directory, acknowledged }: Remains, rows: number): Promise<void> {
  await recoverDeadWriters(directory);
  assertEquals(assertAllThere(directory, acknowledged), rows);
}

function assertEndedWell({ code, signal, stderr }: Ended): void {
  assertEquals({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
}

/** An undisturbed recovery: its system calls, and the number of rows after it. */
async function recoverCleanly(remains: Remains): Promise<{ calls: readonly TracedCall[]; rows: number }> {
  const ended = await startRecovery(remains, []).ended;
  assertEndedWell(ended);
  const { failures, damaged, alive } = JSON.parse(ended.stdout);
  assertEquals({ failures, damaged, alive }, { failures: [], damaged: 0, alive: 0 });
  const rows = assertAllThere(remains.directory, remains.acknowledged);
  return { calls: readTrace(remains.log), rows };
}

/** Kills recoveries of the same files, one at each system call. Returns how many. */
async function killRecoveries(remains: Remains): Promise<number> {
  const { calls, rows } = await recoverCleanly(remains);
  const kills = sampled(calls.map((_, i) => i + 1), SAMPLE);
  for (const n of kills) {
    try {
      const { signal } = await startRecovery(remains, atCall(calls, n, "signal=KILL")).ended;
      assertEquals(signal, "SIGKILL");
      await assertRecovered(remains, rows);
    } catch (error) {
      throw new Error(`killed at call ${n} of ${calls.length}: ${calls[n - 1]!.line}`, { cause: error });
    }
  }
  return kills.length;
}

/** Resolves once a trace shows that its program was stopped. */
async function hasStopped({ ended }: Spawned, log: string): Promise<void> {
  let over = false;
  void ended.finally(() => over = true);
  while (!(existsSync(log) && readFileSync(log, "utf8").includes("stopped by SIGSTOP"))) {
    assert(!over, "it was not stopped");
    await sleep(5);
  }
}

/**
 * Stops recoveries of the same files at system calls, lets the other runtime recover, and then
 * kills them. Returns how many.
 */
async function meetRecoveries(remains: Remains, count: number): Promise<number> {
  const { calls, rows } = await recoverCleanly(remains);
  const stops = Array.from({ length: count }, (_, i) => 1 + Math.floor((i + 0.5) * calls.length / count));
  for (const n of stops) {
    try {
      const stopped = startRecovery(remains, atCall(calls, n, "signal=STOP"));
      await hasStopped(stopped, remains.log);
      const other = await spawnCommand(commandOf(otherRuntime, fixture, [remains.directory])).ended;
      assertEndedWell(other);
      const { failures, damaged } = JSON.parse(other.stdout);
      assertEquals(damaged, 0);
      for (const failure of failures) assert(failure.includes("another program holds the lock"), failure);
      stopped.kill("SIGKILL");
      assertEquals((await stopped.ended).signal, "SIGKILL");
      await assertRecovered(remains, rows);
    } catch (error) {
      throw new Error(`stopped after call ${n} of ${calls.length}: ${calls[n - 1]!.line}`, { cause: error });
    }
  }
  return stops.length;
}

describe("recovery killed at a system call, and another one after it,", { skip: cannotTrace() }, () => {
  for (const layout of LAYOUTS) {
    it(`lose and repeat no row in layout ${layout}, wherever the program was killed`, async () => {
      let kills = 0;
      await forEachConcurrently(CASES[layout], WIDTH, async (dead) => {
        using scratch = scratchDirectory();
        try {
          kills += await killRecoveries(await die(layout, dead, scratch.path));
        } catch (error) {
          throw new Error(dead.name, { cause: error });
        }
      });
      const points = CASES[layout].map(({ name }) => name).join(", ");
      recordFigure(2, `${layout}: ${kills} recoveries killed, of programs killed ${points}; 0 lost, 0 duplicates`);
    });

    it(`lose and repeat no row of several killed programs in layout ${layout}`, async () => {
      using scratch = scratchDirectory();
      const kills = await killRecoveries(await dieTogether(layout, scratch.path));
      recordFigure(2, `${layout}: ${kills} recoveries killed, of two programs killed together; 0 lost, 0 duplicates`);
    });

    it(`lose and repeat no row when both run at once in layout ${layout}`, async () => {
      using scratch = scratchDirectory();
      const stops = await meetRecoveries(await dieTogether(layout, scratch.path), MEETINGS);
      recordFigure(
        2,
        `${layout}: ${stops} recoveries stopped, met by one of the other runtime, then killed; 0 lost, 0 duplicates`,
      );
    });
  }
});
