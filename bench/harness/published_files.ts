import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MonitorStatus } from "@kymo/kymo";
import { countLines } from "./lines.ts";

/** A new temporary directory. Disposing removes it. */
export function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "kymo-bench-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The counts of an ended recording. */
export type Outcome =
  & Pick<MonitorStatus, "flushed" | "recorded" | "dropped" | "errors">
  & Partial<Pick<MonitorStatus, "lastError">>;

/**
 * Checks that a recording has `samples` samples, and that all of them are in files.
 *
 * @throws {Error} if not.
 */
export function checkOutcome(outcome: Outcome, samples: number): void {
  const { flushed, recorded, dropped, errors, lastError } = outcome;
  if (flushed === samples && recorded === samples && dropped === 0 && errors === 0) return;
  const found = JSON.stringify({ flushed, recorded, dropped, errors });
  throw new Error(`Cannot measure: ${found}: expected ${samples} recorded and flushed samples`, { cause: lastError });
}

/** Paths of the published files in a directory; none if it does not exist. */
function publishedFiles(directory: string): string[] {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return names.filter((name) => name.endsWith(".csv") && !name.startsWith(".")).map((name) => join(directory, name));
}

/**
 * Deletes all published files in a directory, so that they neither fill the disk nor are written
 * back during other measurements.
 */
export function deletePublished(directory: string): void {
  for (const path of publishedFiles(directory)) rmSync(path);
}

/**
 * Counts the rows of all published files in a directory, and deletes the files. Labels must not
 * contain line breaks.
 */
export function takeRows(directory: string): number {
  let rows = 0;
  for (const path of publishedFiles(directory)) {
    rows += countLines(path) - 1; // without the header
    rmSync(path);
  }
  return rows;
}
