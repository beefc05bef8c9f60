/**
 * Types of the part of `@std/csv` that Kymo uses, as the original declares them.
 *
 * @module
 */

/** What both readers understand. */
export interface ParseOptions {
  /** Character that separates values; a comma by default. */
  separator?: string;
  /** Character that begins a line to be ignored; none by default. */
  comment?: string;
  /** Whether space before a value is dropped; `false` by default. */
  trimLeadingSpace?: boolean;
  /** Whether a stray quote is taken as text; `false` by default. */
  lazyQuotes?: boolean;
  /** Fields that each record must have; 0: as many as the first; negative: any number. */
  fieldsPerRecord?: number;
  /** Whether the first record is a header, and not returned; `false` by default. */
  skipFirstRow?: boolean;
  /** Names of the columns. */
  columns?: readonly string[];
}

/** Rows are arrays, unless the options name columns or take them from the first record: then they are objects. */
export type ParseResult<T extends ParseOptions | undefined> = T extends { columns: readonly (infer C extends string)[] }
  ? Record<C, string>[]
  : T extends { skipFirstRow: true } ? Record<string, string>[]
  : string[][];

/** Parses a CSV text; throws `SyntaxError` where it is malformed. */
export function parse(input: string): string[][];
/** Parses a CSV text; throws `SyntaxError` where it is malformed. */
export function parse<const T extends ParseOptions>(input: string, options: T): ParseResult<T>;

/** Parses a stream of CSV text into one chunk per record. */
export class CsvParseStream<const T extends ParseOptions | undefined = undefined>
  implements TransformStream<string, ParseResult<T>[number]> {
  /** Sets the stream up. */
  constructor(options?: T);
  /** The records. */
  get readable(): ReadableStream<ParseResult<T>[number]>;
  /** Takes the text. */
  get writable(): WritableStream<string>;
}

/** One step, or the path, to a value in an object. */
export type PropertyAccessor = number | string;

/** A column: where its values are, and optionally its name in the header. */
export type Column =
  | { header?: string; prop: PropertyAccessor | PropertyAccessor[] }
  | PropertyAccessor
  | PropertyAccessor[];

/** A row to be written. */
export type DataItem = Readonly<Record<string, unknown> | unknown[]>;

/** How rows are written. */
export interface StringifyOptions {
  /** Whether a header is written where `columns` are given; `true` by default. */
  headers?: boolean;
  /** Character that separates values; a comma by default. */
  separator?: string;
  /** The columns, in order. Needed if rows are objects. */
  columns?: readonly Column[];
  /** Whether the text begins with a byte-order mark; `false` by default. */
  bom?: boolean;
}

/** Writes rows as CSV text with CRLF after each record. */
export function stringify(data: readonly DataItem[], options?: StringifyOptions): string;
