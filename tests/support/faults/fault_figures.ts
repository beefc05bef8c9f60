import { appendFileSync } from "node:fs";
import process from "node:process";
import { thisRuntime } from "../process/run.ts";

/** A fact that a test of the fault suite has shown. */
export interface Figure {
  /** Row of the table of faults. */
  readonly row: number;
  /** The runtime that it was shown on. */
  readonly runtime: string;
  /** What was shown, in a few words and numbers. */
  readonly text: string;
}

/**
 * Notes what a test has shown, to be called after its last assertion, where `KYMO_FIGURES` names a
 * file: a line of JSON each.
 */
export function recordFigure(row: number, text: string): void {
  const file = process.env["KYMO_FIGURES"];
  if (file === undefined || file === "") return;
  const noted: Figure = { row, runtime: thisRuntime, text };
  appendFileSync(file, `${JSON.stringify(noted)}\n`);
}
