import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { type Ended, type RuntimeName, thisRuntime } from "../../../support/process/run.ts";
import { recordFigure } from "../../../support/faults/fault_figures.ts";
import type { WriterPlan } from "../../../support/programs/acknowledging_writer.ts";
import { forEachConcurrently } from "../../../support/faults/concurrency.ts";
import { assertAllThere, recoverDeadWriters } from "../../../support/faults/acknowledged_rows.ts";
import {
  type Acknowledged,
  AcknowledgingWriterController,
  LAYOUTS,
} from "../../../support/faults/acknowledging_writer_controller.ts";
import { sampled, shortOrFull } from "../../../support/faults/suite_size.ts";
import { randomNumbers } from "../../../support/random.ts";
import { atCall, readTrace, type TracedCall, underStrace } from "../../../support/faults/strace.ts";
import { cannotTrace } from "../../../support/process/system_tools.ts";
import { LEAST_THRESHOLD } from "../../../support/small_buffers.ts";

/** Seed of the random times, different in each run unless given. */
const SEED = Number(process.env["KYMO_TEST_SEED"] ?? Date.now() % 2 ** 31);

/** Writers that record into one directory concurrently. */
const CROWD: readonly RuntimeName[] = ["deno", "deno", "deno", "deno", "bun", "bun", "bun", "bun"];

/** Kills of each writer in each layout; another writer follows each. */
const LIVES = shortOrFull(2, 32);

/** Longest life of a writer after its first acknowledgement, or after its start, ms. */
const LIFE = 60;
const YOUTH = 300;

describe("writers killed at random times", () => {
  for (const layout of LAYOUTS) {
    it(`lose, tear and repeat no acknowledged row in layout ${layout}`, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const acknowledged: Acknowledged = new Map();
      try {
        await Promise.all(CROWD.map(async (runtime, i) => {
          const random = randomNumbers(SEED + i);
          for (let life = 0; life < LIVES; life++) {
            const name = `${runtime} ${i} ${life}`;
            const writer = new AcknowledgingWriterController(runtime, planOf(name, directory, layout, random));
            const isYoung = random() < 0.2;
            if (!isYoung) await writer.hasBegun();
            await sleep(random() * (isYoung ? YOUTH : LIFE));
            await writer.kill();
            acknowledged.set(name, writer.acknowledged);
          }
        }));
        acknowledged.set("last", await recoverByNext(directory, planOf("last", directory, layout, () => 0)));
        await recoverDeadWriters(directory);
        const rows = assertAllThere(directory, acknowledged);
        const sum = [...acknowledged.values()].reduce((sum, count) => sum + 2 * count, 0);
        assert(sum > 0, "nothing was acknowledged");
        recordFigure(
          1,
          `${layout}: ${
            CROWD.length * LIVES
          } kills of 4 + 4 writers at random moments; ${sum} rows acknowledged, ${rows} found; ` +
            `0 lost, 0 torn, 0 duplicates`,
        );
      } catch (error) {
        throw new Error(`with KYMO_TEST_SEED=${SEED}`, { cause: error });
      }
    });
  }
});

/**
 * Lets one more writer recover the rows of all others, and kills it. Returns how many numbers it
 * acknowledged.
 */
async function recoverByNext(directory: string, plan: WriterPlan): Promise<number> {
  const writer = new AcknowledgingWriterController(thisRuntime, plan);
  let end: Pick<Ended, "code" | "signal" | "stderr"> | undefined;
  void writer.ended.then(({ code, signal, stderr }) => end = { code, signal, stderr });
  await writer.hasBegun();
  const left = (): string[] =>
    readdirSync(join(directory, ".spools")).filter((name) => !name.includes(`.${writer.pid}-`));
  // A spool that was set aside as damaged stays.
  while (end === undefined && left().some((name) => !name.endsWith(".damaged"))) await sleep(10);
  assertEquals({ left: left(), end }, { left: [], end: undefined });
  await writer.kill();
  return writer.acknowledged;
}

function planOf(name: string, monitoringDir: string, layout: typeof LAYOUTS[number], random: () => number): WriterPlan {
  const memoryThreshold = random() < 0.7 ? LEAST_THRESHOLD : 2 ** 17;
  const pause = random() < 0.7 ? 1 : 0;
  return { name, batch: 50, pause, options: { monitoringDir, layout, memoryThreshold, flushInterval: 20 } };
}

/**
 * Numbers that a writer records until it stops: a full buffer is flushed in between, and the rest
 * at the end.
 */
const NUMBERS = 600;

/** Programs that run concurrently; each mostly waits. */
const WIDTH = 3;

/** Kills of each layout and durability in the short form. */
const SAMPLE = 3;

/**
 * Runs a writer with faults, and checks its files. Returns its system calls, and whether it was
 * killed.
 */
async function write(
  layout: typeof LAYOUTS[number],
  durability: "spool" | "fsync",
  inject: readonly string[],
): Promise<{ calls: readonly TracedCall[]; isKilled: boolean }> {
  using scratch = scratchDirectory();
  const directory = scratch.at("monitoring");
  mkdirSync(directory);
  const log = scratch.at("trace");
  const plan: WriterPlan = {
    name: "writer",
    numbers: NUMBERS,
    batch: 50,
    pause: 0,
    options: { monitoringDir: directory, layout, durability, memoryThreshold: LEAST_THRESHOLD },
  };
  const wrapper = underStrace({ directory, log, inject });
  const writer = new AcknowledgingWriterController(thisRuntime, plan, {
    wrapper,
    program: "acknowledging_writer_known_names.ts",
  });
  const { code, signal, stderr } = await writer.ended;
  const isKilled = inject.length > 0 && signal !== null;
  assertEquals({ code, signal, stderr }, {
    code: isKilled ? null : 0,
    signal: isKilled ? "SIGKILL" : null,
    stderr: "",
  });
  if (!isKilled) {
    assertEquals(writer.acknowledged, NUMBERS);
    assertEquals(assertAllThere(directory, new Map([["writer", NUMBERS]])), 2 * NUMBERS);
  }
  await recoverDeadWriters(directory);
  assertAllThere(directory, new Map([["writer", writer.acknowledged]]));
  return { calls: readTrace(log), isKilled };
}

describe("writer killed at a system call", { skip: cannotTrace() }, () => {
  for (const layout of LAYOUTS) {
    for (const durability of ["spool", "fsync"] as const) {
      it(`loses, tears and repeats no row at any call in layout ${layout} with durability ${durability}`, async () => {
        const { calls } = await write(layout, durability, []);
        let killed = 0;
        const kills = sampled(calls.map((_, i) => i + 1), SAMPLE);
        await forEachConcurrently(kills, WIDTH, async (n) => {
          try {
            if ((await write(layout, durability, atCall(calls, n, "signal=KILL"))).isKilled) killed++;
          } catch (error) {
            throw new Error(`killed at call ${n} of ${calls.length}: ${calls[n - 1]!.line}`, { cause: error });
          }
        });
        // The search for other spools runs beside the writer, so its calls differ between runs.
        assert(killed >= 0.9 * kills.length - 1, `killed ${killed} of ${kills.length} times`);
        recordFigure(
          1,
          `${layout}, ${durability}: killed at ${killed} of ${calls.length} system calls; 0 lost, 0 torn, 0 duplicates`,
        );
      });
    }
  }
});
