import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { readProgramRecord } from "../../../../src/files/program_record.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { spawnOn, thisRuntime } from "../../../support/process/run.ts";
import { recordFigure } from "../../../support/faults/fault_figures.ts";
import type { TerminationPlan } from "./fixtures/terminating_main.ts";
import { assertAllThere, recoverDeadWriters } from "../../../support/faults/acknowledged_rows.ts";
import { type Acknowledged, LAYOUTS } from "../../../support/faults/acknowledging_writer_controller.ts";
import { shortOrFull } from "../../../support/faults/suite_size.ts";
import { randomNumbers } from "../../../support/random.ts";
import { LEAST_THRESHOLD } from "../../../support/small_buffers.ts";

const fixture = fileURLToPath(new URL("./fixtures/terminating_main.ts", import.meta.url));

/**
 * Programs, and terminated workers of each. On Deno busy loops go on until the program exits, so
 * there cannot be many.
 */
const PROGRAMS = shortOrFull(1, 25);
const WORKERS = 8;

/** Most numbers that a worker records until it is terminated; a buffer holds 384. */
const MOST = 1_000;

for (const layout of LAYOUTS) {
  describe(`workers terminated while they record in layout ${layout}`, () => {
    it("lose no row, even in a busy loop, and do not change the exit code of the program", async () => {
      using scratch = scratchDirectory();
      const monitoringDir = scratch.at("monitoring");
      const random = randomNumbers(10);
      const acknowledged: Acknowledged = new Map();
      for (let i = 0; i < PROGRAMS; i++) {
        const workers = Array.from({ length: WORKERS }, (_, j) => ({
          name: `worker ${i} ${j}`,
          busy: j % 2 === 0,
          numbers: 1 + Math.floor(random() * (j % 2 === 0 ? MOST : MOST / 10)),
        }));
        const plan: TerminationPlan = { options: { monitoringDir, layout, memoryThreshold: LEAST_THRESHOLD }, workers };
        const { code, signal, stdout, stderr } = await spawnOn(thisRuntime, fixture, [JSON.stringify(plan)]).ended;
        assertEquals({ code, signal, stderr }, { code: 7, signal: null, stderr: "" });
        for (const { name, recorded } of JSON.parse(stdout)) acknowledged.set(name, recorded);
        await recoverDeadWriters(monitoringDir);
      }
      const records = readdirSync(monitoringDir).filter((name) => name.startsWith("program."))
        .map((name) => readProgramRecord(defaultRuntime().files, `${monitoringDir}/${name}`));
      const ends = records.map((read) => read.ok && `${read.value.kind} ${read.value.end?.how}`).sort();
      assertEquals(ends, [...Array(PROGRAMS).fill("main stop"), ...Array(PROGRAMS * WORKERS).fill("worker killed")]);
      const rows = assertAllThere(monitoringDir, acknowledged);
      recordFigure(
        10,
        `${layout}: ${PROGRAMS * WORKERS} workers terminated, every other in a busy loop; ${rows} rows; ` +
          `0 lost, exit status unchanged`,
      );
    });
  });
}
