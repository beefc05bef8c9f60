import { HEADER } from "../../../src/csv/dialect.ts";
import { ValueKind } from "../../../src/series.ts";
import type { MemoryDisk } from "../fake/memory_disk.ts";
import { EPOCH } from "../fake/runtime.ts";
import { csvPaths, DIRECTORY } from "../fake/published_files.ts";
import { seconds } from "../reference_csv.ts";

/** A recorded row. */
export interface RecordedRow {
  readonly channel: string;
  readonly kind: ValueKind;
  /** Clock reading, ns. */
  readonly time: number;
  /** An integer, unique in the channel. */
  readonly value: number;
  readonly label: string;
  readonly pid: number;
}

/** Rows in the published files of a disk. */
export interface FoundRows {
  /** Recorded rows that are in files, each counted once. */
  readonly count: number;
  /** Errors: rows that are in files twice, torn, or were not recorded. */
  readonly wrong: string[];
}

/** Recorded rows, as bytes that can be searched for in files. */
export class RecordedRows {
  readonly #texts = new Map<string, string>();

  /** Number of rows. */
  get size(): number {
    return this.#texts.size;
  }

  /** An independent copy. */
  clone(): RecordedRows {
    const clone = new RecordedRows();
    for (const [key, text] of this.#texts) clone.#texts.set(key, text);
    return clone;
  }

  /** Adds a row. */
  add({ channel, kind, time, value, label, pid }: RecordedRow): void {
    const measurement = kind === ValueKind.duration ? seconds(value) : String(value);
    const field = label === "" || /[",\r\n]/.test(label) ? `"${label.replaceAll('"', '""')}"` : label;
    this.#texts.set(`${channel}:${measurement}`, `${EPOCH + BigInt(time)},${measurement},${field},${pid}\r\n`);
  }

  /** Searches every published file for the rows, byte by byte. */
  findIn(disk: MemoryDisk): FoundRows {
    const seen = new Set<string>();
    const wrong: string[] = [];
    for (const path of csvPaths(disk)) {
      const text = disk.text(path);
      if (text === "") continue; // created to be appended to, without a header yet
      if (!text.startsWith(HEADER)) {
        wrong.push(`${path} has no header`);
        continue;
      }
      const channel = path.slice(DIRECTORY.length + 1).split(".")[0];
      for (let at = HEADER.length; at < text.length;) {
        const second = text.indexOf(",", at) + 1;
        const key = `${channel}:${text.slice(second, text.indexOf(",", second))}`;
        const row = this.#texts.get(key);
        if (row === undefined || !text.startsWith(row, at)) {
          wrong.push(`${path} has no whole row at ${at}: ${JSON.stringify(text.slice(at, at + 120))}`);
          break;
        }
        if (seen.has(key)) wrong.push(`${path} has a row for the second time: ${JSON.stringify(row)}`);
        seen.add(key);
        at += row.length;
      }
    }
    return { count: seen.size, wrong };
  }
}
