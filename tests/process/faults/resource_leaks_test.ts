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

const RECORDINGS = shortOrFull(10, 1_000);
const WORKERS = shortOrFull(10, 400);

/** Runs a program of `fixtures/`, and returns the resources that it reports from time to time. */
async function heldBy(program: string, args: readonly (string | number)[]): Promise<ProcessResources[]> {
  const file = fileURLToPath(new URL(`./fixtures/${program}`, import.meta.url));
  const { code, stdout, stderr } = await spawnOn(thisRuntime, file, args.map(String), { timeLimit: 600_000 }).ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Spools and temporary files: all names except those of published files. */
function unpublished(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith("."));
}

/**
 * Rounds at the beginning, and at the end, of which the lowest counts: resources that come and go
 * are gone in one of them.
 */
const TOGETHER = shortOrFull(4, 10);

/** Growth per round of a resource that comes and goes. */
function leftBy(counts: readonly number[]): number {
  const grown = Math.min(...counts.slice(-TOGETHER)) - Math.max(...counts.slice(0, TOGETHER));
  return Math.max(0, grown) / (counts.length - 2 * TOGETHER + 1);
}

/**
 * Allowed growth of threads per round: a runtime starts a few for its compiler and its garbage
 * collector, once.
 */
const LATE_THREADS = 0.4;

describe("stopped recording leaks nothing in its process", () => {
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
      // The runtime itself opens a few descriptors with the first recording, and may close one that
      // the profiler used a little later.
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

/** Resources that a terminated worker may leave until its process ends. */
const KEPT_OF_TERMINATED = {
  // Deno does not unmap memory that was mapped through its foreign functions: the two spools of a
  // channel.
  deno: { descriptors: 0, mappings: 2 },
  // Bun does not close files that were opened through `node:fs`: that of a flush, and of a recovery
  // a spool and its CSV file.
  bun: { descriptors: 3, mappings: 0 },
  node: { descriptors: 0, mappings: 0 },
} as const;

describe("ended worker that recorded leaks nothing that its runtime releases", () => {
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
