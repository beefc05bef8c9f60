import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { recover, type StartOptions } from "../../../mod.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { readRows } from "../../support/process/recorded_rows.ts";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import type { ProcessResources } from "../../support/process/process_resources.ts";
import { SAMPLES } from "./fixtures/soak_job.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";

const RECORDINGS = shortOrFull(30, 1_000);
const WORKERS = shortOrFull(30, 400);

/** Runs a program of `fixtures/`, and returns what it says that it holds, from time to time. */
async function heldBy(program: string, args: readonly (string | number)[]): Promise<ProcessResources[]> {
  const file = fileURLToPath(new URL(`./fixtures/${program}`, import.meta.url));
  const { code, stdout, stderr } = await spawnOn(thisRuntime, file, args.map(String), { timeLimit: 600_000 }).ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Spools and temporary files, finished or not: all names but those that readers take. */
function unpublished(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith("."));
}

/** How many rounds at the beginning, and how many at the end, are seen as one: most of what comes and goes is gone in one of them. */
const TOGETHER = 10;

/** How much each round leaves behind for good of something that comes and goes. */
function leftBy(counts: readonly number[]): number {
  const grown = Math.min(...counts.slice(-TOGETHER)) - Math.max(...counts.slice(0, TOGETHER));
  return Math.max(0, grown) / (counts.length - 2 * TOGETHER + 1);
}

/** Threads left by each round that a runtime may have started for itself, for its compiler and its collector: a few, once. */
const LATE_THREADS = 0.4;

describe("a recording leaves nothing behind in its process", () => {
  const recordings: Record<string, StartOptions> = {
    "with the default options": {},
    "with all samplers, in one growing file": { layout: "append", withRuntime: true, samplingInterval: 10 },
    "with a profile": { withProfiler: true },
  };
  for (const [name, options] of Object.entries(recordings)) {
    it(name, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const [before, first, ...others] = await heldBy("soak_recordings.ts", [
        directory,
        RECORDINGS,
        JSON.stringify(options),
      ]);
      const after = [first!, ...others];
      assertEquals(after.length, RECORDINGS);
      for (const { mappings, timers, listeners } of after) {
        assertEquals({ mappings, timers, listeners }, { mappings: [], timers: 0, listeners: before!.listeners });
      }
      // The runtime itself opens a few with the first recording, and keeps them; one that the profiler used it may close a little later.
      const descriptors = leftBy(after.map(({ descriptors }) => descriptors.length));
      assertEquals(descriptors, 0, `from ${first!.descriptors} to ${after.at(-1)!.descriptors}`);
      const threads = leftBy(after.map(({ threads }) => threads));
      assert(threads <= LATE_THREADS, `each leaves ${threads} threads`);
      assertEquals(unpublished(directory), []);
      assertEquals(readRows(directory, "duration"), RECORDINGS * SAMPLES);
      recordFigure(
        16,
        `${RECORDINGS} recordings ${name}: no descriptor left by any, mappings, timers and listeners the same after each, ` +
          `${threads.toFixed(1)} threads left by each`,
      );
    });
  }
});

/** What a worker that is terminated while it records may leave in its process, for only the process's end gives it back. */
const KEPT_OF_TERMINATED = {
  // Deno unmaps no memory that was mapped through its foreign functions: the two spools of a channel.
  deno: { descriptors: 0, mappings: 2 },
  // Bun closes no file that was opened through `node:fs`: that of its flush, and of its recovery a spool and the file made of it.
  bun: { descriptors: 3, mappings: 0 },
} as const;

describe("a worker that recorded leaves nothing behind in its process that the runtime gives back", () => {
  const nothing = { descriptors: 0, mappings: 0 };
  const ends: Record<string, typeof nothing> = {
    stopped: nothing,
    closed: nothing,
    terminated: KEPT_OF_TERMINATED[thisRuntime],
  };
  for (const [end, kept] of Object.entries(ends)) {
    it(end, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const after = await heldBy("soak_workers.ts", [directory, WORKERS, end]);
      assertEquals(after.length, WORKERS);
      const descriptors = leftBy(after.map(({ descriptors }) => descriptors.length));
      const mappings = leftBy(after.map(({ mappings }) => mappings.length));
      const threads = leftBy(after.map(({ threads }) => threads));
      assert(descriptors <= kept.descriptors, `each leaves ${descriptors} descriptors`);
      assert(mappings <= kept.mappings, `each leaves ${mappings} mappings`);
      assert(threads <= LATE_THREADS, `each leaves ${threads} threads`);
      if (end !== "terminated") assertEquals(unpublished(directory), []);
      await recover(directory);
      assertEquals(unpublished(directory), []);
      assertEquals(readRows(directory, "duration"), WORKERS * SAMPLES);
      const left = [descriptors, mappings, threads].map((each) => each.toFixed(1));
      recordFigure(
        16,
        `${WORKERS} workers ${end}: ${left[0]} descriptors, ${left[1]} mappings, ${left[2]} threads left by each`,
      );
    });
  }
});
