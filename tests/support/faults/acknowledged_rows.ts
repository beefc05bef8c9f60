import { assert, assertEquals } from "@std/assert";
import { readdirSync } from "node:fs";
import { recover, type RecoverySummary } from "../../../mod.ts";
import { readRows } from "../process/recorded_rows.ts";
import type { Acknowledged } from "./acknowledging_writer_controller.ts";

/** The rows of one writer. */
interface WriterRows {
  readonly numbers: number[];
  durations: number;
}

/**
 * Asserts that the files have all acknowledged rows of all writers, by name, and of later rows all
 * up to some point: each number from 0 on once, and as many durations, or one less. Asserts that
 * there is nothing else: no torn row, no other file, no other row. Returns the number of rows.
 */
export function assertAllThere(directory: string, acknowledged: Acknowledged): number {
  assertEquals(readdirSync(directory).filter((name) => !/^((custom|duration)\..*csv|program\..*json)$/.test(name)), []);
  const writers = readWriters(directory);
  let rows = 0;
  for (const [name, count] of acknowledged) {
    const { numbers, durations } = writers.get(name) ?? { numbers: [], durations: 0 };
    assertContiguous(numbers, name);
    assert(numbers.length >= count, `${name} acknowledged ${count}, there are ${numbers.length}`);
    const ahead = numbers.length - durations;
    assert(ahead === 0 || ahead === 1, `${name} observed ${numbers.length} numbers, and ${durations} durations`);
    rows += numbers.length + durations;
    writers.delete(name);
  }
  assertEquals([...writers.keys()], []);
  return rows;
}

/** Reads the rows of a directory by writer. */
function readWriters(directory: string): Map<string, WriterRows> {
  const writers = new Map<string, WriterRows>();
  const rowsOf = (name: string) => writers.getOrInsertComputed(name, () => ({ numbers: [], durations: 0 }));
  readRows(directory, "custom", (name, _pid, _seconds, _nanoseconds, number) => rowsOf(name).numbers.push(number));
  readRows(directory, "duration", (name) => rowsOf(name).durations++);
  return writers;
}

/** Asserts that the numbers are 0, 1, 2 and so on in any order, each once. */
function assertContiguous(numbers: number[], name: string): void {
  numbers.sort((one, other) => one - other);
  const wrong = numbers.findIndex((number, i) => number !== i);
  assert(wrong < 0, `${name}: number ${wrong} is missing, or another there twice: ${numbers.slice(wrong, wrong + 3)}`);
}

/**
 * Recovers a directory whose writers are all dead. Asserts that a second recovery finds nothing.
 */
export async function recoverDeadWriters(directory: string): Promise<RecoverySummary> {
  const summary = await recover(directory);
  const { alive, damaged, failures } = summary;
  assertEquals({ alive, damaged, failures }, { alive: 0, damaged: 0, failures: [] });
  const again = await recover(directory);
  assertEquals(again, { spools: 0, rows: 0, damaged: 0, alive: 0, refused: 0, failures: [] });
  return summary;
}
