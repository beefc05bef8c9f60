import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import process from "node:process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { recover } from "../../../mod.ts";
import { detect } from "../../../runtime_adapters/detect.ts";
import { parseProgramRecord, type ProgramEnd } from "../../../src/files/program_record.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { type Ended, onlyOn, type RuntimeName, spawnOn, thisRuntime } from "../../support/process/run.ts";

const { files } = detect(globalThis);

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
  /** How its program record says that it ended. Default: with its exit code. */
  readonly recorded?: Partial<ProgramEnd>;
}

/** What the record of a program says that an uncaught error ended. Deno tells no code then. */
const UNCAUGHT = { how: "uncaught", error: "Error", ...thisRuntime === "deno" ? {} : { exitCode: 1 } } as const;

/** Bun tells the code 0 as it tells the 1 of an uncaught rejection, so neither is recorded. */
const ZERO = thisRuntime === "bun" ? { how: "exit" } as const : { how: "exit", exitCode: 0 } as const;

const ENDS: Record<string, End> = {
  naturally: { code: 0, recorded: ZERO },
  "process.exit": { code: 3 },
  "Deno.exit": { code: 4, runtime: "deno" },
  "process.exit in a listener for beforeExit": { code: 5 },
  "process.exit while it stops": { code: 0 },
  "an uncaught error": { code: 1, stderr: "uncaught", keepsSpools: thisRuntime === "deno", recorded: UNCAUGHT },
  "an uncaught error at its top level": {
    code: 1,
    stderr: "uncaught",
    keepsSpools: thisRuntime === "deno",
    recorded: UNCAUGHT,
  },
  "an uncaught rejection": {
    code: 1,
    stderr: "uncaught",
    keepsSpools: thisRuntime === "deno",
    recorded: thisRuntime === "bun" ? ZERO : UNCAUGHT,
  },
  "an uncaught error that it handles": { code: 6, late: 1 },
  "a listener for its exit that records": { code: 0, late: 1, recorded: ZERO },
  "a signal that it handles": { code: 7, sent: "SIGTERM", late: 1 },
  "a signal that it outlives": { code: 0, sent: "SIGINT", late: 2, recorded: ZERO },
};

/** Names in a directory that are not published files. */
function unpublished(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true }) as string[];
  return names.filter((name) => !/^(duration|custom|runtime|program)\.[^/]*(csv|json)$/.test(name)).sort();
}

/** The end in the only program record of a directory. */
function recordedEnd(directory: string): ProgramEnd | undefined {
  const names = readdirSync(directory).filter((name) => name.startsWith("program."));
  assertEquals(names.length, 1);
  const record = parseProgramRecord(names[0]!, readFileSync(`${directory}/${names[0]}`));
  assert(record.ok);
  return record.value.end;
}

/** Asserts that the record of a program has its end, and that all rows are accounted for. */
function assertRecorded(directory: string, expected: Partial<ProgramEnd>): void {
  const { at = 0n, counts = {}, ...end } = recordedEnd(directory) ?? {};
  assertEquals<unknown>(end, expected);
  assert(at > 1_700_000_000_000_000_000n);
  const { recorded = 0, flushed = 0, buffered = 0, dropped = 0 } = counts;
  assert(recorded > SAMPLES);
  assertEquals({ flushed, buffered, dropped }, { flushed: recorded, buffered: 0, dropped: 0 });
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
    for (const [how, expected] of Object.entries(ENDS)) {
      const { code = null, signal = null, sent, late, stderr = "", keepsSpools = false, runtime = thisRuntime } =
        expected;
      it(how, { skip: onlyOn(runtime) }, async () => {
        using scratch = scratchDirectory();
        const { end } = await runToEnd(runtime, RECORD_AND_END, [scratch.path, layout, how], sent);
        assertEquals({ code: end.code, signal: end.signal }, { code, signal }, end.stderr);
        if (stderr === "") assertEquals(end.stderr, "");
        else assertStringIncludes(end.stderr, stderr);
        const durations = { early: SAMPLES, ...late === undefined ? {} : { late } };
        assertEquals(countByLabel(scratch.path, "duration"), durations);
        assertEquals(countByLabel(scratch.path, "custom"), { "queue length": 1 });
        assert(countByLabel(scratch.path, "runtime")["rss"]! > 1);
        assertRecorded(scratch.path, expected.recorded ?? { how: "exit", exitCode: code! });
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
        assertRecorded(scratch.path, { how: "signal", signal });
        await assertNothingLeft(scratch.path, false);
      });
    }
  });
}

describe("program that receives SIGTERM with a full buffer", () => {
  it("exits in less than a second", async () => {
    for (const layout of LAYOUTS) {
      /** Times from the signal to the exit, ms. On a busy machine one may be long. */
      const times: number[] = [];
      while (times.length < 5 && !times.some((ms) => ms < 1_000)) {
        using scratch = scratchDirectory();
        const args = [scratch.path, layout, "a signal"];
        times.push((await runToEnd(thisRuntime, RECORD_AND_END, args, "SIGTERM")).lived);
      }
      console.log(`exit on ${thisRuntime} in layout ${layout} took ${times.map((ms) => ms.toFixed(1)).join(", ")} ms`);
      assert(times.at(-1)! < 1_000, `${times} ms`);
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

describe("program record of a program that is killed", () => {
  for (const durability of ["spool", "memory"] as const) {
    it(`has no end until somebody recovers what is left of it: durability ${durability}`, async () => {
      using scratch = scratchDirectory();
      const { end } = await runToEnd(
        thisRuntime,
        fixture("recording_until_killed.ts"),
        [scratch.path, durability],
        "SIGKILL",
      );
      assertEquals(end.signal, "SIGKILL");
      assertEquals(recordedEnd(scratch.path), undefined);
      const before = BigInt(Date.now()) * 1_000_000n;
      assertEquals((await recover(scratch.path)).failures, []);
      const { how, at = 0n } = recordedEnd(scratch.path) ?? {};
      // The free lock of a spool, or of the file that a program without spools has, tells of its death.
      assertEquals(how, files.locks ? "killed" : undefined);
      if (files.locks) assert(at <= before && before - at < 60_000_000_000n, `${at} of ${before}`);
      const hasSpools = durability === "spool" && files.map !== undefined;
      assertEquals(countByLabel(scratch.path, "custom"), hasSpools ? { "queue length": 1 } : {});
    });
  }

  it("tells no argument, variable, path or message of an error", async () => {
    using scratch = scratchDirectory();
    const directory = `${scratch.path}/secret-directory`;
    const { ended } = spawnOn(thisRuntime, fixture("recording_secrets.ts"), [directory, "secret-argument"], {
      env: { SECRET: "secret-variable", OTEL_SERVICE_NAME: "orders" },
    });
    assertStringIncludes((await ended).stderr, "secret-message");
    const [name = ""] = readdirSync(directory).filter((name) => name.startsWith("program."));
    const text = readFileSync(`${directory}/${name}`, "utf8");
    assertEquals(text.includes("secret-"), false, text);
    const { name: service, script, runtime, end: { how } } = JSON.parse(text);
    assertEquals({ service, script, runtime, how }, {
      service: "orders",
      script: "recording_secrets.ts",
      runtime: thisRuntime,
      how: "uncaught",
    });
  });
});
