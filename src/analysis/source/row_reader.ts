import { Byte } from "../../csv/dialect.ts";

/** The longest row that is taken, bytes. Kymo writes none of more than 33,000. */
export const MAX_ROW_BYTES: number = 2 ** 20;

/** What stands at a place in a CSV file. */
export const Found = {
  /** A whole row. */
  row: 0,
  /** An empty line. */
  blank: 1,
  /** Something else. */
  bad: 2,
  /** What may be one of these, as far as it is there. */
  cut: 3,
} as const;

/** One of {@linkcode Found}. */
export type Found = (typeof Found)[keyof typeof Found];

const SPACE = 0x20;
const PLUS = 0x2b;
const ZERO = 0x30;
const NINE = 0x39;
const SMALL_E = 0x65;
const LARGE_E = 0x45;

const MAX_PID = 0xffff_ffff;
const MAX_TIMEPOINT = "9223372036854775807";
const MIN_TIMEPOINT = "-9223372036854775808";

/** What a measurement may be that has no digits; a minus may precede the infinite ones. */
const INFINITE = ["Infinity", "inf"].map(bytesOf);
const NAMES = [...INFINITE, ...["NaN", "nan"].map(bytesOf)];

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A byte a character. */
const latin1 = new TextDecoder("latin1");

/** Returned instead of where a field ends if it is none; what it is instead is noted. */
const NO_FIELD = -1;

/**
 * Reads rows of CSV strictly: four fields as RFC 4180 has them, ended by CRLF or LF.
 *
 * | field | what is taken |
 * | --- | --- |
 * | timepoint | a whole number that 64 bits hold with its sign |
 * | measurement | decimal digits, with a fraction and an exponent if need be; `NaN`, `nan`, `Infinity`, `inf`; a minus before a number or an infinity |
 * | label | UTF-8 without NUL; in quotes if it is empty or holds a comma, a quote, CR or LF |
 * | PID | a whole number that 32 bits hold |
 *
 * The numbers of such rows have the same values for DuckDB and for JavaScript. What else DuckDB takes, it may change: it rounds `1.5` to a whole
 * number, and an empty field is NULL.
 */
export class RowReader {
  /** Where a row or an empty line ends, behind its line end. */
  end = 0;
  /** Whether that is CRLF, not LF. */
  crlf = false;
  /** How many line feeds the label of a row holds. */
  lineFeeds = 0;
  /** Why something is no row, if it is not: a sentence about it. */
  reason = "";
  /** Whether spaces behind a comma are left out. */
  readonly #spaced: boolean;
  #bytes: Uint8Array = new Uint8Array(1);
  #limit = 0;
  #isCut = false;
  #timepoint = 0;
  #timepointEnd = 0;
  #measurement = 0;
  #measurementEnd = 0;
  #label = 0;
  #labelEnd = 0;
  #hasDoubledQuotes = false;
  #pid = 0;

  /** One that reads nothing yet; `spaced` tells to leave out spaces behind commas. */
  constructor(spaced = false) {
    this.#spaced = spaced;
  }

  /** Looks at what stands at `at`. The bytes that are there end before `limit`, and one more follows, a 0. */
  read(bytes: Uint8Array, at: number, limit: number): Found {
    this.#bytes = bytes;
    this.#limit = limit;
    this.#isCut = false;
    let end = this.#readTimepoint(at);
    if (end === NO_FIELD) return this.#isEmptyLine(at) ? Found.blank : this.#notRow();
    end = this.#readMeasurement(this.#behindComma(end));
    if (end === NO_FIELD) return this.#notRow();
    const label = this.#behindComma(end);
    end = bytes[label] === Byte.quote ? this.#readQuotedLabel(label + 1) : this.#readLabel(label);
    if (end === NO_FIELD) return this.#notRow();
    end = this.#readPid(this.#behindComma(end));
    if (end === NO_FIELD) return this.#notRow();
    this.end = end;
    return Found.row;
  }

  /** The timepoint of the row that was read, ns. */
  get timepoint(): bigint {
    return BigInt(this.#text(this.#timepoint, this.#timepointEnd));
  }

  /** Its measurement. */
  get measurement(): number {
    return Number(this.#text(this.#measurement, this.#measurementEnd).replace(/inf$/, "Infinity")); // "nan" is NaN too
  }

  /** Its label. */
  get label(): string {
    const text = utf8.decode(this.#bytes.subarray(this.#label, this.#labelEnd));
    return this.#hasDoubledQuotes ? text.replaceAll('""', '"') : text;
  }

  /** Its PID. */
  get pid(): number {
    return this.#pid;
  }

  #readTimepoint(start: number): number {
    const bytes = this.#bytes;
    let i = bytes[start] === Byte.minus ? start + 1 : start;
    const digits = i;
    while (bytes[i]! >= ZERO && bytes[i]! <= NINE) i++;
    if (bytes[i] !== Byte.comma || i === digits) return this.#none(i, "its timepoint is not a whole number");
    const isShort = i - digits < 19 || i - digits === 19 && bytes[digits]! < NINE;
    if (!isShort && !this.#isInRange(start, i)) return this.#none(start, "its timepoint is beyond 64 bits");
    this.#timepoint = start;
    this.#timepointEnd = i;
    return i;
  }

  #isInRange(start: number, end: number): boolean {
    const text = this.#text(start, end);
    const bound = text.startsWith("-") ? MIN_TIMEPOINT : MAX_TIMEPOINT;
    return text.length < bound.length || text.length === bound.length && text <= bound;
  }

  #readMeasurement(start: number): number {
    const bytes = this.#bytes;
    let i = bytes[start] === Byte.minus ? start + 1 : start;
    const digits = i;
    while (bytes[i]! >= ZERO && bytes[i]! <= NINE) i++;
    if (i === digits) {
      i = this.#endOfName(i, i > start ? INFINITE : NAMES);
    } else {
      if (bytes[i] === Byte.dot) i = this.#endOfDigits(i + 1);
      if (bytes[i] === SMALL_E || bytes[i] === LARGE_E) {
        i = this.#endOfDigits(bytes[i + 1] === Byte.minus || bytes[i + 1] === PLUS ? i + 2 : i + 1);
      }
    }
    if (bytes[i] !== Byte.comma) return this.#none(i, "its measurement is not a number");
    this.#measurement = start;
    this.#measurementEnd = i;
    return i;
  }

  /** Where the digits at `start` end, of which there must be one. */
  #endOfDigits(start: number): number {
    let i = start;
    while (this.#bytes[i]! >= ZERO && this.#bytes[i]! <= NINE) i++;
    return i === start && i < this.#limit ? NO_FIELD : i;
  }

  /** Where one of the names at `start` ends, or the bytes in the middle of one. */
  #endOfName(start: number, names: readonly Uint8Array[]): number {
    for (const name of names) {
      let i = 0;
      while (i < name.length && this.#bytes[start + i] === name[i]) i++;
      if (i === name.length || start + i >= this.#limit) return start + i;
    }
    return NO_FIELD;
  }

  #readLabel(start: number): number {
    const bytes = this.#bytes;
    let all = 0;
    let i = start;
    for (let byte = bytes[i]!; byte !== Byte.comma; byte = bytes[++i]!) {
      if (byte <= Byte.quote) {
        if (byte === Byte.quote) return this.#none(start, "a quote stands inside its label");
        if (byte === Byte.lf || byte === Byte.cr) return this.#none(start, "it has fewer than four fields");
        if (byte === 0) return this.#none(i, "its label holds a NUL");
      }
      all |= byte;
    }
    if (i === start) return this.#none(start, "it has no label");
    this.#hasDoubledQuotes = false;
    this.lineFeeds = 0;
    return this.#endLabel(start, i, all);
  }

  #readQuotedLabel(start: number): number {
    const bytes = this.#bytes;
    let all = 0;
    let lineFeeds = 0;
    let i = start;
    this.#hasDoubledQuotes = false;
    for (let byte = bytes[i]!;; byte = bytes[++i]!) {
      if (byte === Byte.quote) {
        if (bytes[i + 1] !== Byte.quote) break;
        this.#hasDoubledQuotes = true;
        i++;
      } else if (byte === Byte.lf) {
        lineFeeds++;
      } else if (byte === 0) {
        return this.#none(i, "its label holds a NUL");
      }
      all |= byte;
    }
    if (bytes[i + 1] !== Byte.comma) return this.#none(i + 1, "its label goes on behind its quotes");
    this.lineFeeds = lineFeeds;
    return this.#endLabel(start, i, all) === NO_FIELD ? NO_FIELD : i + 1;
  }

  #endLabel(start: number, end: number, all: number): number {
    this.#label = start;
    this.#labelEnd = end;
    if (all < 0x80) return end;
    try {
      utf8.decode(this.#bytes.subarray(start, end));
      return end;
    } catch {
      return this.#none(start, "its label is not UTF-8");
    }
  }

  /** Returns where the row ends. */
  #readPid(start: number): number {
    const bytes = this.#bytes;
    let pid = 0;
    let i = start;
    for (; bytes[i]! >= ZERO && bytes[i]! <= NINE; i++) pid = pid * 10 + bytes[i]! - ZERO;
    if (bytes[i] === Byte.comma) return this.#none(start, "it has more than four fields");
    const isWhole = i > start;
    this.crlf = bytes[i] === Byte.cr;
    if (this.crlf) i++;
    if (bytes[i] !== Byte.lf || !isWhole) return this.#none(i, "its PID is not a whole number");
    if (pid > MAX_PID) return this.#none(start, "its PID is beyond 32 bits");
    this.#pid = pid;
    return i + 1;
  }

  #behindComma(comma: number): number {
    let i = comma + 1;
    if (this.#spaced) { while (this.#bytes[i] === SPACE) i++; }
    return i;
  }

  /** That something is not as it should be up to `i` is not known to be wrong if the bytes end there. */
  #none(i: number, reason: string): number {
    this.#isCut = i >= this.#limit;
    this.reason = reason;
    return NO_FIELD;
  }

  #notRow(): Found {
    return this.#isCut ? Found.cut : Found.bad;
  }

  #isEmptyLine(at: number): boolean {
    const bytes = this.#bytes;
    this.crlf = bytes[at] === Byte.cr;
    const lf = this.crlf ? at + 1 : at;
    if (this.crlf && lf >= this.#limit) this.#isCut = true;
    this.end = lf + 1;
    return bytes[lf] === Byte.lf;
  }

  #text(start: number, end: number): string {
    return latin1.decode(this.#bytes.subarray(start, end));
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
