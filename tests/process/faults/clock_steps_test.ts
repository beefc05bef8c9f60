import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { globSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { csvFiles, readRows } from "../../support/process/recorded_rows.ts";
import { PATIENCE, RecorderController } from "../../support/process/recorder_controller.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { readNumbers } from "../../support/process/recorded_numbers.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { missing } from "../../support/process/system_tools.ts";

const LAYOUTS = ["segments", "append"] as const;

const CHANNELS = ["duration", "runtime", "custom"];

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** Steps of the clock, s. */
const STEPS = [-HOUR, DAY];

/** Number of steps of each kind. */
const ROUNDS = shortOrFull(1, 10);

/** Tolerance for the clock of the program, s. */
const TOLERANCE = 600;

/**
 * Signal that ends one in sixteen programs on Deno, whatever they do, if their clock is set in this
 * way. By then all rows are in files.
 */
const CRASH = "SIGSEGV";

const skip = missing("faketime");

/**
 * The command that runs a program whose wall clock follows a file. Its monotonic clock is the real
 * one.
 */
function withClockOf(file: string): string[] {
  const [library = ""] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");
  return [
    "env",
    `LD_PRELOAD=${library}`,
    `FAKETIME_TIMESTAMP_FILE=${file}`,
    "FAKETIME_NO_CACHE=1",
    "DONT_FAKE_MONOTONIC=1",
  ];
}

for (const layout of LAYOUTS) {
  describe(`wall clock stepped by -1 h and +1 day in layout ${layout}`, () => {
    it(
      "makes no duration negative and no file name twice, and rows stay in the order of the sequence",
      { skip },
      async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        let offset = 0;
        const stepTo = (seconds: number): void =>
          writeFileSync(scratch.at("clock"), `${seconds < 0 ? "" : "+"}${seconds}`);
        stepTo(offset);
        const recorder = new RecorderController(thisRuntime, withClockOf(scratch.at("clock")));
        await recorder.send("start", {
          monitoringDir: directory,
          layout,
          memoryThreshold: 65_536,
          flushInterval: 50,
          withRuntime: true,
          samplingInterval: 20,
        });
        /**
         * For each number from which it is valid, the clock in seconds since the epoch; `undefined`
         * while it changes.
         */
        const options: { first: number; clock: number | undefined }[] = [];
        let numbers = 0;
        for (const step of [0, ...Array(ROUNDS).fill(STEPS).flat()]) {
          await recorder.send("begin");
          offset += step;
          stepTo(offset);
          await recorder.send("finish");
          // A segment uses the clock of its start, so the next segment is the first with the new
          // clock.
          options.push({ first: numbers, clock: undefined });
          await recorder.send("number", 1);
          numbers += 1;
          await recorder.send("settle", PATIENCE);
          options.push({ first: numbers, clock: Date.now() / 1000 + offset });
          for (let i = 0; i < 5; i++) {
            await recorder.send("number", 200);
            await recorder.send("record", 100);
            await recorder.send("keepRecording", 30);
            numbers += 200;
          }
          await recorder.send("settle", PATIENCE);
        }
        const { recorded, flushed, dropped, errors } = await recorder.send("stop");
        await recorder.end(CRASH);
        assertEquals({ flushed, dropped, errors }, { flushed: recorded, dropped: 0, errors: 0 });

        let long = 0;
        const durations = readRows(directory, "duration", (label, _pid, _seconds, _nanoseconds, duration) => {
          assert(duration >= 0 && duration < TOLERANCE, `${label} took ${duration} s`);
          if (label === "long") long++;
        });
        assertEquals(long, 1 + ROUNDS * STEPS.length);
        const lags = readRows(directory, "runtime", (label, _pid, _seconds, _nanoseconds, value) => {
          if (/lag|pause|time/.test(label)) assert(value >= 0 && value < TOLERANCE, `${label} was ${value} s`);
        });
        assert(lags > 0);
        // In the order of their sequence, the files hold the numbers in the order of recording,
        // each once.
        assertEquals(readNumbers(directory), Array.from({ length: numbers }, (_, i) => i));
        assertEquals(flushed, durations + lags + numbers);
        if (layout === "segments") {
          for (const channel of CHANNELS) assertSequence(csvFiles(directory, channel), recorder.pid);
        }

        // The steps have reached the program.
        let row = 0;
        readRows(directory, "custom", (_label, _pid, seconds) => {
          const { clock } = options.findLast(({ first }) => first <= row)!;
          const isRight = clock === undefined || Math.abs(seconds - clock) < TOLERANCE;
          assert(isRight, `number ${row} is of ${seconds}, the clock was at ${clock}`);
          row++;
        });
        recordFigure(
          14,
          `${layout}: ${
            options.length - 1
          } steps; ${durations} durations, none negative; ${numbers} numbers in order; ` +
            `${CHANNELS.flatMap((channel) => csvFiles(directory, channel)).length} files, no name twice`,
        );
      },
    );
  });
}

describe("a machine that is suspended for 8 hours, or whose clock is set", () => {
  for (const flushInterval of [0, 60_000]) {
    it(`has right timepoints again within two seconds, with flushInterval ${flushInterval}`, { skip }, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const offsets = [0, 8 * HOUR, -8 * HOUR];
      writeFileSync(scratch.at("clock"), "+0");
      // While a machine is suspended, the monotonic clock stands still and the wall clock goes on.
      const recorder = new RecorderController(thisRuntime, withClockOf(scratch.at("clock")));
      await recorder.send("start", { monitoringDir: directory, flushInterval, layout: "append" });
      const clocks: number[] = [];
      for (const offset of offsets) {
        writeFileSync(scratch.at("clock"), `${offset < 0 ? "" : "+"}${offset}`);
        await sleep(2_000);
        clocks.push(Date.now() / 1000 + offset);
        await recorder.send("number", 1);
      }
      const { recorded, flushed, dropped, errors } = await recorder.send("stop");
      await recorder.end(CRASH);
      assertEquals({ recorded, flushed, dropped, errors }, { recorded: 3, flushed: 3, dropped: 0, errors: 0 });
      const seconds: number[] = [];
      readRows(directory, "custom", (_label, _pid, second) => seconds.push(second));
      for (const [i, second] of seconds.entries()) {
        assert(Math.abs(second - clocks[i]!) < TOLERANCE, `row ${i} is of ${second}, the clock was at ${clocks[i]}`);
      }
    });
  }
});

/**
 * Asserts that the files have the sequence numbers from 1 on, each once, and that no name was
 * altered because it was taken.
 */
function assertSequence(names: readonly string[], pid: number): void {
  const sequences = names.map((name) => {
    const [, owner, sequence] = /^\w+\.(\d+)-[0-9a-f]{8}-(\d{6})\.csv$/.exec(name) ?? [];
    assertEquals(owner, String(pid), name);
    return Number(sequence);
  });
  assertEquals(sequences, Array.from(names, (_, i) => i + 1));
}
