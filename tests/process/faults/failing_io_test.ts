import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { recover } from "../../../mod.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { commandOf, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import type { ReportedCounts } from "../../support/process/controlled_program.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { forEachConcurrently } from "../../support/faults/concurrency.ts";
import { readNumbers } from "../../support/process/recorded_numbers.ts";
import { sampled } from "../../support/faults/suite_size.ts";
import {
  atCall,
  fromCall,
  readTrace,
  type TracedCall,
  underStrace,
  unforeseenNames,
} from "../../support/faults/strace.ts";
import { cannotTrace } from "../../support/process/system_tools.ts";

const fixture = fileURLToPath(new URL("./fixtures/record_once.ts", import.meta.url));

const skip = cannotTrace();

const LAYOUTS = ["segments", "append"] as const;

const ERRORS = ["EIO", "ENOSPC", "EACCES", "EROFS", "EMFILE", "EINTR", "EAGAIN"] as const;

/** Observations that a run records. */
const RECORDED = 400;

/** Time limit of a run, ms. */
const TIME_LIMIT = 30_000;

/** Interruptions in a row: both runtimes repeat an interrupted call, and would do so for ever. */
const INTERRUPTIONS = 100;

/** Programs that run concurrently; each mostly waits. */
const WIDTH = 3;

/** Failures after which a sweep is given up. */
const MOST_FAILURES = 6;

/** Runs of each layout in the short form. */
const SAMPLE = 11;

/** Which call fails, and how. */
interface Fault {
  /** Number of the call, from 1. */
  readonly n: number;
  readonly error: typeof ERRORS[number];
  /** Whether all later calls fail too. */
  readonly forGood: boolean;
}

/** Output of `fixtures/record_once.ts`. */
interface Output extends ReportedCounts {
  readonly refused?: string;
}

/** The outcome of a run. */
interface Run {
  readonly calls: readonly TracedCall[];
  /** Names of files that were used and not traced. */
  readonly unforeseen: readonly string[];
  readonly output: Output;
}

/**
 * Runs the fixture in a new directory, with faults. Asserts that it exits normally and that its
 * files agree with its counts.
 */
async function record(layout: string, inject: readonly string[], anywhere = false): Promise<Run> {
  using scratch = scratchDirectory();
  const directory = scratch.at("monitoring");
  // Created beforehand, so that no call outside of it is needed.
  mkdirSync(directory);
  const log = scratch.at("trace");
  const options = { monitoringDir: directory, layout, memoryThreshold: 16_384, flushInterval: 50 };
  const { ended } = spawnCommand([
    ...underStrace({ directory, log, inject, anywhere }),
    ...commandOf(thisRuntime, fixture, [JSON.stringify(options)]),
  ], { timeLimit: TIME_LIMIT });
  const { code, signal, stdout, stderr } = await ended;
  assertEquals({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
  const output: Output = JSON.parse(stdout);
  const { refused, recorded, flushed, buffered, dropped, errors } = output;
  assertEquals(recorded, refused === undefined ? RECORDED : 0);
  assertEquals(recorded, flushed + buffered + dropped);
  assert(buffered + dropped === 0 || errors > 0, "rows were not written, and no error was reported");
  assertEquals(readNumbers(directory).length, flushed);
  // Rows that could not be written before the exit are in spools, and are recovered once.
  const { rows, damaged, failures } = await recover(directory);
  assertEquals({ rows, damaged, failures }, { rows: buffered, damaged: 0, failures: [] });
  const numbers = new Set(readNumbers(directory));
  assertEquals(numbers.size, flushed + buffered);
  assertEquals(readNumbers(directory).length, flushed + buffered);
  const names = readdirSync(directory, { recursive: true }).map(String);
  assertEquals(names.filter((name) => name.endsWith(".spool")), []);
  const calls = readTrace(log).filter(({ line }) => !anywhere || line.includes(directory));
  return { calls, unforeseen: anywhere ? unforeseenNames(calls, directory) : [], output };
}

function injections(calls: readonly TracedCall[], { n, error, forGood }: Fault): string[] {
  if (!forGood) return atCall(calls, n, `error=${error}`);
  return fromCall(calls, n, `error=${error}`, error === "EINTR" ? INTERRUPTIONS : undefined)
    .filter((fault) => !fault.startsWith("?close:"));
}

/** Every error at every call of a run. */
function faultsAt(calls: readonly TracedCall[]): Fault[] {
  return calls.flatMap(({ name }, i) => {
    // Closing a directory never fails in practice, and Deno exits if it does. Closing a file fails
    // once, and closes it all the same.
    if (name === "close" && calls[i - 1]?.name === "getdents64") return [];
    const lengths = name === "close" ? [false] : [false, true];
    return ERRORS.flatMap((error) => lengths.map((forGood) => ({ n: i + 1, error, forGood })));
  });
}

for (const layout of LAYOUTS) {
  describe(`recording in layout ${layout} while a system call on its files fails`, () => {
    it(
      "loses, tears and repeats no row uncounted, and neither throws nor hangs, at any call, whether it fails once or always",
      { skip },
      async () => {
        const clean = await record(layout, []);
        assertEquals({ flushed: clean.output.flushed, errors: clean.output.errors }, { flushed: RECORDED, errors: 0 });
        assertEquals(clean.calls.filter(({ injected }) => injected), []);

        // All names of files were foreseen; otherwise some calls would not be traced.
        const all = await record(layout, [], true);
        assert(all.calls.length > clean.calls.length / 2);
        assertEquals(all.unforeseen, []);

        const faults = sampled(faultsAt(clean.calls), SAMPLE, ({ n }) => clean.calls[n - 1]!.name);
        let [refusals, left, dropped, missed] = [0, 0, 0, 0];
        const failures: string[] = [];
        await forEachConcurrently(faults, WIDTH, async (fault) => {
          if (failures.length >= MOST_FAILURES) return;
          try {
            const { calls, output } = await record(layout, injections(clean.calls, fault));
            // The search for other spools runs beside the program, so the position of its calls
            // differs between runs.
            const failed = calls.find(({ injected }) => injected);
            if (failed === undefined) missed++;
            else if (!fault.forGood) assertEquals(failed.name, clean.calls[fault.n - 1]!.name);
            if (output.refused !== undefined) refusals++;
            else if (!fault.forGood) assertEquals(output.dropped, 0, "a fault that passes costs no row");
            left += output.buffered;
            dropped += output.dropped;
          } catch (error) {
            failures.push(
              `${JSON.stringify(fault)} at ${clean.calls[fault.n - 1]!.line}:\n${(error as Error).message}`,
            );
          }
        });
        assertEquals(failures.join("\n\n"), "");
        assert(missed <= 0.05 * faults.length + 1, `${missed} of ${faults.length} calls never came`);

        // Far enough after the last call, should there be some more this time.
        const twice = [...clean.calls, ...clean.calls];
        const beyond = await record(layout, fromCall(twice, twice.length + 1, "error=EIO"));
        assertEquals(beyond.calls.filter(({ injected }) => injected), []);
        assertEquals(beyond.output.flushed, RECORDED);
        recordFigure(
          3,
          `${layout}: ${faults.length} runs, ${ERRORS.length} errors at ${clean.calls.length} calls, once and for good; ` +
            `${refusals} refused by start; ${dropped} rows dropped and counted, ${left} left in spools and recovered, ` +
            `0 torn, 0 duplicates, 0 hangs`,
        );
      },
    );
  });
}
