import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { commandOf, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { readNumbers } from "../../support/process/recorded_numbers.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { readTrace, underStrace } from "../../support/faults/strace.ts";
import { cannotTrace } from "../../support/process/system_tools.ts";

const fixture = fileURLToPath(new URL("./fixtures/full_rate.ts", import.meta.url));

const skip = cannotTrace();

const LAYOUTS = ["segments", "append"] as const;

/** Delay of every write to a file, and duration of the recording, s. */
const DELAY = shortOrFull(0.3, 5);
const DURATION = shortOrFull(3, 60);

/** Bytes of both buffers, and more numbers than one of them holds. */
const MEMORY_THRESHOLD = 2 ** 18;
const WARM_UP = 8_000;

/** Allowed growth of the program, bytes. */
const MOST_GROWTH = 10_000_000;

/** Time limit for the recording and for writing the buffers at its end, ms. */
const TIME_LIMIT = (DURATION + 60 * DELAY) * 1_000 + 60_000;

for (const layout of LAYOUTS) {
  describe(`recording at full rate with slow writes in layout ${layout}`, () => {
    it("counts every dropped row, and does not grow", { skip }, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      mkdirSync(directory);
      const log = scratch.at("trace");
      const options = { monitoringDir: directory, layout, memoryThreshold: MEMORY_THRESHOLD };
      const inject = [`?write,?writev,?pwrite64,?pwritev:delay_enter=${DELAY}s`];
      const { ended } = spawnCommand([
        ...underStrace({ directory, log, inject, files: 40 }),
        ...commandOf(thisRuntime, fixture, [JSON.stringify(options), String(DURATION * 1000), String(WARM_UP)]),
      ], { timeLimit: TIME_LIMIT });
      const { code, signal, stdout, stderr } = await ended;
      assertEquals({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
      const { recorded, flushed, buffered, dropped, errors, growth } = JSON.parse(stdout);
      assertEquals({ buffered, errors }, { buffered: 0, errors: 0 });
      assertEquals(recorded, flushed + dropped);
      assert(recorded > WARM_UP);
      const numbers = readNumbers(directory);
      assertEquals({ rows: numbers.length, different: new Set(numbers).size }, { rows: flushed, different: flushed });
      const delayed = readTrace(log).filter(({ injected }) => injected).length;
      assert(delayed > 0, "no write was delayed");
      assert(growth < MOST_GROWTH, `it grew by ${growth} bytes`);
      recordFigure(
        13,
        `${layout}: ${delayed} writes of ${DELAY} s each in ${DURATION} s at full rate: ${recorded} recorded, ` +
          `${dropped} dropped, conserved, RSS growth ${(growth / 1e6).toFixed(1)} MB`,
      );
    });
  });
}
