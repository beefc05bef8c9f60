import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MonitorStatus } from "@kymo/kymo";
import { countLines } from "./lines.ts";

/** A new directory, to record into for instance; it is removed when `using` ends. */
export function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "kymo-bench-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Of what a recording that has ended tells, what says whether all was well. */
export type Outcome = Pick<MonitorStatus, "flushed" | "recorded" | "dropped" | "errors">;

/**
 * Checks that a recording kept so many samples, and that every one of them is in a file.
 *
 * @throws {Error} if not.
 */
export function checkOutcome(outcome: Outcome, samples: number): void {
  const { flushed, recorded, dropped, errors } = outcome;
  if (flushed === samples && recorded === samples && dropped === 0 && errors === 0) return;
  const found = JSON.stringify({ flushed, recorded, dropped, errors });
  throw new Error(`Cannot measure: ${samples} samples were to be recorded and flushed, not ${found}`);
}

/** The paths of the files that are published in a directory, if there is one. */
function publishedFiles(directory: string): string[] {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return names.filter((name) => name.endsWith(".csv") && !name.startsWith(".")).map((name) => join(directory, name));
}

/** Deletes all files that are published in a directory, so that they do not fill the disk, nor are written back while others are timed. */
export function deletePublished(directory: string): void {
  for (const path of publishedFiles(directory)) rmSync(path);
}

/** Counts the rows of all files that are published in a directory, and deletes them. The labels must not contain line breaks. */
export function takeRows(directory: string): number {
  let rows = 0;
  for (const path of publishedFiles(directory)) {
    rows += countLines(path) - 1; // without the header
    rmSync(path);
  }
  return rows;
}
