import { after, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { recover } from "../../../../mod.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { countByLabel, readRows } from "../../../support/process/recorded_rows.ts";
import { commandOf, type Ended, type RuntimeName, spawnCommand, thisRuntime } from "../../../support/process/run.ts";
import { recordFigure } from "../../../support/faults/fault_figures.ts";
import { shortOrFull } from "../../../support/faults/suite_size.ts";

const LAYOUTS = ["segments", "append"] as const;

/** How often each end is tried. */
const TIMES = shortOrFull(1, 10);

/** What `record_and_end.ts` records before it ends, by channel. */
const RECORDED = { duration: { early: 25_000 }, custom: { "queue length": 1 } };

/** A way to end. */
interface End {
  /** What the program does. */
  readonly how: string;
  /** Sent to it once it says that it is ready. */
  readonly sent?: NodeJS.Signals;
  /** How it ends, on every runtime that it can be said of. */
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
  readonly runtime?: RuntimeName;
  /** Samples that it records while it ends. */
  readonly late?: number;
  /** Flags of Deno besides its permissions. */
  readonly flags?: readonly string[];
}

/** Ends at which the program can still do something. */
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

/** Ends at which it can do nothing any more: its rows are in spools. */
const HARD_ENDS: readonly End[] = [
  { how: "process.abort", signal: "SIGABRT" },
  // Bun has no limit of its own: it is the system that kills it, by SIGKILL.
  { how: "running out of memory", runtime: "deno", flags: ["--v8-flags=--max-old-space-size=64"], signal: "SIGTRAP" },
  { how: "a signal", sent: "SIGQUIT", signal: "SIGQUIT" },
  { how: "a signal", sent: "SIGKILL", signal: "SIGKILL" },
];

/** Ends of a program whose workers record. */
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

const nameOf = ({ how, sent }: End): string => sent === undefined ? how : `${how}: ${sent}`;

const RECORD = fileURLToPath(new URL("../../../support/programs/record_and_end.ts", import.meta.url));
const RECORD_IN_WORKERS = fileURLToPath(new URL("./fixtures/exit_without_stop.ts", import.meta.url));

/** Runs a program to its end. A core dump of it would take longer than all the rest. */
async function run(file: string, args: readonly string[], { runtime = thisRuntime, sent, flags = [] }: End) {
  const command = commandOf(runtime, file, args, ["-A", ...flags]);
  const { child, ended, said } = spawnCommand(["sh", "-c", 'ulimit -c 0 && exec "$@"', "sh", ...command]);
  // Not `child.kill`, after which Deno reports the signal as the end, whatever that was.
  if (sent !== undefined) void said(/^ready$/m).then(() => process.kill(child.pid!, sent));
  return await ended;
}

/** How a program ended, and what it said but for what it acknowledged; a runtime that crashes adds a report, never the same twice. */
function endOf({ code, signal, stdout, stderr }: Ended) {
  const lines = stdout.split("\n").filter((line) => !/^(one|two) \d+$/.test(line));
  const crashed = signal === "SIGABRT" || signal === "SIGTRAP";
  return { code, signal, said: lines.sort(), stderr: crashed ? "" : stderr };
}

/** That a program ended as it does without Kymo, and as it should. */
function assertSameEnd(ended: Ended, bare: Ended, end: End): void {
  const { code, signal } = ended;
  assertEquals({ code, signal }, { code: end.code ?? null, signal: end.signal ?? null });
  assertEquals(endOf(ended), endOf(bare));
}

/** Recovers, and sees that nothing but published files is left. Returns how many rows that gave. */
async function recoverAll(directory: string): Promise<number> {
  const { rows, damaged, alive, failures } = await recover(directory);
  assertEquals({ damaged, alive, failures }, { damaged: 0, alive: 0, failures: [] });
  assertEquals(readdirSync(directory).filter((name) => !/^\w+\..*csv$/.test(name)), []);
  return rows;
}

/** How many ends were shown to lose nothing. */
let shown = 0;

/** Does something as often as it is to be tried, and counts that as one end. */
async function repeat(work: () => Promise<void>): Promise<void> {
  for (let i = 0; i < TIMES; i++) await work();
  shown++;
}

after(() => recordFigure(9, `${shown} ends, ${TIMES} times each: 0 lost, exit status as without Kymo`));

for (const layout of LAYOUTS) {
  describe(`a program that ends without stop, in layout ${layout}, ends as without Kymo and loses nothing`, () => {
    for (const end of [...layout === "segments" ? SOFT_ENDS : [], ...HARD_ENDS]) {
      it(nameOf(end), () =>
        repeat(async () => {
          using scratch = scratchDirectory();
          const directory = scratch.at("monitoring");
          const [bare, ended] = await Promise.all([
            run(RECORD, [directory, "none", end.how], end),
            run(RECORD, [directory, layout, end.how], end),
          ]);
          assertSameEnd(ended, bare, end);
          const recovered = await recoverAll(directory);
          const late = end.late === undefined ? {} : { late: end.late };
          assertEquals(countByLabel(directory, "duration"), { ...RECORDED.duration, ...late });
          assertEquals(countByLabel(directory, "custom"), RECORDED.custom);
          // What cannot do anything any more has published nothing; what can, everything.
          assertEquals(recovered > 0, HARD_ENDS.includes(end), `${recovered} rows were recovered`);
        }));
    }
  });
}

describe("a program that ends while its workers record ends as without Kymo and loses nothing", () => {
  for (const end of ENDS_WITH_WORKERS) {
    it(nameOf(end), () =>
      repeat(async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        const [bare, ended] = await Promise.all([
          run(RECORD_IN_WORKERS, ["none", end.how], end),
          run(RECORD_IN_WORKERS, [directory, end.how], end),
        ]);
        assertSameEnd(ended, bare, end);
        await recoverAll(directory);
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
