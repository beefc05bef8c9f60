import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { existsSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { otherNames } from "../../support/process/recorder_controller.ts";
import { csvFiles, readFileRows } from "../../support/process/recorded_rows.ts";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";

const WARM_UP = shortOrFull(2_000_000, 5_000_000);
const SAMPLES = shortOrFull(2_000_000, 50_000_000);

/** Allowed growth, which a leak would exceed, bytes. */
const LIMIT = 1_000_000;

/** Time limit on a busy machine, ms. */
const TIME_LIMIT = shortOrFull(120_000, 900_000);

/**
 * V8 doubles its young generation in a long-running program, by megabytes. Here it has its final
 * size from the start.
 */
const FLAGS = ["-A", "--v8-flags=--expose-gc,--min-semi-space-size=1,--max-semi-space-size=1"];

const program = fileURLToPath(new URL("./fixtures/soak_memory.ts", import.meta.url));

describe("long recording", () => {
  it(`takes no more memory after ${SAMPLES} samples, and writes every row`, async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const args = [directory, WARM_UP, SAMPLES].map(String);
    const { ended } = spawnOn(thisRuntime, program, args, { permissions: FLAGS, timeLimit: TIME_LIMIT });
    const rows = await takeRows(directory, ended);
    const { code, stdout, stderr } = await ended;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { before, after, recorded, flushed, dropped, errors } = JSON.parse(stdout);
    assert(recorded > WARM_UP + SAMPLES);
    assertEquals({ flushed, dropped, errors, rows }, { flushed: recorded, dropped: 0, errors: 0, rows: recorded });
    assertEquals(otherNames(directory), []);
    const grown = after - before;
    assert(grown < LIMIT, `the resident set grew by ${grown} bytes, from ${before} to ${after}`);
    recordFigure(16, `the resident set grew by ${Math.round(grown / 1000)} kB over ${SAMPLES} samples`);
  });
});

/** Counts the rows of published files and deletes the files, until the program has exited. */
async function takeRows(directory: string, ended: Promise<unknown>): Promise<number> {
  let rows = 0;
  let running = true;
  void ended.finally(() => running = false);
  for (let last = false; !last;) {
    last = !running;
    for (const name of existsSync(directory) ? csvFiles(directory, "duration") : []) {
      const path = join(directory, name);
      rows += readFileRows(path);
      unlinkSync(path);
    }
    if (!last) await sleep(50);
  }
  return rows;
}
