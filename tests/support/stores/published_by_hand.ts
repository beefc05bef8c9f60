import { renameSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HEADER } from "../../../src/csv/dialect.ts";

let timepoint = 1_795_948_585_720_130_219n;

/** Rows of which no two are the same. */
export function uniqueRows(count: number, label = "by hand"): string {
  return Array.from({ length: count }, (_, i) => `${timepoint += 1000n},${i + 0.5},${label},7\r\n`).join("");
}

/** The name of a file that a program publishes. */
export function nameOf(sequence: number, isolate = "0123abcd"): string {
  return `custom.7-${isolate}-${String(sequence).padStart(6, "0")}.csv`;
}

/** Puts a file into a directory as programs do: at once and whole. `age` is in ms. */
export function publish(directory: string, name: string, rows: string, age = 0): void {
  const temporary = join(directory, `.${name}.tmp`);
  writeFileSync(temporary, HEADER + rows);
  const modified = (Date.now() - age) / 1000;
  if (age > 0) utimesSync(temporary, modified, modified);
  renameSync(temporary, join(directory, name));
}
