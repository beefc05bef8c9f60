import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CsvEncoder } from "../../../src/csv/encode.ts";
import { HEADER } from "../../../src/csv/dialect.ts";
import { segmentFileName } from "../../../src/files/names.ts";
import { Segment } from "../../../src/segment/segment.ts";
import { ValueKind } from "../../../src/series.ts";
import { randomNumbers } from "../../harness/random.ts";
import { SEGMENT_BYTES } from "../../harness/segment_rows.ts";

/** Rows that are shipped. */
export const ROWS = 1_000_000;

/** Labels of durations. */
export const ROUTES = [
  "/orders [GET]",
  "/orders/:id [GET]",
  "/orders [POST]",
  "/reports/:year/:month [GET]",
  "/health [GET]",
];
const BEGIN = BigInt(Date.UTC(2026, 10, 27)) * 1_000_000n;
const OWNER = { pid: 4711, isolate: "0123abcd", channel: "duration", kind: ValueKind.duration };

/** Rows in files; disposing removes them. */
export interface RecordedRows extends Disposable {
  readonly directory: string;
  /** Bytes of the rows. */
  readonly bytes: number;
}

/** A million durations in the files that a program leaves that flushes full buffers. */
export function recordMillion(): RecordedRows {
  const directory = mkdtempSync(join(tmpdir(), "kymo-bench-"));
  const random = randomNumbers();
  const encoder = new CsvEncoder();
  let bytes = 0;
  let at = 0;
  for (let row = 0, sequence = 1; row < ROWS; sequence++) {
    const segment = new Segment(new ArrayBuffer(SEGMENT_BYTES), OWNER);
    segment.open(sequence, BEGIN);
    for (; row < ROWS && segment.count < segment.capacity; row++) {
      at += Math.floor(random() * 2e6);
      const label = ROUTES[Math.floor(random() * random() * ROUTES.length)]!;
      segment.add(label, Math.round(2e6 * Math.exp(random() + random() + random() - 1.5)), at);
    }
    const pieces = [new TextEncoder().encode(HEADER)];
    for (let next = 0; next < segment.count;) {
      const slice = encoder.encode(segment, next);
      pieces.push(slice.bytes.slice());
      ({ next } = slice);
    }
    const file = Buffer.concat(pieces);
    bytes += file.length - HEADER.length;
    writeFileSync(join(directory, segmentFileName({ owner: OWNER, sequence })), file);
  }
  return { directory, bytes, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}
