import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { recover } from "../../../mod.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { type Ended, type RuntimeName, spawnOn, thisRuntime } from "../../support/process/run.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";

const ENDING_PROGRAM = fileURLToPath(new URL("./fixtures/ending_program.ts", import.meta.url));

/** Runs the program, and sends it SIGTERM when it is ready if it waits for a signal. */
async function run(runtime: RuntimeName, way: string, directory = "", durability = "none"): Promise<Ended> {
  const spawned = spawnOn(runtime, ENDING_PROGRAM, [directory, durability, way], { timeLimit: 20_000 });
  if (way.includes("signal")) void spawned.said(/^ready$/m).then(() => spawned.kill("SIGTERM"));
  const ended = await spawned.ended;
  return { ...ended, stderr: ended.stderr.includes("on purpose") ? "on purpose" : ended.stderr };
}

/**
 * Asserts that the program ends with Kymo as it does without, with all its rows in files and nothing
 * left over, whatever the durability.
 */
function itLosesNoRow(way: string, { runtime = thisRuntime, late = 0, keepsSpools = false } = {}): void {
  it(way, async () => {
    const plain = await run(runtime, way);
    for (const durability of ["spool", "memory"]) {
      using scratch = scratchDirectory();
      assertEquals(await run(runtime, way, scratch.path, durability), plain);
      assertEquals(countByLabel(scratch.path, "custom"), { early: 1, ...late === 0 ? {} : { late } });
      if (keepsSpools) assertEquals((await recover(scratch.path)).rows, 0);
      assertEquals(existsSync(scratch.at(".spools")), false);
    }
  });
}

describe("program that removes listeners of process loses no row, and ends as without Kymo", () => {
  itLosesNoRow("naturally, all listeners for exit removed");
  itLosesNoRow("naturally, all listeners removed");
  itLosesNoRow("by process.exit, all listeners for exit removed");
  itLosesNoRow("by process.exit, all listeners removed");
  itLosesNoRow("by process.exit, all listeners removed, with a listener for exit", { late: 1 });
  // On Deno nothing tells after an uncaught error that the program will not go on.
  itLosesNoRow("by an uncaught error, all listeners removed", { keepsSpools: thisRuntime === "deno" });
  itLosesNoRow("by a signal, all listeners for it removed");
  itLosesNoRow("by a signal, all listeners removed");
  itLosesNoRow("by a signal, each listener for it removed");
  itLosesNoRow("by a signal, all listeners for it removed and restored");
  itLosesNoRow("by a signal, its own listener removed");
  itLosesNoRow("by a signal, its own listener to be called once removed");
});
