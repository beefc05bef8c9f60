import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A row of a recording; `time` in seconds since the beginning of the recording. */
export interface Row {
  readonly time: number;
  readonly value: number | string;
  readonly label: string;
  readonly pid?: number;
}

const BEGIN = 1_700_000_000_000_000_000n;

/** ns since 1970 of a time of a recording, in seconds. */
export function epochOf(time: number): bigint {
  return BEGIN + BigInt(Math.round(time * 1e9));
}

/** Directories with recordings, which are gone when it is disposed of. */
export class Recordings implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "kymo-recordings-"));
  #count = 0;

  /** Writes a recording with files of these channels, and returns its directory. */
  write(files: Readonly<Record<string, Iterable<Row>>>): string {
    const directory = mkdtempSync(join(this.#directory, `${this.#count++}-`));
    for (const [channel, rows] of Object.entries(files)) {
      const lines = Array.from(
        rows,
        ({ time, value, label, pid = 42 }) => `${epochOf(time)},${value},${label},${pid}\r\n`,
      );
      writeFileSync(join(directory, `${channel}.csv`), `Timepoint,Measurement,Label,PID\r\n${lines.join("")}`);
    }
    return directory;
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}
