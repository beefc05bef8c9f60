import { Byte } from "../../csv/dialect.ts";

/** A row of CSV. The same object is used for each. */
export interface CsvRow {
  /** Whole seconds of the timepoint since 1970, and the nanoseconds beyond. */
  seconds: number;
  nanoseconds: number;
  measurement: number;
  label: string;
  pid: number;
}

/** How many labels are remembered. */
const MAX_LABELS = 20_000;

/** The most digits of a number whose value as an integer is exact in a double for sure. */
const EXACT_DIGITS = 15;

/** 1, 10, 100, …: exact in doubles, so that a whole number divided by one of them is the double next to the quotient. */
const POWERS = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

const NANOSECOND_DIGITS = 9;

/** Where something ends that is not whole yet, or is none. */
const UNFINISHED = -1;
const MALFORMED = -2;

/**
 * Reads rows of our dialect from bytes, as fast as they come: nothing is made for a row, and a label is decoded when it is first met. What is no
 * row is counted and left out.
 */
export class CsvRows {
  /** Lines that are no rows, headers aside. */
  malformed = 0;
  readonly #row: CsvRow = { seconds: 0, nanoseconds: 0, measurement: 0, label: "", pid: 0 };
  readonly #labels = new Map<number, { readonly bytes: Uint8Array; readonly text: string }>();
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /** Gives each whole row to `take`, and returns where the last one ends. */
  read(bytes: Uint8Array, take: (row: CsvRow) => void): number {
    let at = 0;
    for (;;) {
      const end = this.#readRow(bytes, at);
      if (end === UNFINISHED) return at;
      if (end !== MALFORMED) {
        take(this.#row);
        at = end;
        continue;
      }
      const next = bytes.indexOf(Byte.lf, at) + 1;
      if (next === 0) return at;
      if (bytes[at] !== 0x54) this.malformed++; // "T" begins the header
      at = next;
    }
  }

  #readRow(bytes: Uint8Array, start: number): number {
    const value = this.#readTimepoint(bytes, start);
    if (value < 0) return value;
    const label = this.#readMeasurement(bytes, value);
    if (label < 0) return label;
    const pid = this.#readLabel(bytes, label);
    return pid < 0 ? pid : this.#readPid(bytes, pid);
  }

  #readTimepoint(bytes: Uint8Array, start: number): number {
    const end = fieldEnd(bytes, start);
    if (end < 0) return end;
    const middle = Math.max(start, end - NANOSECOND_DIGITS);
    const seconds = wholeNumber(bytes, start, middle);
    const nanoseconds = wholeNumber(bytes, middle, end);
    if (end === start || seconds < 0 || nanoseconds < 0) return MALFORMED;
    this.#row.seconds = seconds;
    this.#row.nanoseconds = nanoseconds;
    return end + 1;
  }

  #readMeasurement(bytes: Uint8Array, start: number): number {
    const end = fieldEnd(bytes, start);
    if (end < 0) return end;
    if (end === start) return MALFORMED;
    this.#row.measurement = decimal(bytes, start, end);
    return end + 1;
  }

  #readLabel(bytes: Uint8Array, start: number): number {
    if (bytes[start] === Byte.quote) return this.#readQuotedLabel(bytes, start + 1);
    const end = fieldEnd(bytes, start);
    if (end < 0) return end;
    this.#row.label = this.#label(bytes, start, end);
    return end + 1;
  }

  #readQuotedLabel(bytes: Uint8Array, start: number): number {
    let doubled = false;
    let end = start;
    for (;; end += 2) {
      end = bytes.indexOf(Byte.quote, end);
      if (end < 0 || end + 1 === bytes.length) return UNFINISHED;
      if (bytes[end + 1] !== Byte.quote) break;
      doubled = true;
    }
    if (bytes[end + 1] !== Byte.comma) return MALFORMED;
    const text = this.#label(bytes, start, end);
    this.#row.label = doubled ? text.replaceAll('""', '"') : text;
    return end + 2;
  }

  #readPid(bytes: Uint8Array, start: number): number {
    const end = bytes.indexOf(Byte.lf, start);
    if (end < 0) return UNFINISHED;
    const pid = wholeNumber(bytes, start, bytes[end - 1] === Byte.cr ? end - 1 : end);
    if (pid < 0) return MALFORMED;
    this.#row.pid = pid;
    return end + 1;
  }

  #label(bytes: Uint8Array, start: number, end: number): string {
    let hash = end - start;
    for (let i = start; i < end; i++) hash = Math.imul(hash, 31) + bytes[i]! | 0;
    const known = this.#labels.get(hash);
    if (known !== undefined && isAt(known.bytes, bytes, start, end)) return known.text;
    if (this.#labels.size === MAX_LABELS) this.#labels.clear();
    const label = bytes.slice(start, end);
    const text = this.#decoder.decode(label);
    this.#labels.set(hash, { bytes: label, text });
    return text;
  }
}

/** Where an unquoted field ends: at the comma. */
function fieldEnd(bytes: Uint8Array, start: number): number {
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === Byte.comma) return i;
    if (byte === Byte.lf) return MALFORMED;
  }
  return UNFINISHED;
}

/** Digits as a number; negative if there is something else. */
function wholeNumber(bytes: Uint8Array, start: number, end: number): number {
  let number = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - Byte.zero;
    if (digit < 0 || digit > 9) return MALFORMED;
    number = number * 10 + digit;
  }
  return number;
}

/** A decimal number as the double next to it; NaN if it is none. */
function decimal(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === Byte.minus;
  const first = isNegative ? start + 1 : start;
  let mantissa = 0;
  let point = end - 1;
  if (first === end || end - first > EXACT_DIGITS) return anyNumber(bytes, start, end);
  for (let i = first; i < end; i++) {
    const digit = bytes[i]! - Byte.zero;
    if (digit >= 0 && digit <= 9) mantissa = mantissa * 10 + digit;
    else if (bytes[i] === Byte.dot && point === end - 1) point = i;
    else return anyNumber(bytes, start, end);
  }
  const magnitude = mantissa / POWERS[end - 1 - point]!;
  return isNegative ? -magnitude : magnitude;
}

function anyNumber(bytes: Uint8Array, start: number, end: number): number {
  return Number(String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 400))));
}

function isAt(label: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (label.length !== end - start) return false;
  for (let i = 0; i < label.length; i++) if (label[i] !== bytes[start + i]) return false;
  return true;
}
