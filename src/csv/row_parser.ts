/**
 * The grammar of a row. Four fields as RFC 4180 has them, ended by CRLF or LF, each in quotes or
 * not, though Kymo puts no number in quotes:
 *
 * | field | accepted |
 * | --- | --- |
 * | Timepoint | a whole number that fits in 64 bits with its sign |
 * | Measurement | decimal digits with an optional fraction and exponent; `NaN`, `nan`, `Infinity`, `inf`; a minus before a number or an infinity |
 * | Label | UTF-8 without NUL; in quotes if it is empty or holds a comma, a quote, CR or LF |
 * | PID | a whole number that fits in 32 bits |
 *
 * The numbers of such rows have the same values for JavaScript and for DuckDB. DuckDB accepts more,
 * but misreads some of it: `analysis/source/sources.ts` lists what.
 *
 * Nearly all rows are *plain*: a timepoint of 19 digits (the years 2001 to 2255), a decimal number
 * without sign and exponent, a label of ASCII without quotes. Those take one pass, which compares
 * four digits at a time. All others take the general path, which also says what is wrong.
 *
 * @module
 */

import { NANOSECONDS_PER_SECOND } from "../series.ts";
import { Byte } from "./dialect.ts";
import { fourDigits, notDigits } from "./digit_words.ts";
import { LabelTexts } from "./label_texts.ts";
import { asciiBytes, textDecoder } from "../text_coders.ts";

/** The longest row accepted, bytes. Kymo writes none of more than 33,000. */
export const MAX_ROW_BYTES: number = 2 ** 20;

/**
 * Bytes that must follow the last byte of the input, since several digits are compared at
 * a time. The first of them must be 0.
 */
export const PADDING = 32;

/** Digits of a timepoint of our days, and the most digits of a PID that surely fits in 32 bits. */
const TIMEPOINT_DIGITS = 19;
const PLAIN_PID_DIGITS = 9;
const NANOSECOND_DIGITS = 9;

const BILLION = BigInt(NANOSECONDS_PER_SECOND);

const MAX_PID = 0xffff_ffff;
const MAX_TIMEPOINT = "9223372036854775807";
const MIN_TIMEPOINT = "-9223372036854775808";

/** Measurements without digits; a minus may precede the infinite ones. */
const INFINITE = ["Infinity", "inf"].map(asciiBytes);
const NAMES = [...INFINITE, ...["NaN", "nan"].map(asciiBytes)];

/** Any whole number of at most 15 digits is exact in a double. */
const EXACT_DIGITS = 15;

/**
 * 1, 10, 100, …: exact in doubles, so that a whole number divided by one of them is the double
 * nearest to the quotient.
 */
const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/** Decodes each byte to one character. */
const latin1 = textDecoder("latin1");

/** Returned instead of the end of a row or field that is not valid. */
export const NO_MATCH = -1;

/** Parses one row at a time; its fields are those of the row that it parsed last. */
export class RowParser {
  /** Whether it ends with CRLF, not LF. */
  crlf = false;
  /** Line feeds in its label. */
  lineFeeds = 0;
  /** Why the line is not a row: the end of a sentence, such as "it has no label". */
  reason = "";
  /** Whether it is the beginning of what may be a row. */
  isPartial = false;
  /** Whether spaces after a comma are skipped. */
  isSpaced = false;
  /** Where the label is in the bytes that were looked at, with its quotes if it has some. */
  labelStart = 0;
  labelEnd = 0;
  #bytes = new Uint8Array(PADDING);
  #words = new DataView(this.#bytes.buffer);
  /** Where the digits of the timepoint begin, or its minus. */
  #timepoint = 0;
  #timepointEnd = 0;
  /** Where the input ends. */
  #limit = 0;
  #measurement = 0;
  #measurementEnd = 0;
  #pid = 0;
  readonly #labels = new LabelTexts();

  /** Looks for rows in these bytes from now on. */
  moveTo(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#words = new DataView(bytes.buffer);
  }

  /** The timepoint of the row, ns since 1970. */
  get timepoint(): bigint {
    return BigInt(this.#text(this.#timepoint, this.#timepointEnd));
  }

  /** The whole seconds of the timepoint, rounded down. */
  get seconds(): number {
    const at = this.#timepoint;
    if (this.#bytes[at] === Byte.minus) return Number((this.timepoint - BigInt(this.nanoseconds)) / BILLION);
    if (this.#timepointEnd - at !== TIMEPOINT_DIGITS) {
      return this.#wholeNumber(at, this.#timepointEnd - NANOSECOND_DIGITS);
    }
    return this.#eightDigits(at) * 100 + this.#wholeNumber(at + 8, at + 10);
  }

  /** The nanoseconds of the timepoint beyond whole seconds. */
  get nanoseconds(): number {
    const at = this.#timepoint;
    const end = this.#timepointEnd;
    if (this.#bytes[at] === Byte.minus) return Number((this.timepoint % BILLION + BILLION) % BILLION);
    if (end - at !== TIMEPOINT_DIGITS) return this.#wholeNumber(Math.max(at, end - NANOSECOND_DIGITS), end);
    return this.#eightDigits(end - NANOSECOND_DIGITS) * 10 + this.#bytes[end - 1]! - Byte.zero;
  }

  /** The measurement of the row. */
  get measurement(): number {
    return this.#decimal(this.#measurement, this.#measurementEnd);
  }

  /** The label of the row. */
  get label(): string {
    return this.#labels.textOf(this.#bytes, this.labelStart, this.labelEnd)!;
  }

  /** The PID of the row. */
  get pid(): number {
    let end = this.#pid;
    while (isDigit(this.#bytes[end]!)) end++;
    return this.#wholeNumber(this.#pid, end);
  }

  /** Whether a number of the row is in quotes, as in no row that Kymo writes. */
  get hasQuotedNumber(): boolean {
    // What precedes a number without quotes is a comma, a space, or the line before.
    return [this.#timepoint, this.#measurement, this.#pid].some((at) => this.#bytes[at - 1] === Byte.quote);
  }

  /** Reads the row at `at`, and returns where it ends; {@linkcode NO_MATCH} if it is not plain. */
  readPlain(at: number): number {
    const bytes = this.#bytes;
    const words = this.#words;
    this.#timepoint = at;
    if (at + PADDING > bytes.length || bytes[at] === Byte.nine) return NO_MATCH;
    if (
      (notDigits(words.getInt32(at, true)) | notDigits(words.getInt32(at + 4, true)) |
        notDigits(words.getInt32(at + 8, true)) | notDigits(words.getInt32(at + 12, true)) |
        notDigits(words.getInt32(at + 15, true))) !== 0
    ) return NO_MATCH;
    let i = this.#timepointEnd = at + TIMEPOINT_DIGITS;
    if (bytes[i] !== Byte.comma) return NO_MATCH;
    this.#measurement = ++i;

    let first = i;
    let byte = bytes[i]!;
    while (isDigit(byte)) byte = bytes[++i]!;
    if (i === first) return NO_MATCH;
    if (byte === Byte.dot) {
      first = ++i;
      // A duration has nine decimals.
      if (i + 8 < bytes.length && (notDigits(words.getInt32(i, true)) | notDigits(words.getInt32(i + 4, true))) === 0) {
        i += 8;
      }
      byte = bytes[i]!;
      while (isDigit(byte)) byte = bytes[++i]!;
      if (i === first) return NO_MATCH;
    }
    if (byte !== Byte.comma) return NO_MATCH;
    this.#measurementEnd = i;

    this.labelStart = first = ++i;
    byte = bytes[i]!;
    // A quote is among the bytes below, as are CR, LF and NUL.
    while (byte !== Byte.comma) {
      if (byte <= Byte.quote && byte !== Byte.space && byte !== 0x21 || byte >= 0x80) return NO_MATCH;
      byte = bytes[++i]!;
    }
    if (i === first) return NO_MATCH;
    this.labelEnd = i;

    this.#pid = first = ++i;
    byte = bytes[i]!;
    while (isDigit(byte)) byte = bytes[++i]!;
    if (i === first || i - first > PLAIN_PID_DIGITS || i - at > MAX_ROW_BYTES) return NO_MATCH;
    this.lineFeeds = 0;
    this.crlf = byte === Byte.cr;
    if (this.crlf) byte = bytes[++i]!;
    return byte === Byte.lf ? i + 1 : NO_MATCH;
  }

  /**
   * Reads any row at `at` of an input that ends at `limit`, and returns where it ends; {@linkcode
   * NO_MATCH} if it is not one.
   */
  read(at: number, limit: number): number {
    this.#limit = limit;
    this.isPartial = false;
    let end = this.#readTimepoint(at);
    if (end === NO_MATCH) return NO_MATCH;
    end = this.#readMeasurement(this.#afterComma(end));
    if (end === NO_MATCH) return NO_MATCH;
    const label = this.#afterComma(end);
    end = this.#bytes[label] === Byte.quote ? this.#readQuotedLabel(label) : this.#readLabel(label);
    return end === NO_MATCH ? NO_MATCH : this.#readPid(this.#afterComma(end));
  }

  #readTimepoint(field: number): number {
    const bytes = this.#bytes;
    const start = this.#timepoint = this.#contentOf(field);
    let i = bytes[start] === Byte.minus ? start + 1 : start;
    const digits = i;
    while (isDigit(bytes[i]!)) i++;
    this.#timepointEnd = i;
    const end = this.#endOf(field, i);
    if (bytes[end] !== Byte.comma || i === digits) {
      return this.#refuse(Math.max(i, end), "its timepoint is not a whole number");
    }
    const isShort = i - digits < TIMEPOINT_DIGITS || i - digits === TIMEPOINT_DIGITS && bytes[digits]! < Byte.nine;
    return isShort || isInRange(this.#text(start, i)) ? end : this.#refuse(start, "its timepoint is beyond 64 bits");
  }

  #readMeasurement(field: number): number {
    const bytes = this.#bytes;
    const start = this.#measurement = this.#contentOf(field);
    let i = bytes[start] === Byte.minus ? start + 1 : start;
    const digits = i;
    while (isDigit(bytes[i]!)) i++;
    if (i === digits) {
      i = this.#endOfName(i, i > start ? INFINITE : NAMES);
    } else {
      if (bytes[i] === Byte.dot) i = this.#endOfDigits(i + 1);
      if ((bytes[i]! | 0x20) === 0x65) {
        i = this.#endOfDigits(bytes[i + 1] === Byte.minus || bytes[i + 1] === Byte.plus ? i + 2 : i + 1);
      }
    }
    const end = this.#endOf(field, i);
    if (bytes[end] !== Byte.comma) return this.#refuse(Math.max(i, end), "its measurement is not a number");
    this.#measurementEnd = i;
    return end;
  }

  /** Where the content of the field at `field` begins, which may be in quotes. */
  #contentOf(field: number): number {
    return this.#bytes[field] === Byte.quote ? field + 1 : field;
  }

  /** Where a field ends whose content ends at `i`; {@linkcode NO_MATCH} without its second quote. */
  #endOf(field: number, i: number): number {
    if (this.#bytes[field] !== Byte.quote) return i;
    return this.#bytes[i] === Byte.quote ? i + 1 : NO_MATCH;
  }

  /** Where the digits at `start` end, of which there must be one. */
  #endOfDigits(start: number): number {
    let i = start;
    while (isDigit(this.#bytes[i]!)) i++;
    return i === start && i < this.#limit ? NO_MATCH : i;
  }

  /** Where one of the names at `start` ends, or the input in the middle of one. */
  #endOfName(start: number, names: readonly Uint8Array[]): number {
    for (const name of names) {
      let i = 0;
      while (i < name.length && this.#bytes[start + i] === name[i]) i++;
      if (i === name.length || start + i >= this.#limit) return start + i;
    }
    return NO_MATCH;
  }

  #readLabel(start: number): number {
    const bytes = this.#bytes;
    let all = 0;
    let i = start;
    for (let byte = bytes[i]!; byte !== Byte.comma; byte = bytes[++i]!) {
      if (byte <= Byte.quote) {
        if (byte === Byte.quote) return this.#refuse(start, "a quote stands inside its label");
        if (byte === Byte.lf || byte === Byte.cr) return this.#refuse(start, "it has fewer than four fields");
        if (byte === 0) return this.#refuse(i, "its label holds a NUL");
      }
      all |= byte;
    }
    if (i === start) return this.#refuse(start, "it has no label");
    this.lineFeeds = 0;
    return this.#endLabel(start, i, all);
  }

  #readQuotedLabel(start: number): number {
    const bytes = this.#bytes;
    let all = 0;
    let lineFeeds = 0;
    let i = start + 1;
    for (let byte = bytes[i]!;; byte = bytes[++i]!) {
      if (byte === Byte.quote) {
        if (bytes[i + 1] !== Byte.quote) break;
        i++;
      } else if (byte === Byte.lf) {
        lineFeeds++;
      } else if (byte === 0) {
        return this.#refuse(i, "its label holds a NUL");
      }
      all |= byte;
    }
    if (bytes[i + 1] !== Byte.comma) return this.#refuse(i + 1, "its label continues after its quotes");
    this.lineFeeds = lineFeeds;
    return this.#endLabel(start, i + 1, all);
  }

  #endLabel(start: number, end: number, all: number): number {
    this.labelStart = start;
    this.labelEnd = end;
    const isValid = all < 0x80 || this.#labels.textOf(this.#bytes, start, end) !== undefined;
    return isValid ? end : this.#refuse(start, "its label is not UTF-8");
  }

  /** Where the row ends. */
  #readPid(field: number): number {
    const bytes = this.#bytes;
    const start = this.#pid = this.#contentOf(field);
    let pid = 0;
    let i = start;
    for (; isDigit(bytes[i]!); i++) pid = pid * 10 + bytes[i]! - Byte.zero;
    let end = this.#endOf(field, i);
    if (bytes[end] === Byte.comma) return this.#refuse(i, "it has more than four fields");
    this.crlf = bytes[end] === Byte.cr;
    if (this.crlf) end++;
    if (bytes[end] !== Byte.lf || i === start) return this.#refuse(Math.max(i, end), "its PID is not a whole number");
    return pid > MAX_PID ? this.#refuse(start, "its PID is beyond 32 bits") : end + 1;
  }

  #afterComma(comma: number): number {
    let i = comma + 1;
    if (this.isSpaced) { while (this.#bytes[i] === Byte.space) i++; }
    return i;
  }

  /**
   * Refuses the row because of the byte at `i`. If the input ends there, more bytes may make the
   * row valid.
   */
  #refuse(i: number, reason: string): number {
    this.isPartial = i >= this.#limit;
    this.reason = reason;
    return NO_MATCH;
  }

  /** The number that eight digits are, four of them at a time. */
  #eightDigits(at: number): number {
    const words = this.#words;
    return fourDigits(words.getInt32(at, true)) * 10_000 + fourDigits(words.getInt32(at + 4, true));
  }

  #wholeNumber(start: number, end: number): number {
    let number = 0;
    for (let i = start; i < end; i++) number = number * 10 + this.#bytes[i]! - Byte.zero;
    return number;
  }

  /** A decimal number as the double nearest to it. */
  #decimal(start: number, end: number): number {
    const bytes = this.#bytes;
    const isNegative = bytes[start] === Byte.minus;
    const first = isNegative ? start + 1 : start;
    if (end - first > EXACT_DIGITS) return numberOf(this.#text(start, end));
    let mantissa = 0;
    let point = end - 1;
    for (let i = first; i < end; i++) {
      const byte = bytes[i]!;
      if (isDigit(byte)) mantissa = mantissa * 10 + byte - Byte.zero;
      else if (byte === Byte.dot) point = i;
      else return numberOf(this.#text(start, end));
    }
    const magnitude = mantissa / POWERS[end - 1 - point]!;
    return isNegative ? -magnitude : magnitude;
  }

  #text(start: number, end: number): string {
    return latin1.decode(this.#bytes.subarray(start, end));
  }
}

function isDigit(byte: number): boolean {
  return byte >= Byte.zero && byte <= Byte.nine;
}

function numberOf(text: string): number {
  return Number(text.replace(/inf$/, "Infinity")); // "nan" is NaN too
}

function isInRange(timepoint: string): boolean {
  const bound = timepoint.startsWith("-") ? MIN_TIMEPOINT : MAX_TIMEPOINT;
  return timepoint.length < bound.length || timepoint.length === bound.length && timepoint <= bound;
}
