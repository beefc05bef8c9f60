import { appendFileSync } from "node:fs";
import process from "node:process";
import { thisRuntime } from "../process/run.ts";

/** A result of a test of the fault suite. */
export interface Figure {
  /** Row of the table of faults. */
  readonly row: number;
  /** The runtime of the test. */
  readonly runtime: string;
  /** The result in a few words and numbers. */
  readonly text: string;
}

/**
 * Appends a result as a line of JSON to the file named by `KYMO_TEST_FIGURES`, if it is set. Call it
 * after the last assertion.
 */
export function recordFigure(row: number, text: string): void {
  const file = process.env["KYMO_TEST_FIGURES"];
  if (file === undefined || file === "") return;
  const noted: Figure = { row, runtime: thisRuntime, text };
  appendFileSync(file, `${JSON.stringify(noted)}\n`);
}
