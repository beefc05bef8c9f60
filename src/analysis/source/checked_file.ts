import type { RowParser } from "../../csv/row_parser.ts";
import type { RowScanner } from "../../csv/row_scanner.ts";
import { reason } from "../../errors.ts";
import { release } from "../../files/directory.ts";
import { type ByteSource, FileError, type FileHandle, type Files, inMemory, isMissingFile } from "../../runtime.ts";
import { type ContentSink, type CsvContent, readCsv, type RowStyle } from "./csv_content.ts";
import type { FoundFile } from "./found_files.ts";
import { GunzippedFile, isGzip } from "./gzip.ts";
import { Problems } from "./reading_report.ts";
import type { CsvPart, RowTables, TakeRow } from "./duckdb_relation.ts";

/** Who reads a file, and how. */
export type ReadMode =
  /** DuckDB, before the check. */
  | "unchecked"
  /** DuckDB: the check found nothing but rows that DuckDB reads as Kymo does. */
  | "sound"
  /**
   * DuckDB, only its first rows: what follows is half a row, or has been appended since the check.
   */
  | "limited"
  /**
   * Kymo, next: it holds something that DuckDB misreads, and its rows are to be loaded into a
   * table.
   */
  | "damaged"
  /** Nobody any more: its rows are in a table, or in a joined file. */
  | "loaded"
  /** Nobody: it has no rows, was deleted, or lies outside of the time of interest. */
  | "out";

/** A CSV file, and what the check of all its bytes has found. */
export class CheckedFile {
  /** Its path and name. */
  readonly found: FoundFile;
  /** Who reads it. */
  mode: ReadMode = "unchecked";
  /** Whether it was there when it was found, and is no more, or another file has its name. */
  isGone = false;
  /** The number of bytes to read; `undefined` if it is the size at the time of the check. */
  readonly #bound: number | undefined;
  #rows = 0;
  #lineFeeds = false;
  #isGzip: boolean;
  #size = 0;
  #identity = "";

  /** A file that has not been checked. Of a file with a `bound` only that many bytes are read. */
  constructor(found: FoundFile, bound?: number) {
    this.found = found;
    this.#bound = bound;
    this.#isGzip = found.path.endsWith(".gz"); // what is in it is seen by the check
  }

  /** Whole rows, after the check. */
  get rows(): number {
    return this.#rows;
  }

  /** Whether the file may be longer than what is to be read. */
  get isBounded(): boolean {
    return this.#bound !== undefined;
  }

  /**
   * Checks all rows; yields after each block. If there is a `take`, all whole rows are given to it,
   * and DuckDB need not read the file. Does not throw.
   */
  *check(files: Files, problems: Problems, take?: TakeRow): Generator<void> {
    const { path } = this.found;
    let handle: FileHandle | undefined;
    try {
      handle = files.open(path, "read");
      const { size, identity } = handle.status();
      this.#size = size;
      this.#identity = identity;
      this.#isGzip = isGzip(handle);
      if (this.#isGzip) yield* this.#checkGzip(handle, problems, take);
      else {
        const content = yield* readCsv(handle, Math.min(size, this.#bound ?? size), this.#sink(problems, take));
        this.#judge(content, handle.status().size > size, problems);
      }
      if (take !== undefined && this.mode !== "out") this.mode = "loaded";
    } catch (error) {
      this.mode = "out";
      this.#fail(error, problems, 0);
    } finally {
      if (handle !== undefined) release(handle);
    }
  }

  /**
   * Checks all of its bytes, and if it holds nothing but rows, passes these on with how they are
   * written. If they are taken, DuckDB need not read the file; otherwise it is still to be checked.
   */
  join(content: Uint8Array, take: (style: RowStyle, rows: Uint8Array) => boolean, scanner: RowScanner): void {
    const { channel, isolate } = this.found;
    const whole = inMemory(content);
    if (isGzip(whole)) return;
    const { rows, unread, cutLine, odd, ...style } = finished(readCsv(whole, content.length, {}, scanner.restart(0)));
    if (rows === 0 || unread > 0 || cutLine !== undefined || odd) return;
    if (take({ channel, isolate, ...style }, content.subarray(style.begin))) this.mode = "loaded";
  }

  /**
   * Checks what is compressed in the file. Rows are taken only once its checksum has been found to
   * be right: what has changed may be a digit.
   */
  *#checkGzip(handle: FileHandle, problems: Problems, take?: TakeRow): Generator<void> {
    const gunzipped = new GunzippedFile(handle, this.#size);
    const found = new Problems();
    const content = yield* readCsv(gunzipped, Infinity, this.#sink(found));
    const { problem, isDamaged } = gunzipped;
    if (problem !== undefined) problems.add(this.found.path, 0, 0, problem);
    if (isDamaged) {
      this.mode = "out";
      return;
    }
    problems.addAll(found);
    const isWhole = problem === undefined;
    this.#judge(isWhole ? content : { ...content, cutLine: undefined, odd: true }, false, problems);
    if (take === undefined || this.mode === "out") return;
    yield* readCsv(new GunzippedFile(handle, this.#size), Infinity, { row: this.#giver(take) });
  }

  #sink(problems: Problems, take?: TakeRow): ContentSink {
    return {
      unread: (line, rows, why) => problems.add(this.found.path, line, rows, why),
      ...take === undefined ? {} : { row: this.#giver(take) },
    };
  }

  /** Loads all whole rows into a table. The check has reported the others. */
  async load(files: Files, tables: RowTables, problems: Problems): Promise<void> {
    const { path, channel } = this.found;
    this.mode = "loaded";
    try {
      const handle = files.open(path, "read");
      try {
        await tables.add(channel, (take) => {
          const row = this.#giver(take);
          const size = Math.min(this.#size, this.#bound ?? this.#size);
          const [content, end]: [ByteSource, number] = this.#isGzip
            ? [new GunzippedFile(handle, this.#size), Infinity]
            : [handle, size];
          for (const _ of readCsv(content, end, { row }));
        });
      } finally {
        release(handle);
      }
    } catch (error) {
      this.#fail(error, problems, this.#rows);
    }
  }

  /**
   * Looks whether the file has changed since the check. Only files that programs append to change,
   * unless a query has failed: then any file may have been deleted.
   */
  look(files: Files, problems: Problems, hasFailed: boolean): void {
    const isRead = this.mode === "sound" || this.mode === "limited";
    if (!isRead || !hasFailed && !this.found.grows) return;
    const { path } = this.found;
    const status = files.status(path);
    if (status === undefined || status.identity !== this.#identity) {
      this.mode = "out";
      this.isGone = true;
      problems.gone.push({ file: path, rows: this.#rows });
    } else if (status.size < this.#size) {
      this.mode = "unchecked";
    } else if (status.size > this.#size) {
      this.mode = "limited";
    } else if (hasFailed && this.mode === "limited") {
      this.mode = "damaged"; // DuckDB fails at what follows
    }
  }

  /** Reports that the file could not be read. */
  #fail(error: unknown, problems: Problems, rows: number): void {
    const { path } = this.found;
    this.isGone = error instanceof FileError && isMissingFile(error.code);
    if (this.isGone) problems.gone.push({ file: path, rows });
    else problems.add(path, 0, rows, reason(error));
  }

  /** How DuckDB reads it; `undefined` if it does not. */
  get part(): Omit<CsvPart, "paths"> | undefined {
    const isRead = this.mode === "unchecked" || this.mode === "sound" || this.mode === "limited";
    if (!isRead) return undefined;
    const { isRenamed, isolate } = this.found;
    return {
      lineFeeds: this.#lineFeeds,
      isGzip: this.#isGzip,
      ...isRenamed ? { isolate } : {},
      ...this.mode === "limited" ? { limit: this.#rows } : {},
    };
  }

  /** Passes rows on, with their isolate. */
  #giver(take: TakeRow): (row: RowParser) => void {
    const { isolate } = this.found;
    return ({ timepoint, measurement, label, pid }) => take(timepoint, measurement, label, pid, isolate);
  }

  #judge(content: CsvContent, isGrowing: boolean, problems: Problems): void {
    const { rows, unread, cutLine, odd, lineFeeds } = content;
    const { path, grows } = this.found;
    const isBeingWritten = this.#bound !== undefined || grows && isGrowing;
    if (cutLine !== undefined && !isBeingWritten) problems.add(path, cutLine, 1, "it is cut off");
    this.#rows = rows;
    this.#lineFeeds = lineFeeds;
    if (rows === 0) this.mode = "out";
    else if (unread > 0 || odd) this.mode = "damaged";
    else if (cutLine !== undefined || this.#bound !== undefined) this.mode = "limited";
    else this.mode = "sound";
  }
}

/** Bytes that are there already. */
/** Runs a generator to its end, without the pauses that it offers. */
function finished<Result>(work: Generator<void, Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** What DuckDB reads: files that it reads alike together. */
export function partsOf(files: readonly CheckedFile[]): CsvPart[] {
  const parts = new Map<string, CsvPart & { readonly paths: string[] }>();
  const limited: CsvPart[] = [];
  for (const { part, found: { path } } of files) {
    if (part?.limit !== undefined) limited.push({ paths: [path], ...part });
    else if (part !== undefined) {
      const { lineFeeds, isGzip, isolate } = part;
      const key = [lineFeeds, isGzip, isolate].join();
      const alike = parts.get(key);
      if (alike === undefined) parts.set(key, { paths: [path], ...part });
      else alike.paths.push(path);
    }
  }
  return [...parts.values(), ...limited];
}
