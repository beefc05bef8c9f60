import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { countByLabelInDuckDb } from "../../support/process/duckdb_rows.ts";
import { type RuntimeName, thisRuntime } from "../../support/process/run.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import {
  assertFoundOnce,
  assertNoNameTwice,
  type Crowd,
  expectedCounts,
  LAYOUTS,
  recordTogether,
} from "../../support/process/concurrent_isolates.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";

const PROCESSES = shortOrFull(2, 16);
const WORKERS = 4 * PROCESSES;
const ISOLATES = PROCESSES + WORKERS;
// On Bun this test starts the same programs again, so they record fewer.
const ROWS = shortOrFull(thisRuntime === "deno" ? 120_000 : 60_000, 10_000_000);

const crowd: Crowd = {
  processes: Object.fromEntries(
    Array.from({ length: PROCESSES }, (_, i): [string, RuntimeName] => [`p${i}`, i % 2 === 0 ? "deno" : "bun"]),
  ),
  workers: WORKERS / PROCESSES,
  samples: ROWS / ISOLATES,
  // Small buffers, so that the short form also makes several files for each isolate.
  memoryThreshold: shortOrFull(2 ** 16, 2 ** 20),
};

describe(`${PROCESSES} processes, half of them on Deno and half on Bun, with ${WORKERS} workers, that record into one directory`, () => {
  for (const layout of LAYOUTS) {
    it(`lose, repeat and tear no row, and use no file name twice, in layout ${layout}`, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      await recordTogether(crowd, directory, layout);
      assertFoundOnce(crowd, directory);
      const files = assertNoNameTwice(crowd, directory, layout);
      assertEquals(await countByLabelInDuckDb(directory, "duration"), expectedCounts(crowd));
      const named = layout === "segments" ? `, ${files} names all different` : "";
      recordFigure(11, `${layout}: ${ISOLATES} isolates, ${ROWS} rows, each found once, 0 torn${named}`);
    });
  }
});
