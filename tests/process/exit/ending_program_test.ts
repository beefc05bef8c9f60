import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { recover } from "../../../mod.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { type Ended, onlyOn, type RuntimeName, spawnOn, thisRuntime } from "../../support/process/run.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";

const ENDING_PROGRAM = fileURLToPath(new URL("./fixtures/ending_program.ts", import.meta.url));

/** Runs the program, and sends it SIGTERM when it is ready if it waits for a signal. */
async function run(
  runtime: RuntimeName,
  way: string,
  directory = "",
  durability = "none",
  { args = [], flags = ["-A"] }: { args?: readonly string[]; flags?: readonly string[] } = {},
): Promise<Ended> {
  const all = [...args, directory, durability, way];
  const spawned = spawnOn(runtime, ENDING_PROGRAM, all, { timeLimit: 20_000, permissions: flags });
  if (way.includes("signal")) void spawned.said(/^ready$/m).then(() => spawned.kill("SIGTERM"));
  const ended = await spawned.ended;
  return { ...ended, stderr: ended.stderr.includes("on purpose") ? "on purpose" : ended.stderr };
}

/** How the program runs, and what it leaves. */
interface Expectations {
  readonly runtime?: RuntimeName;
  readonly late?: number;
  readonly files?: number;
  readonly keepsSpools?: boolean;
}

/**
 * Asserts that the program ends with Kymo as it does without, with all its rows in files and nothing
 * left over, whatever the durability.
 */
async function assertNoRowLost(
  way: string,
  { runtime = thisRuntime, late = 0, files, keepsSpools = false }: Expectations = {},
): Promise<void> {
  const plain = await run(runtime, way);
  for (const durability of ["spool", "memory"]) {
    using scratch = scratchDirectory();
    assertEquals(await run(runtime, way, scratch.path, durability), plain);
    assertEquals(countByLabel(scratch.path, "custom"), { early: 1, ...late === 0 ? {} : { late } });
    const published = readdirSync(scratch.path).filter((name) => name.endsWith(".csv"));
    if (files !== undefined) assertEquals(published.length, files);
    if (keepsSpools) assertEquals((await recover(scratch.path)).rows, 0);
    assertEquals(existsSync(scratch.at(".spools")), false);
  }
}

/** Tests that {@linkcode assertNoRowLost} holds, by the suite of the program's runtime. */
function itLosesNoRow(way: string, expectations: Expectations = {}): void {
  const skip = onlyOn(expectations.runtime ?? thisRuntime);
  it(way, { skip }, () => assertNoRowLost(way, expectations));
}

describe("program that records when it ends loses no row, and ends as without Kymo", () => {
  itLosesNoRow("naturally, with a listener for exit", { late: 1 });
  itLosesNoRow("naturally, with a listener for exit to be called once", { late: 1 });
  itLosesNoRow("naturally, with a listener for exit added in one for beforeExit", { late: 1 });
  itLosesNoRow("naturally, with much to record in a listener for exit", {
    late: 5_000,
    files: thisRuntime === "deno" ? 2 : 1,
  });
  itLosesNoRow("by process.exit, with a listener for exit", { late: 1 });
  itLosesNoRow("by process.exit, with a listener for exit added just before", { late: 1, files: 1 });
  itLosesNoRow("by process.exit, with a listener for exit added in front of others", { late: 1, files: 1 });
  // On Deno nothing calls listeners for exit then.
  const uncaught = "by an uncaught error, with a listener for exit added just before";
  it(uncaught, { skip: thisRuntime === "deno" ? "only on Bun and Node" : false }, () => {
    return assertNoRowLost(uncaught, { late: 1 });
  });
  itLosesNoRow("by a process.exit that it took early, with a listener for exit added just before", {
    late: 1,
    files: 2,
  });
  itLosesNoRow("by a process.exit that it took early, with much to record at last", { late: 5_000, files: 2 });
  const onDeno = { runtime: "deno", late: 1 } as const;
  itLosesNoRow("naturally, with a listener for unload", onDeno);
  itLosesNoRow("naturally, with onunload", onDeno);
  itLosesNoRow("naturally, with a listener for exit added in one for unload", onDeno);
  itLosesNoRow("by process.exit, with a listener for unload", { ...onDeno, files: 2 });
  itLosesNoRow("by process.exit, with a listener for unload added in one for exit", { ...onDeno, files: 2 });
  itLosesNoRow("by Deno.exit, with much to record in a listener for unload", { ...onDeno, late: 5_000, files: 1 });
  itLosesNoRow("by Deno.exit, with onunload", { ...onDeno, files: 1 });
  itLosesNoRow("by a Deno.exit that it took early, with a listener for unload", { ...onDeno, files: 2 });
});

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

describe("program that records when nothing else runs any more", () => {
  it("keeps rows of every kind of call, in channels old and new, and counts them in its record", async () => {
    using scratch = scratchDirectory();
    const way = "by a process.exit that it took early, with much of all kinds to record at last";
    const { code, stderr } = await run(thisRuntime, way, scratch.path, "memory");
    assertEquals({ code, stderr }, { code: 3, stderr: "" });
    assertEquals(countByLabel(scratch.path, "custom"), { early: 1, late: 4 });
    assertEquals(countByLabel(scratch.path, "opened_late"), { late: 1 });
    assertEquals(countByLabel(scratch.path, "duration"), { late: 1 });
    const [record = ""] = readdirSync(scratch.path).filter((name) => name.startsWith("program."));
    const { counts, how } = JSON.parse(readFileSync(scratch.at(record), "utf8")).end;
    assertEquals({ how, recorded: counts.recorded, flushed: counts.flushed }, { how: "exit", recorded: 7, flushed: 7 });
  });
});

describe("program on Deno whose own arguments look like those of Deno's watcher loses no row at SIGTERM", () => {
  const commands: Record<string, Parameters<typeof run>[4]> = {
    "--watch first": { args: ["--watch"] },
    "--watch-dir=/data": { args: ["--watch-dir=/data"] },
    "--watch after others": { args: ["x", "", "--watch", ""] },
    "--watch-hmr": { args: ["--watch-hmr"] },
    "deno run --watch-exclude, which does not watch": { flags: ["-A", "--watch-exclude=x"] },
  };
  for (const [name, command] of Object.entries(commands)) {
    it(name, { skip: onlyOn("deno") }, async () => {
      using scratch = scratchDirectory();
      const { code, signal } = await run("deno", "by a signal", scratch.path, "memory", command);
      assertEquals({ code, signal }, { code: null, signal: "SIGTERM" });
      assertEquals(countByLabel(scratch.path, "custom"), { early: 1 });
    });
  }
});
