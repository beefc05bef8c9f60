import { assert } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { utimesSync, writeFileSync } from "node:fs";
import { HEADER } from "../../../src/csv/dialect.ts";
import { CsvEncoder } from "../../../src/csv/encode.ts";
import { segmentFileName } from "../../../src/files/names.ts";
import { Segment } from "../../../src/segment/segment.ts";
import { valueKindOf } from "../../../src/series.ts";

/** 2026-11-28T10:00:00Z, ns. */
export const BEGIN = BigInt(Date.UTC(2026, 10, 28, 10)) * 1_000_000n;
/** A second, ns. */
export const SECOND = 1_000_000_000n;

/** A row of a file. */
export interface Row {
  readonly label: string;
  readonly value: number;
  /** Seconds after {@linkcode BEGIN}. */
  readonly at: number;
}

/** Writes the file of a segment as Kymo does, changed last after all of its rows. */
export function publish(directory: string, channel: string, sequence: number, rows: readonly Row[], pid = 7): string {
  const owner = { channel, pid, isolate: "0badcafe", kind: valueKindOf(channel) };
  const segment = new Segment(new ArrayBuffer(400 * rows.length + 8192), owner);
  segment.open(sequence, BEGIN);
  for (const { label, value, at } of rows) assert(segment.add(label, value, Math.round(at * 1e9) + 1));
  const encoder = new CsvEncoder();
  const pieces: Uint8Array[] = [new TextEncoder().encode(HEADER)];
  for (let row = 0; row < segment.count;) {
    const { bytes, next } = encoder.encode(segment, row);
    pieces.push(bytes.slice());
    row = next;
  }
  const name = segmentFileName({ owner, sequence });
  writeFileSync(`${directory}/${name}`, Buffer.concat(pieces));
  age(`${directory}/${name}`);
  return name;
}

/** Lets a file have been changed three hours after the first of its rows. */
export function age(path: string): void {
  const seconds = Number(BEGIN / SECOND) + 3 * 3_600;
  utimesSync(path, seconds, seconds);
}

const label = fc.oneof(fc.constantFrom("a", "/orders/:id [GET]"), fc.string({ unit: "grapheme", maxLength: 12 }));
const at = fc.integer({ min: 0, max: 7_200_000 }).map((ms) => ms / 1_000);
const duration = fc.oneof(fc.integer({ min: 0, max: 5_000_000_000 }), fc.nat());
const number = fc.oneof(fc.double(), fc.constantFrom(-0, 0, NaN, Infinity, 17), fc.integer());
const rowsWith = (value: fc.Arbitrary<number>) =>
  fc.array(fc.record({ label, value, at }), { minLength: 1, maxLength: 30 });
/** Rows of any channel that can be recorded. */
export const publishedFile: fc.Arbitrary<{ channel: string; rows: Row[] }> = fc.oneof(
  fc.record({ channel: fc.constant("duration"), rows: rowsWith(duration) }),
  fc.record({ channel: fc.constantFrom("custom", "runtime", "orders"), rows: rowsWith(number) }),
);
