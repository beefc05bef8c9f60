import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory with some files in it, which is removed when it is disposed of. */
export interface RecordedFiles extends Disposable {
  /** Its path. */
  readonly path: string;
}

/** Rows as they stand in a file: timepoint, measurement, label and PID. */
export type Rows = readonly (readonly [timepoint: bigint | string, measurement: number, label: string, pid: number])[];

/** Writes files, by name, into a new directory. */
export function recordFiles(files: Readonly<Record<string, Rows>>): RecordedFiles {
  const path = mkdtempSync(join(tmpdir(), "kymo-analysis-"));
  for (const [name, rows] of Object.entries(files)) {
    const lines = rows.map(([timepoint, measurement, label, pid]) =>
      `${timepoint},${Object.is(measurement, -0) ? "-0" : measurement},"${label.replaceAll('"', '""')}",${pid}\r\n`
    );
    writeFileSync(join(path, name), `Timepoint,Measurement,Label,PID\r\n${lines.join("")}`);
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
