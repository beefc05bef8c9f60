import { assertEquals } from "@std/assert";
import { readRows } from "./recorded_rows.ts";
import type { RecorderState } from "./recorder.ts";

/**
 * Reads the numbers that a recorder observed from its files, in the order of the files and of their
 * rows. Throws if a row is torn.
 */
export function readNumbers(directory: string): number[] {
  const numbers: number[] = [];
  readRows(directory, "custom", (_label, _pid, _seconds, _nanoseconds, number) => numbers.push(number));
  return numbers;
}

/**
 * That the books balance, that as many numbers are in files as are said to be there, and that none
 * is there twice.
 *
 * Of a recorder that observed nothing but numbers.
 */
export function assertNumbersConserved(state: RecorderState, directory: string): void {
  const { recorded, flushed, buffered, dropped } = state;
  assertEquals(recorded, flushed + buffered + dropped);
  const numbers = readNumbers(directory);
  assertEquals({ rows: numbers.length, different: new Set(numbers).size }, { rows: flushed, different: flushed });
}
