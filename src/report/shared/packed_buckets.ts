/**
 * The buckets of a report as they stand in its page, or are sent to one that is live: column by column, as
 * texts of numbers. They are nearly all of a large report, and take half of the bytes and a third of the
 * time that arrays in JSON take.
 *
 * A number is written as in source maps (base64 VLQ, but without a sign): digits of 6 bits, the least first, of which
 * the sixth bit says that another one follows.
 *
 * @module
 */

import { BUCKET_FIELDS, BUCKET_PARTS } from "./report_buckets.ts";
import type { Buckets, DurationCells, ReportData } from "./report_data.ts";

/** The buckets of the cells of a series in a process. */
export interface PackedBuckets {
  /** Number of buckets of each cell. */
  readonly lengths: string;
  /** From the bucket before, or 0, to this one. */
  readonly steps: string;
  readonly counts: string;
  /** How far above the beginning of a bucket its smallest duration is. */
  readonly lows: string;
  /** How far below its last part its largest duration is; left out where a bucket has one duration. */
  readonly highs: string;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const DIGIT_CODES = Uint8Array.from(DIGITS, (digit) => digit.charCodeAt(0));
const DIGIT_VALUES = Uint8Array.from(
  { length: 128 },
  (_, code) => Math.max(0, DIGITS.indexOf(String.fromCharCode(code))),
);

/** Values of a digit that another one follows begin here. */
const MORE = 32;

/** Packs the buckets of all cells of a report. */
export function packReport(data: ReportData): ReportData<PackedBuckets> {
  return withCells(data, (cells) => ({ ...cells, buckets: packBuckets(cells.buckets) }));
}

/** The report that was packed. The buckets of a series are unpacked when they are asked for. */
export function unpackReport(data: ReportData<PackedBuckets>): ReportData {
  return withCells(data, ({ buckets: packed, ...cells }) => {
    let buckets: Buckets | undefined;
    return {
      ...cells,
      get buckets() {
        return buckets ??= unpackBuckets(packed);
      },
    };
  });
}

type OtherCells<From, To> = (cells: DurationCells<From>) => DurationCells<To>;

function withCells<From, To>(data: ReportData<From>, change: OtherCells<From, To>): ReportData<To> {
  const durations = data.durations.map((series) => ({
    ...series,
    processes: series.processes.map(({ cells, ...process }) => ({
      ...process,
      ...cells === undefined ? {} : { cells: change(cells) },
    })),
  }));
  return { ...data, durations };
}

/** Packs the buckets of cells that follow each other. */
export function packBuckets(buckets: Buckets): PackedBuckets {
  const [lengths, steps, counts, lows, highs] = [new Column(), new Column(), new Column(), new Column(), new Column()];
  for (const cell of buckets) {
    lengths.write(cell.length / BUCKET_FIELDS);
    for (let at = 0, before = 0; at < cell.length; at += BUCKET_FIELDS) {
      const [bucket, count, low, high] = [cell[at]!, cell[at + 1]!, cell[at + 2]!, cell[at + 3]!];
      steps.write(bucket - before);
      before = bucket;
      counts.write(count);
      lows.write(low);
      if (count > 1) highs.write(BUCKET_PARTS - 1 - high);
    }
  }
  return { lengths: lengths.text, steps: steps.text, counts: counts.text, lows: lows.text, highs: highs.text };
}

/** The buckets that were packed. */
export function unpackBuckets({ lengths: ofCells, ...packed }: PackedBuckets): Buckets {
  const lengths = new Digits(ofCells);
  const steps = new Digits(packed.steps);
  const counts = new Digits(packed.counts);
  const lows = new Digits(packed.lows);
  const highs = new Digits(packed.highs);
  // An array for each cell would take twice the time. A part of a bucket is one digit.
  const all = new Float64Array(packed.lows.length * BUCKET_FIELDS);
  const buckets: Float64Array[] = [];
  for (let at = 0; !lengths.atEnd;) {
    const from = at;
    const end = from + lengths.read() * BUCKET_FIELDS;
    for (let bucket = 0; at < end; at += BUCKET_FIELDS) {
      const low = lows.read();
      const count = counts.read();
      bucket += steps.read();
      all[at] = bucket;
      all[at + 1] = count;
      all[at + 2] = low;
      all[at + 3] = count > 1 ? BUCKET_PARTS - 1 - highs.read() : low;
    }
    buckets.push(all.subarray(from, end));
  }
  return buckets;
}

/** A text to which numbers are added: as bytes, since a text that grows by single characters is a chain of them. */
class Column {
  #bytes = new Uint8Array(64);
  #length = 0;

  get text(): string {
    return decoder.decode(this.#bytes.subarray(0, this.#length));
  }

  /** Adds an integer that is not negative. */
  write(value: number): void {
    while (value >= MORE) {
      this.#add(MORE + value % MORE);
      value = Math.floor(value / MORE);
    }
    this.#add(value);
  }

  #add(digit: number): void {
    if (this.#length === this.#bytes.length) {
      const longer = new Uint8Array(2 * this.#length);
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
    this.#bytes[this.#length++] = DIGIT_CODES[digit]!;
  }
}

const decoder = new TextDecoder();

/** Reads the numbers of a text. */
class Digits {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  read(): number {
    let value = 0;
    for (let scale = 1;; scale *= MORE) {
      const digit = DIGIT_VALUES[this.#text.charCodeAt(this.#at++)]!;
      if (digit < MORE) return value + digit * scale;
      value += (digit - MORE) * scale;
    }
  }
}
