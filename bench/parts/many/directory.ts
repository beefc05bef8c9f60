import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HEADER } from "../../../src/csv/dialect.ts";
import { segmentFileName } from "../../../src/files/names.ts";
import { RUNTIME_SERIES } from "../../../src/series.ts";
import { randomNumbers } from "../../harness/random.ts";

/** A service of some processes over weeks: each file is what a channel has recorded in a minute. */
const PROCESSES = 4;

/** A process is started anew after so many minutes: a deployment each day. */
const MINUTES_OF_A_PROCESS = 1_440;

const MINUTE = 60_000_000_000n;

const LABELS = [
  "/orders [GET]",
  "/orders/:id [GET]",
  "/orders [POST]",
  "/health [GET]",
  "query orders",
  "render report",
];

/** Rows of each channel in a minute. */
const ROWS = { duration: 120, runtime: 60, custom: 12 } as const;

/** A directory with many files. Disposing removes it. */
export interface ManyFiles extends Disposable {
  readonly directory: string;
  /** Rows of each channel. */
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * Writes `files` files, the same each time, whose last row was recorded at `end` (ns since 1970), each
 * changed last when its last row was recorded.
 */
export function writeManyFiles(files: number, end: bigint, within = tmpdir()): ManyFiles {
  const directory = mkdtempSync(join(within, "kymo-bench-"));
  const random = randomNumbers();
  const channels = Object.keys(ROWS) as (keyof typeof ROWS)[];
  const minutes = Math.ceil(files / (PROCESSES * channels.length));
  const rows: Record<string, number> = {};
  let written = 0;
  for (let minute = 0; minute < minutes; minute++) {
    const begin = end - BigInt(minutes - minute) * MINUTE;
    for (let process = 0; process < PROCESSES; process++) {
      const life = Math.floor(minute / MINUTES_OF_A_PROCESS);
      const pid = 4_711 + process;
      const isolate = (0x0bad0000 + life * PROCESSES + process).toString(16).padStart(8, "0");
      for (const channel of channels) {
        if (written++ >= files) break;
        const text = rowsOf(channel, pid, begin, random);
        rows[channel] = (rows[channel] ?? 0) + ROWS[channel];
        const owner = { channel, pid, isolate };
        const sequence = minute % MINUTES_OF_A_PROCESS + 1;
        const path = join(directory, segmentFileName({ owner, sequence }));
        writeFileSync(path, HEADER + text);
        const flushed = Number((begin + MINUTE) / 1_000_000n) / 1000;
        utimesSync(path, flushed, flushed);
      }
    }
  }
  return { directory, rows, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

/** The rows of a channel in a minute; the last is at its very end. */
function rowsOf(channel: keyof typeof ROWS, pid: number, begin: bigint, random: () => number): string {
  const count = ROWS[channel];
  let text = "";
  for (let row = 1; row <= count; row++) {
    const timepoint = begin + MINUTE * BigInt(row) / BigInt(count);
    text += `${timepoint},${measured(channel, random())},${labelOf(channel, row, random())},${pid}\r\n`;
  }
  return text;
}

function measured(channel: string, random: number): string {
  if (channel === "duration") return (0.0005 / (1.0001 - random)).toFixed(9);
  return String(Math.round(random * 1e6) / 16);
}

function labelOf(channel: string, row: number, random: number): string {
  if (channel === "duration") return LABELS[Math.floor(random * LABELS.length)]!;
  return channel === "custom" ? "queue length" : RUNTIME_SERIES[row % RUNTIME_SERIES.length]!.label;
}
