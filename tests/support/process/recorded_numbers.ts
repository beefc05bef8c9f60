import { assertEquals } from "@std/assert";
import { readRows } from "./recorded_rows.ts";
import type { ReportedCounts } from "./controlled_program.ts";

/**
 * Reads the numbers that a recorder observed, in the order of files and rows. Throws if a row is
 * torn.
 */
export function readNumbers(directory: string): number[] {
  const numbers: number[] = [];
  readRows(directory, "custom", (_label, _pid, _seconds, _nanoseconds, number) => numbers.push(number));
  return numbers;
}

/**
 * Asserts that the counts add up, and that the files have as many numbers as counted, each once.
 * The recorder must have observed numbers only.
 */
export function assertNumbersConserved(state: ReportedCounts, directory: string): void {
  const { recorded, flushed, buffered, dropped } = state;
  assertEquals(recorded, flushed + buffered + dropped);
  const numbers = readNumbers(directory);
  assertEquals({ rows: numbers.length, different: new Set(numbers).size }, { rows: flushed, different: flushed });
}
