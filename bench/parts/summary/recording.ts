import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HEADER } from "../../../src/csv/dialect.ts";
import { CsvEncoder } from "../../../src/csv/encode.ts";
import { ValueKind } from "../../../src/series.ts";
import { segmentFileName } from "../../../src/files/names.ts";
import { Segment } from "../../../src/segment/segment.ts";
import { randomNumbers } from "../../harness/random.ts";

const LABELS = [
  "/orders [GET]",
  "/orders/:id [GET]",
  "/orders [POST]",
  "/reports/:year/:month [GET]",
  "/health [GET]",
  "query orders",
  "render report",
  "count primes",
  "write journal",
  "authorise",
];
const PIDS = [4711, 4712, 4713, 4714];
const EPOCH = 1_795_360_370_305_798_096n;

/** Mean time between two rows, ns. */
const PACE = 360_000;

/** A monitoring directory with generated durations, as Kymo writes them. Disposing removes it. */
export interface Recording extends Disposable {
  readonly directory: string;
}

/**
 * Writes a recording of `files` files with `rows` durations each, with ten labels and four
 * processes, the same each time.
 */
export function record(files: number, rows: number): Recording {
  const directory = mkdtempSync(join(tmpdir(), "kymo-bench-"));
  const encoder = new CsvEncoder();
  const random = randomNumbers();
  for (let file = 0; file < files; file++) {
    const owner = {
      pid: PIDS[file % PIDS.length]!,
      isolate: "0badcafe",
      channel: "duration",
      kind: ValueKind.duration,
    };
    const segment = new Segment(new ArrayBuffer(64 * rows + 4096), owner);
    segment.open(file + 1, EPOCH + BigInt(file * rows * PACE));
    for (let row = 0, timepoint = 1; row < rows; row++) {
      segment.add(LABELS[Math.floor(random() * LABELS.length)]!, durationOf(random()), timepoint);
      timepoint += Math.floor(random() * 2 * PACE);
    }
    const pieces = [new TextEncoder().encode(HEADER)];
    for (let row = 0; row < segment.count;) {
      const { bytes, next } = encoder.encode(segment, row);
      pieces.push(bytes.slice());
      row = next;
    }
    const name = segmentFileName({ owner, sequence: file + 1 });
    writeFileSync(join(directory, name), Buffer.concat(pieces));
  }
  return { directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

/** A random duration, ns: the median is 1.4 ms, the p99 0.5 s, and the maximum a minute. */
function durationOf(random: number): number {
  return Math.round(Math.min(6e10, 500_000 / (1 - random) ** 1.5));
}
