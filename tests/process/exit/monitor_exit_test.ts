import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import process from "node:process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { recover } from "../../../mod.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { type Ended, type RuntimeName, spawnOn, thisRuntime } from "../../support/process/run.ts";

const LAYOUTS = ["segments", "append"] as const;

/** Samples that `tests/support/programs/record_and_end.ts` records before it exits. */
const SAMPLES = 25_000;

/** How a program must exit, and what it must leave. */
interface End {
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
  /** Sent once the program has recorded. */
  readonly sent?: NodeJS.Signals;
  /** Samples that it records while it exits. */
  readonly late?: number;
  /** Part of its output on stderr. */
  readonly stderr?: string;
  /**
   * Its spools remain, empty: on Deno the last event of such an exit does not mean that the program
   * will not go on.
   */
  readonly keepsSpools?: boolean;
  readonly runtime?: RuntimeName;
}

const ENDS: Record<string, End> = {
  naturally: { code: 0 },
  "process.exit": { code: 3 },
  "Deno.exit": { code: 4, runtime: "deno" },
  "process.exit in a listener for beforeExit": { code: 5 },
  "process.exit while it stops": { code: 0 },
  "an uncaught error": { code: 1, stderr: "uncaught", keepsSpools: thisRuntime === "deno" },
  "an uncaught error at its top level": { code: 1, stderr: "uncaught", keepsSpools: thisRuntime === "deno" },
  "an uncaught rejection": { code: 1, stderr: "uncaught", keepsSpools: thisRuntime === "deno" },
  "an uncaught error that it handles": { code: 6, late: 1 },
  "a listener for its exit that records": { code: 0, late: 1 },
  "a signal that it handles": { code: 7, sent: "SIGTERM", late: 1 },
  "a signal that it outlives": { code: 0, sent: "SIGINT", late: 2 },
};

/** Names in a directory that are not published files. */
function unpublished(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true }) as string[];
  return names.filter((name) => !/^(duration|custom|runtime)\.[^/]*csv$/.test(name)).sort();
}

/** Asserts that a program published all its rows, and left no spool, or only empty ones. */
async function assertNothingLeft(directory: string, keepsSpools: boolean): Promise<void> {
  assertEquals(existsSync(`${directory}/.spools`), keepsSpools);
  if (keepsSpools) {
    const { rows, damaged, alive, failures } = await recover(directory);
    assertEquals({ rows, damaged, alive, failures }, { rows: 0, damaged: 0, alive: 0, failures: [] });
  }
  assertEquals(unpublished(directory), []);
}

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const RECORD_AND_END = fileURLToPath(new URL("../../support/programs/record_and_end.ts", import.meta.url));

/**
 * Runs a program, and sends it a signal at its first output. Returns its exit, and how long it
 * lived after that, ms.
 */
async function runToEnd(runtime: RuntimeName, file: string, args: readonly string[], sent: NodeJS.Signals | undefined) {
  const { child, ended } = spawnOn(runtime, file, args);
  let sentAt = 0;
  child.stdout.once("data", () => {
    sentAt = performance.now();
    // Not `child.kill`, after which Deno always reports the signal as the cause of the exit.
    if (sent !== undefined) process.kill(child.pid!, sent);
  });
  const end: Ended = await ended;
  return { end, lived: performance.now() - sentAt };
}

for (const layout of LAYOUTS) {
  describe(`program that exits without stop loses no row in layout ${layout}, by`, () => {
    for (
      const [how, { code = null, signal = null, sent, late, stderr = "", keepsSpools = false, runtime = thisRuntime }]
        of Object.entries(ENDS)
    ) {
      it(how, async () => {
        using scratch = scratchDirectory();
        const { end } = await runToEnd(runtime, RECORD_AND_END, [scratch.path, layout, how], sent);
        assertEquals({ code: end.code, signal: end.signal }, { code, signal }, end.stderr);
        if (stderr === "") assertEquals(end.stderr, "");
        else assertStringIncludes(end.stderr, stderr);
        const durations = { early: SAMPLES, ...late === undefined ? {} : { late } };
        assertEquals(countByLabel(scratch.path, "duration"), durations);
        assertEquals(countByLabel(scratch.path, "custom"), { "queue length": 1 });
        assert(countByLabel(scratch.path, "runtime")["rss"]! > 1);
        await assertNothingLeft(scratch.path, keepsSpools);
      });
    }

    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      it(signal, async () => {
        using scratch = scratchDirectory();
        const args = [scratch.path, layout, "a signal"];
        const { end } = await runToEnd(thisRuntime, RECORD_AND_END, args, signal);
        assertEquals({ code: end.code, signal: end.signal, stderr: end.stderr }, { code: null, signal, stderr: "" });
        assertEquals(countByLabel(scratch.path, "duration"), { early: SAMPLES });
        await assertNothingLeft(scratch.path, false);
      });
    }
  });
}

describe("program that receives SIGTERM with a full buffer", () => {
  it("exits in less than a second", async () => {
    /** Time from the signal to the exit, ms: the median of five. */
    const lives = async (layout: string): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < 5; i++) {
        using scratch = scratchDirectory();
        const args = [scratch.path, layout, "a signal"];
        times.push((await runToEnd(thisRuntime, RECORD_AND_END, args, "SIGTERM")).lived);
      }
      return times.sort((a, b) => a - b)[2]!;
    };
    const bare = await lives("none");
    for (const layout of LAYOUTS) {
      const added = await lives(layout) - bare;
      console.log(`exit on ${thisRuntime} takes ${added.toFixed(1)} ms longer in layout ${layout}`);
      assert(added < 1000, `${added} ms`);
    }
  });
});

/**
 * Attempts until a worker writes its rows itself: on a busy machine it may be late, and the rows
 * stay in its spools.
 */
const TRIES = 10;

describe("program and worker that exit without stop lose no row", () => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    it(`on ${signal}`, async () => {
      let recovered = Infinity;
      for (let i = 0; i < TRIES && recovered > 0; i++) {
        using scratch = scratchDirectory();
        const args = [scratch.path, "by a signal"];
        const { end } = await runToEnd(thisRuntime, fixture("monitored_isolates.ts"), args, signal);
        assertEquals({ code: end.code, signal: end.signal, stderr: end.stderr }, { code: null, signal, stderr: "" });
        assertEquals(countByLabel(scratch.path, "duration")["main"], 1000);
        const { rows, damaged, alive, failures } = await recover(scratch.path);
        assertEquals({ damaged, alive, failures }, { damaged: 0, alive: 0, failures: [] });
        assertEquals(countByLabel(scratch.path, "duration"), { main: 1000, worker: 1000 });
        assertEquals(unpublished(scratch.path), []);
        recovered = rows;
      }
      assertEquals(recovered, 0, "the worker never wrote its rows itself");
    });
  }

  it("when the worker closes itself, and then the program exits", async () => {
    using scratch = scratchDirectory();
    const args = [scratch.path, "naturally"];
    const { end } = await runToEnd(thisRuntime, fixture("monitored_isolates.ts"), args, undefined);
    assertEquals({ code: end.code, signal: end.signal, stderr: end.stderr }, { code: 0, signal: null, stderr: "" });
    assertEquals(countByLabel(scratch.path, "duration"), { main: 1000, worker: 1000 });
    await assertNothingLeft(scratch.path, false);
  });
});
