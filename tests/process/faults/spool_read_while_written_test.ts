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

/** How often each spool is read. */
const READINGS = shortOrFull(50, 1_000);

/** Of how many segments there are to be readings. */
const SEGMENTS = 20;

/** How often the owner is stopped, so that all it has can be counted. */
const STOPS = shortOrFull(5, 20);

/** A program that records, and is not asked anything. */
class Owner implements Disposable {
  readonly process: Spawned;
  /** Numbers that it has told of. */
  told = 0;

  constructor(options: object) {
    this.process = spawnOn(otherRuntime, fixture, [JSON.stringify(options)], { timeLimit: 600_000 });
    let rest = "";
    this.process.child.stdout.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      const told = lines.findLast((line) => /^\d+$/.test(line));
      if (told !== undefined) this.told = Number(told);
    });
  }

  /** Lets it stop, and sees that nothing has disturbed it. Returns how many numbers it has recorded. */
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

/** That a reading of numbers is as they were recorded: each is one more than the last, under its label, not before it. Returns the first. */
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

/** That a reading of durations is one of durations: their numbers are not known. */
function assertDurations({ channel, damaged, observations }: SpoolReading): void {
  assertEquals({ channel, damaged }, { channel: "duration", damaged: 0 });
  let last = 0n;
  for (const { label, measurement, timepoint } of observations) {
    assert(LABELS.has(label) && measurement >= 0 && measurement < 60 && timepoint >= last);
    last = timepoint;
  }
}

describe("readSpool of a program of the other runtime that records at full speed", () => {
  it("gives what it held at one moment, whenever it is read", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    using owner = new Owner({ monitoringDir: directory, memoryThreshold: 2 ** 17 });
    await owner.process.said(/^\d{5,}$/m);
    const before = owner.told;
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
      // They would fill the disk.
      for (const channel of ["custom", "duration"]) {
        for (const name of csvFiles(directory, channel)) rmSync(join(directory, name));
      }
      await turn();
    }
    assert(owner.told > before, "the owner was held up");
    assert(most > 100, `there were ${most} rows at most`);
    await owner.end();
    recordFigure(
      1,
      `readSpool of ${otherRuntime} at full speed: ${READINGS} readings of each spool, ${rows} numbers in ${segments} segments, all consistent`,
    );
  });

  it("gives, with the files, all that it told of when it is stopped at any moment", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    using owner = new Owner({ monitoringDir: directory, memoryThreshold: 2 ** 17 });
    await owner.process.said(/^\d{4,}$/m);
    for (let i = 0; i < STOPS; i++) {
      await sleep(10);
      owner.process.kill("SIGSTOP");
      const { told } = owner;
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
      assert(numbers.size >= told, `it told of ${told}, there are ${numbers.size}`);
      for (let number = 0; number < numbers.size; number++) assert(numbers.has(number), `number ${number} is missing`);
    }
    const number = await owner.end();
    assertEquals(readRows(directory, "custom"), number);
  });
});
