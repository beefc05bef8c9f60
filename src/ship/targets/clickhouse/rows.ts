/**
 * The rows of pieces as ClickHouse is given them: CSV with the batch as a last column, and every label
 * in quotes. Without quotes some versions cut spaces from its ends, read `\N` as an absent value, or
 * take an apostrophe for a quote.
 *
 * @module
 */

import { Byte } from "../../../csv/dialect.ts";
import type { Piece } from "../../pieces/piece.ts";

const SECONDS_PER_DAY = 86_400;

/** Digits of the ns in a timepoint. */
const NANOSECOND_DIGITS = 9;

/** Bytes by which a row may grow, beside the batch: two quotes and a comma. */
const GROWTH = 3;

/** Rows of one day. */
export interface DayRows {
  /** Days since 1970 in UTC. */
  readonly day: number;
  readonly rows: number;
  readonly csv: Uint8Array<ArrayBuffer>;
}

/** The rows of pieces by their days in UTC, in the order of the days. */
export function rowsByDay(pieces: readonly Pick<Piece, "csv" | "rows">[], batch: string): readonly DayRows[] {
  const suffix = new TextEncoder().encode(`,${batch}\n`);
  const days = new Map<number, DayOutput>();
  for (const { csv, rows } of pieces) {
    const size = csv.length + rows * (suffix.length + GROWTH);
    let output: DayOutput | undefined;
    for (let start = 0; start < csv.length;) {
      const day = Math.floor(secondsAt(csv, start) / SECONDS_PER_DAY);
      if (output?.day !== day) {
        output = days.get(day) ?? new DayOutput(day, suffix);
        days.set(day, output);
        output.reserve(size);
      }
      start = output.add(csv, start);
    }
  }
  return [...days.values()].sort((one, other) => one.day - other.day);
}

/** The whole seconds since 1970, rounded down, of the row that begins at a byte. */
function secondsAt(csv: Uint8Array, start: number): number {
  const isNegative = csv[start] === Byte.minus;
  const first = isNegative ? start + 1 : start;
  const end = csv.indexOf(Byte.comma, first);
  let seconds = 0;
  for (let i = first; i < end - NANOSECOND_DIGITS; i++) seconds = seconds * 10 + csv[i]! - Byte.zero;
  if (!isNegative) return seconds;
  for (let i = Math.max(first, end - NANOSECOND_DIGITS); i < end; i++) if (csv[i] !== Byte.zero) return -seconds - 1;
  return -seconds;
}

/** Rows of one day, in bytes that grow. */
class DayOutput implements DayRows {
  readonly day: number;
  rows = 0;
  readonly #suffix: Uint8Array;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #length = 0;

  constructor(day: number, suffix: Uint8Array) {
    this.day = day;
    this.#suffix = suffix;
  }

  get csv(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room for so many bytes. */
  reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.csv);
    this.#bytes = larger;
  }

  /** Adds the row that begins at `start`, and returns where the next one does. */
  add(csv: Uint8Array, start: number): number {
    const bytes = this.#bytes;
    const suffix = this.#suffix;
    let from = start;
    let to = this.#length;
    for (let commas = 0; commas < 2;) {
      const byte = csv[from++]!;
      if (byte === Byte.comma) commas++;
      bytes[to++] = byte;
    }
    if (csv[from] !== Byte.quote) {
      bytes[to++] = Byte.quote;
      while (csv[from] !== Byte.comma) bytes[to++] = csv[from++]!;
      bytes[to++] = Byte.quote;
    }
    // A quote within quotes is two, so that it ends them and begins them again.
    for (let isQuoted = false;; from++) {
      const byte = csv[from]!;
      if (byte === Byte.lf && !isQuoted) break;
      if (byte === Byte.quote) isQuoted = !isQuoted;
      bytes[to++] = byte;
    }
    for (let i = 0; i < suffix.length; i++) bytes[to++] = suffix[i]!;
    this.#length = to;
    this.rows++;
    return from + 1;
  }
}
