import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readSpool, type SpoolReading } from "../../../mod.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { csvFiles, readRows } from "../../support/process/recorded_rows.ts";
import { type RuntimeName, type Spawned, spawnOn, thisRuntime } from "../../support/process/run.ts";
import { recordFigure } from "../../support/faults/fault_figures.ts";
import { labelOf } from "./fixtures/read_spool_labels.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";

const fixture = fileURLToPath(new URL("./fixtures/read_spool_owner.ts", import.meta.url));

const otherRuntime: RuntimeName = thisRuntime === "deno" ? "bun" : "deno";

/** Readings of each spool. */
const READINGS = shortOrFull(50, 1_000);

/** Segments to read. */
const SEGMENTS = 20;

/** How often the owner is stopped, so that all its rows can be counted. */
const STOPS = shortOrFull(5, 20);

/** A program that records on its own. */
class Owner implements Disposable {
  readonly process: Spawned;
  /** Numbers that it has acknowledged. */
  acknowledged = 0;

  constructor(options: object) {
    this.process = spawnOn(otherRuntime, fixture, [JSON.stringify(options)], { timeLimit: 600_000 });
    let rest = "";
    this.process.child.stdout.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      const acknowledged = lines.findLast((line) => /^\d+$/.test(line));
      if (acknowledged !== undefined) this.acknowledged = Number(acknowledged);
    });
  }

  /** Stops it, and asserts that it had no error. Returns the number of recorded numbers. */
  async end(): Promise<number> {
    this.process.child.stdin.end();
    const { code, signal, stdout, stderr } = await this.process.ended;
    assertEquals({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
    const { number, ...counts } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    const all = 2 * number;
    assertEquals(counts, { recorded: all, flushed: all, buffered: 0, dropped: 0, errors: 0 });
    return number;
  }

  /** Kills it if it still runs. */
  [Symbol.dispose](): void {
    this.process.kill("SIGKILL");
  }
}

/** The paths of the spools of a channel. */
function spoolsOf(directory: string, channel: string): string[] {
  const spools = join(directory, ".spools");
  return readdirSync(spools).filter((name) => name.startsWith(`${channel}.`) && name.endsWith(".spool"))
    .map((name) => join(spools, name));
}

/**
 * Asserts that the numbers of a reading ascend by 1 with their labels and in time. Returns the
 * first number.
 */
function assertNumbers({ channel, damaged, observations }: SpoolReading): number {
  assertEquals({ channel, damaged }, { channel: "custom", damaged: 0 });
  const first = observations[0]?.measurement ?? 0;
  let last = 0n;
  observations.forEach(({ label, measurement, timepoint }, i) => {
    const isRight = measurement === first + i && label === labelOf(measurement) && timepoint >= last;
    assert(isRight, `row ${i} after ${first} is ${label} ${measurement} at ${timepoint}, the one before at ${last}`);
    last = timepoint;
  });
  return first;
}

const LABELS: ReadonlySet<string> = new Set(Array.from({ length: 300 * 100 }, (_, number) => labelOf(number)));

/** Asserts that a reading has durations. */
function assertDurations({ channel, damaged, observations }: SpoolReading): void {
  assertEquals({ channel, damaged }, { channel: "duration", damaged: 0 });
  let last = 0n;
  for (const { label, measurement, timepoint } of observations) {
    assert(LABELS.has(label) && measurement >= 0 && measurement < 60 && timepoint >= last);
    last = timepoint;
  }
}

describe("readSpool, while a program on the other runtime records at full speed,", () => {
  it("returns a consistent snapshot at any time", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    using owner = new Owner({ monitoringDir: directory, memoryThreshold: 2 ** 17 });
    await owner.process.said(/^\d{5,}$/m);
    const before = owner.acknowledged;
    const seen = new Map<string, { readonly first: number; readonly count: number }>();
    let [rows, most, segments] = [0, 0, 0];
    for (let i = 0; i < READINGS || segments < SEGMENTS; i++) {
      for (const path of spoolsOf(directory, "custom")) {
        const reading = readSpool(path);
        const { length: count } = reading.observations;
        if (count === 0) continue;
        const first = assertNumbers(reading);
        const last = seen.get(path) ?? { first: -1, count: 0 };
        assert(first > last.first || first === last.first && count >= last.count, "it went back in time");
        if (first > last.first) segments++;
        seen.set(path, { first, count });
        rows += count;
        most = Math.max(most, count);
      }
      for (const path of spoolsOf(directory, "duration")) assertDurations(readSpool(path));
      // Otherwise they would fill the disk.
      for (const channel of ["custom", "duration"]) {
        for (const name of csvFiles(directory, channel)) rmSync(join(directory, name));
      }
      await turn();
    }
    assert(owner.acknowledged > before, "the owner was held up");
    assert(most > 100, `there were ${most} rows at most`);
    await owner.end();
    recordFigure(
      1,
      `readSpool of ${otherRuntime} at full speed: ${READINGS} readings of each spool, ${rows} numbers in ${segments} segments, all consistent`,
    );
  });

  it("returns, together with the files, all acknowledged rows when the program is stopped at any time", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    using owner = new Owner({ monitoringDir: directory, memoryThreshold: 2 ** 17 });
    await owner.process.said(/^\d{4,}$/m);
    for (let i = 0; i < STOPS; i++) {
      await sleep(10);
      owner.process.kill("SIGSTOP");
      const { acknowledged } = owner;
      const numbers = new Set<number>();
      for (const path of spoolsOf(directory, "custom")) {
        const reading = readSpool(path);
        assertNumbers(reading);
        for (const { measurement } of reading.observations) numbers.add(measurement);
      }
      readRows(directory, "custom", (label, _pid, _seconds, _nanoseconds, number) => {
        assertEquals(label, labelOf(number));
        numbers.add(number);
      });
      owner.process.kill("SIGCONT");
      assert(numbers.size >= acknowledged, `it acknowledged ${acknowledged}, there are ${numbers.size}`);
      for (let number = 0; number < numbers.size; number++) assert(numbers.has(number), `number ${number} is missing`);
    }
    const number = await owner.end();
    assertEquals(readRows(directory, "custom"), number);
  });
});
