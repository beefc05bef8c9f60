import { after, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { recover } from "../../../../mod.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { countByLabel, readRows } from "../../../support/process/recorded_rows.ts";
import {
  commandOf,
  type Ended,
  onlyOn,
  type RuntimeName,
  spawnCommand,
  thisRuntime,
} from "../../../support/process/run.ts";
import { recordFigure } from "../../../support/faults/fault_figures.ts";
import { shortOrFull } from "../../../support/faults/suite_size.ts";

const LAYOUTS = ["segments", "append"] as const;

/** Runs of each exit. */
const TIMES = shortOrFull(1, 10);

/** Rows that `record_and_end.ts` records before it exits, by channel. */
const RECORDED = { duration: { early: 25_000 }, custom: { "queue length": 1 } };

/** A kind of exit. */
interface End {
  /** What the program does. */
  readonly how: string;
  /** Sent to the program once it has printed `ready`. */
  readonly sent?: NodeJS.Signals;
  /** Its exit, by runtime where that is known. */
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
  readonly runtime?: RuntimeName;
  /** Samples that it records while it exits. */
  readonly late?: number;
  /** Flags of Deno beside the permissions. */
  readonly flags?: readonly string[];
}

/** Exits at which exit hooks run. */
const SOFT_ENDS: readonly End[] = [
  { how: "naturally", code: 0 },
  { how: "process.exit", code: 3 },
  { how: "Deno.exit", code: 4, runtime: "deno" },
  { how: "process.exit in a listener for beforeExit", code: 5 },
  { how: "an uncaught error", code: 1 },
  { how: "an uncaught error at its top level", code: 1 },
  { how: "an uncaught rejection", code: 1 },
  { how: "an uncaught error that it handles", code: 6, late: 1 },
  { how: "a signal", sent: "SIGTERM", signal: "SIGTERM" },
  { how: "a signal", sent: "SIGINT", signal: "SIGINT" },
  { how: "a signal", sent: "SIGHUP", signal: "SIGHUP" },
  { how: "a signal that it handles", sent: "SIGTERM", code: 7, late: 1 },
  { how: "a signal that it outlives", sent: "SIGINT", code: 0, late: 2 },
];

/** Exits at which no hook runs: the rows are in spools. */
const HARD_ENDS: readonly End[] = [
  { how: "process.abort", signal: "SIGABRT" },
  // Bun has no memory limit of its own: the system kills it with SIGKILL.
  { how: "running out of memory", runtime: "deno", flags: ["--v8-flags=--max-old-space-size=64"], signal: "SIGTRAP" },
  { how: "a signal", sent: "SIGQUIT", signal: "SIGQUIT" },
  { how: "a signal", sent: "SIGKILL", signal: "SIGKILL" },
];

/** Exits of a program whose workers record. */
const ENDS_WITH_WORKERS: readonly End[] = [
  { how: "naturally", code: 0 },
  { how: "process.exit", code: 3 },
  { how: "Deno.exit", code: 4, runtime: "deno" },
  { how: "an uncaught error", code: 1 },
  { how: "process.abort", signal: "SIGABRT" },
  { how: "a signal", sent: "SIGTERM", signal: "SIGTERM" },
  { how: "a signal", sent: "SIGKILL", signal: "SIGKILL" },
  { how: "process.exit in the workers", code: 0 },
  { how: "an uncaught error in the workers", code: 0 },
];

/** Longest wait for the end of a program, ms: workers on older Buns hang when they end themselves. */
const PATIENCE = 30_000;

const nameOf = ({ how, sent }: End): string => sent === undefined ? how : `${how}: ${sent}`;

const RECORD = fileURLToPath(new URL("../../../support/programs/record_and_end.ts", import.meta.url));
const RECORD_IN_WORKERS = fileURLToPath(new URL("./fixtures/exit_without_stop.ts", import.meta.url));

/** Runs a program without core dumps, which would take longer than everything else. */
async function run(file: string, args: readonly string[], { runtime = thisRuntime, sent, flags = [] }: End) {
  const command = commandOf(runtime, file, args, ["-A", ...flags]);
  const { child, ended, said } = spawnCommand(["sh", "-c", 'ulimit -c 0 && exec "$@"', "sh", ...command], {
    timeLimit: PATIENCE,
  });
  // Not `child.kill`, after which Deno always reports the signal as the cause of the exit.
  if (sent !== undefined) void said(/^ready$/m).then(() => process.kill(child.pid!, sent));
  return await ended;
}

/**
 * The exit and output of a program, without its acknowledgements, and without what is never the same twice:
 * the crash report of a runtime, and the outer frames of a stack, some of which Bun leaves out now and then.
 */
function endOf({ code, signal, stdout, stderr }: Ended) {
  const lines = stdout.split("\n").filter((line) => !/^(one|two) \d+$/.test(line));
  const told = stderr.replace(/^( +at .*\n)(?: +at .*\n)+/gm, "$1");
  const crashed = signal === "SIGABRT" || signal === "SIGTRAP";
  return { code, signal, said: lines.sort(), stderr: crashed ? "" : told };
}

/** Asserts that a program exits as it does without Kymo, and as expected. */
function assertSameEnd(ended: Ended, bare: Ended, end: End): void {
  const { code, signal } = ended;
  assertEquals({ code, signal }, { code: end.code ?? null, signal: end.signal ?? null });
  assertEquals(endOf(ended), endOf(bare));
}

/** Recovers, and asserts that only published files remain. Returns the number of recovered rows. */
async function recoverRows(directory: string): Promise<number> {
  const { rows, damaged, alive, failures } = await recover(directory);
  assertEquals({ damaged, alive, failures }, { damaged: 0, alive: 0, failures: [] });
  assertEquals(readdirSync(directory).filter((name) => !/^(\w+\..*csv|program\..*json)$/.test(name)), []);
  return rows;
}

/** Number of exits that lost no row. */
let shown = 0;

/** Runs a check as often as the suite asks for, and counts it as one exit. */
async function repeat(work: () => Promise<void>): Promise<void> {
  for (let i = 0; i < TIMES; i++) await work();
  shown++;
}

after(() => recordFigure(9, `${shown} ends, ${TIMES} times each: 0 lost, exit status as without Kymo`));

for (const layout of LAYOUTS) {
  describe(`program that exits without stop, in layout ${layout}, exits as without Kymo and loses no row`, () => {
    for (const end of [...layout === "segments" ? SOFT_ENDS : [], ...HARD_ENDS]) {
      it(nameOf(end), { skip: onlyOn(end.runtime ?? thisRuntime) }, () =>
        repeat(async () => {
          using scratch = scratchDirectory();
          const directory = scratch.at("monitoring");
          const [bare, ended] = await Promise.all([
            run(RECORD, [directory, "none", end.how], end),
            run(RECORD, [directory, layout, end.how], end),
          ]);
          assertSameEnd(ended, bare, end);
          const recovered = await recoverRows(directory);
          const late = end.late === undefined ? {} : { late: end.late };
          assertEquals(countByLabel(directory, "duration"), { ...RECORDED.duration, ...late });
          assertEquals(countByLabel(directory, "custom"), RECORDED.custom);
          // Where exit hooks run, everything is published; elsewhere nothing.
          assertEquals(recovered > 0, HARD_ENDS.includes(end), `${recovered} rows were recovered`);
        }));
    }
  });
}

describe("program that exits while its workers record exits as without Kymo and loses no row", () => {
  for (const end of ENDS_WITH_WORKERS) {
    it(nameOf(end), { skip: onlyOn(end.runtime ?? thisRuntime) }, () =>
      repeat(async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        const [bare, ended] = await Promise.all([
          run(RECORD_IN_WORKERS, ["none", end.how], end),
          run(RECORD_IN_WORKERS, [directory, end.how], end),
        ]);
        assertSameEnd(ended, bare, end);
        await recoverRows(directory);
        for (const name of ["one", "two"]) {
          const acknowledged = Number([...ended.stdout.matchAll(new RegExp(`^${name} (\\d+)$`, "gm"))].at(-1)?.[1]);
          const numbers: number[] = [];
          readRows(directory, "custom", (label, _pid, _seconds, _nanoseconds, number) => {
            if (label === name) numbers.push(number);
          });
          const wrong = numbers.sort((a, b) => a - b).findIndex((number, i) => number !== i);
          assert(wrong < 0, `number ${wrong} of ${name} is ${numbers[wrong]}`);
          assert(numbers.length >= acknowledged, `of ${acknowledged} acknowledged there are ${numbers.length}`);
        }
      }));
  }
});
