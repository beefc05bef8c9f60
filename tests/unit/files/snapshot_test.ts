import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { parse } from "../../../src/csv/parse.ts";
import { SpoolSnapshot } from "../../../src/files/snapshot.ts";
import { observationsOf } from "../../../src/segment/observation.ts";
import type { Layout } from "../../../src/files/names.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import { shortOrFull } from "../../support/faults/suite_size.ts";
import { randomFrom } from "../../support/random.ts";
import { StepwiseWriter } from "../../support/spools/stepwise_writer.ts";

const DIRECTORY = "/_monitoring";

/** Number of random runs, and of snapshots in each. */
const WORLDS = shortOrFull(2, 100);
const READINGS = 6;

/** The numbers in a snapshot and the files it includes, by PID, unsorted. */
function read(disk: MemoryDisk): Map<number, number[]> {
  const problems: unknown[] = [];
  const found = new Map<number, number[]>();
  const take = (pid: number, number: number): void => {
    found.set(pid, found.get(pid) ?? []);
    found.get(pid)!.push(number);
  };
  const snapshot = SpoolSnapshot.take(disk, DIRECTORY, (...problem) => problems.push(problem));
  const names = disk.list(DIRECTORY).filter((name) => name.endsWith(".csv") && !name.startsWith(".")).filter((name) =>
    snapshot?.includes(name) ?? true
  );
  for (const name of names) {
    const path = `${DIRECTORY}/${name}`;
    const handle = disk.open(path, "read"); // lets other programs go on
    const text = new TextDecoder().decode(disk.bytes(path).subarray(0, snapshot?.bounds.get(path)));
    handle.close();
    // A row at the end may be cut off.
    for (const { pid, measurement } of parse(text.slice(0, text.lastIndexOf("\n") + 1))) take(pid, measurement);
  }
  for (const { segment, first } of snapshot?.rowsBeside(names) ?? []) {
    for (const { pid, measurement } of observationsOf(segment).slice(first)) take(pid, measurement);
  }
  assertEquals(problems, []);
  return found;
}

describe("SpoolSnapshot, with the files it includes", () => {
  const kinds: Record<string, Layout[]> = {
    segments: ["segments", "segments"],
    append: ["append", "append", "append"],
    "both layouts": ["append", "segments", "append"],
  };
  for (const [name, layouts] of Object.entries(kinds)) {
    it(`has each row once up to one moment, whatever programs do between two of its steps: ${name}`, {
      timeout: 1_800_000,
    }, () => {
      for (let seed = 1; seed <= WORLDS; seed++) {
        const random = randomFrom(seed);
        const disk = new MemoryDisk();
        disk.ensureDirectory(DIRECTORY);
        const writers = layouts.map((layout, i) => new StepwiseWriter(disk, DIRECTORY, 100 + i, layout, random));
        const turn = (steps: number): void => {
          disk.before = () => {};
          for (let i = 0; i < steps; i++) writers[random(writers.length)]!.step();
          disk.before = before;
        };
        const most = seed % 2 === 0 ? 4 : 40;
        let pace = 0;
        const before = (): void => {
          if (pace > 0 && random(100) < pace) turn(1 + random(most));
        };
        for (let reading = 0; reading < READINGS; reading++) {
          pace = 0;
          turn(random(reading % 2 === 0 ? 3 : 150));
          const recorded = writers.map((writer) => writer.recorded);
          pace = [3, 8, 30][reading % 3]!;
          const found = read(disk);
          writers.forEach(({ pid, recorded: now }, i) => {
            const numbers = (found.get(pid) ?? []).sort((a, b) => a - b);
            const wrong = numbers.findIndex((number, at) => number !== at);
            const which = `seed ${seed}, reading ${reading}, writer ${i}`;
            assertEquals(wrong, -1, `${which}: ${numbers.slice(Math.max(0, wrong - 2), wrong + 3)} at ${wrong}`);
            const { length } = numbers;
            assert(length >= recorded[i]! && length <= now, `${which}: ${length}, not ${recorded[i]} to ${now}`);
          });
        }
        assert(writers.every(({ recorded }) => recorded > 100), "they hardly wrote");
      }
    });
  }
});
